// The shapes of the domain's nouns: numbers with their ranges, texts with their limits, ids, addresses.

import { assert } from '../kit/assert.ts';
import type { ByteReader } from '../kit/bytes.ts';
import { ok } from '../kit/result.ts';
import { type Address, addressText, parseAddress } from '../model/address.ts';
import { TS_MS_MAX } from '../model/check-reading.ts';
import type { StreamName } from '../model/durable.ts';
import {
  type Identity,
  type PeerId,
  parsePeerId,
  parseSensorId,
  parseZone,
  type SensorId,
  utf8Length,
} from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Rumour } from '../model/member.ts';
import { readHex16, writeHex16 } from './hex.ts';
import { InternedTexts } from './interned.ts';
import { choice, list, optional, type Shape, struct } from './shape.ts';

export const PEER_IDS = new InternedTexts<PeerId>(4_096, parsePeerId);
export const SENSOR_IDS = new InternedTexts<SensorId>(16_384, parseSensorId);
/** Values, units and names of fields, as far as they are short. */
export const WORDS = new InternedTexts<string>(4_096, ok);
const ZONES = new InternedTexts<string>(1_024, parseZone);
const HOSTS = new InternedTexts<string>(4_096, (host) => {
  const address = parseAddress(addressText({ host, port: 1 }));
  return address.ok ? ok(address.value.host) : address;
});

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): Shape<number> {
  const rule = `a number here is from ${min} to ${max}`;
  return {
    text: `whole(${min}..${max})`,
    write(writer, value) {
      assert(value >= min && value <= max, rule);
      writer.varint(value);
    },
    read(reader) {
      const value = reader.varint();
      if (value < min || value > max) reader.refuse(`${value} is out of range, allowed is ${min} to ${max}`);
      return value;
    },
  };
}

export const count = whole(0, Number.MAX_SAFE_INTEGER);
export const port = whole(1, 65_535);
/** 32 bits, of a hash. */
export const bits32: Shape<number> = {
  text: 'bits32',
  write: (writer, value) => writer.u32(value),
  read: (reader) => reader.u32(),
};
export const portOrNone = whole(0, 65_535);

/** A time of day in whole milliseconds since 1970. */
export const time: Shape<number> = {
  text: 'time',
  write(writer, value) {
    assert(Math.abs(value) <= TS_MS_MAX, 'a time is within 8.64e15 ms of 1970');
    writer.svarint(value);
  },
  read(reader) {
    const value = reader.svarint();
    if (Math.abs(value) > TS_MS_MAX) reader.refuse(`time ${value} is out of range, allowed is ±8.64e15 ms`);
    return value;
  },
};

export const flag: Shape<boolean> = {
  text: 'flag',
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read(reader) {
    const value = reader.u8();
    if (value > 1) reader.refuse(`a flag is 0 or 1, got ${value}`);
    return value === 1;
  },
};

/** A text of at most `bytesMax` bytes of UTF-8. */
export function text(bytesMax: number): Shape<string> {
  const rule = `a text here has at most ${bytesMax} bytes`;
  return {
    text: `text(<=${bytesMax})`,
    write(writer, value) {
      assert(utf8Length(value) <= bytesMax, rule);
      writer.text(value);
    },
    read: (reader) => reader.text(bytesMax),
  };
}

/** A text for people: what is too long loses its end. */
export function clippedText(bytesMax: number): Shape<string> {
  return {
    ...text(bytesMax),
    write(writer, value) {
      let clipped = value.slice(0, bytesMax);
      while (utf8Length(clipped) > bytesMax) clipped = clipped.slice(0, -1);
      writer.text(clipped);
    },
  };
}

export const peerId: Shape<PeerId> = {
  text: 'peerId',
  write: (writer, value) => writer.text(value),
  read: (reader) => internedText(reader, PEER_IDS, LIMITS.peerIdBytesMax),
};

const host: Shape<string> = {
  text: 'host',
  write: (writer, value) => writer.text(value),
  read: (reader) => internedText(reader, HOSTS, LIMITS.hostNameBytesMax),
};

export const zone: Shape<string> = {
  text: 'zone',
  write: (writer, value) => writer.text(value),
  read: (reader) => internedText(reader, ZONES, LIMITS.zoneBytesMax),
};

/** 16 hex digits, as eight bytes. */
export const hex16: Shape<string> = {
  text: 'hex16',
  write: writeHex16,
  read: readHex16,
};

export const identity = struct<Identity>({ birth: whole(1, Number.MAX_SAFE_INTEGER), random: hex16 });

export const address = struct<Address>({ host, port });

export const streamName = struct<StreamName>({ origin: peerId, identity });

export const rumour = struct<Rumour>({
  peer: peerId,
  identity,
  incarnation: count,
  status: choice(['alive', 'suspected', 'dead', 'left']),
  address,
  apiPort: portOrNone,
  zone,
  accusers: optional(list(peerId, LIMITS.accusersMax)),
});

function internedText<T extends string>(reader: ByteReader, texts: InternedTexts<T>, bytesMax: number): T {
  const length = reader.varint();
  if (length > bytesMax) reader.refuse(`a text of ${length} bytes is too long, allowed are ${bytesMax}`);
  const at = reader.skip(length);
  return at < 0 ? ('' as T) : texts.textOf(reader.bytes, at, at + length, reader);
}
