// From bytes to packets: cuts a stream at packet boundaries, and reads what each packet says. What is not a packet of
// the level agreed at CONNECT loses the connection, as the standard has it ([MQTT-4.8.0-1]). SPEC rules MQ1, MQ2.

import { ok, type Result, refused } from '../../kit/result.ts';
import { FieldReader } from './field-reader.ts';
import {
  type Acknowledgement,
  type Level,
  NO_PROPERTIES,
  type Packet,
  type Qos,
  REASON,
  type Subscription,
  type Will,
} from './packet.ts';
import type { PlainPublish } from './plain-publish.ts';
import { readProperties } from './properties.ts';

/** What is wrong, and the reason code of MQTT 5 for it. */
export interface BadPacket {
  readonly code: number;
  readonly why: string;
}

export type Cut = Result<Packet | null, BadPacket>;

const NONE: Cut = ok(null);
const EMPTY = Buffer.alloc(0);
const LEVELS: { readonly [nameAndLevel: string]: Level | undefined } = { MQIsdp3: 3, MQTT4: 4, MQTT5: 5 };
const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = ['puback', 'pubrec', 'pubrel', 'pubcomp'];

export class PacketReader {
  /** Of what comes next; a CONNECT sets it. */
  level: Level = 4;
  readonly #bytesMax: number;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #lost = false;
  /** A CONNECT of a version that is not spoken here. */
  #isForeign = false;

  constructor(packetBytesMax: number) {
    this.#bytesMax = packetBytesMax;
  }

  push(chunk: Buffer): void {
    this.#chunk =
      this.#at === this.#chunk.length ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Takes the next packet where it is a whole publish that takes the short way. */
  takePlain(publish: PlainPublish): boolean {
    if (this.#lost) return false;
    const end = publish.read(this.#chunk, this.#at, this.level);
    if (end < 0) return false;
    this.#at = end;
    return true;
  }

  /** The next packet; null until more has come. After a refusal nothing is read any more. */
  take(): Cut {
    if (this.#lost) return NONE;
    const bytes = this.#chunk;
    const from = this.#at;
    let length = 0;
    let at = from + 1;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) return NONE;
      const byte = bytes[at++] as number;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      if (scale === 128 ** 3) return this.#lose(REASON.malformed, 'a length has at most four bytes');
    }
    if (at - from + length > this.#bytesMax) {
      const why = `a packet has at most ${this.#bytesMax} bytes, got ${at - from + length}`;
      return this.#lose(REASON.packetTooLarge, why);
    }
    if (bytes.length - at < length) return NONE;

    this.#at = at + length;
    const reader = new FieldReader(bytes, at, at + length);
    const packet = this.#packet(bytes[from] as number, reader);
    if (reader.problem !== null) {
      return this.#lose(this.#isForeign ? REASON.unsupportedVersion : REASON.malformed, reader.problem);
    }
    if (packet === null) return this.#lose(REASON.malformed, 'a packet of no known type or with bad flags');
    if (reader.remaining > 0) return this.#lose(REASON.malformed, 'a packet holds more than its fields');
    return ok(packet);
  }

  #lose(code: number, why: string): Cut {
    this.#lost = true;
    return refused({ code, why });
  }

  #packet(first: number, reader: FieldReader): Packet | null {
    const flags = first & 0x0f;
    const type = first >> 4;
    if (type === 3) return this.#publish(flags, reader);
    // [MQTT-2.1.3-1]
    if (flags !== (type === 6 || type === 8 || type === 10 ? 2 : 0)) return null;
    switch (type) {
      case 1:
        return this.#connect(reader);
      case 2:
        return {
          type: 'connack',
          sessionPresent: (reader.u8() & 1) === 1,
          code: reader.u8(),
          properties: this.#properties(reader),
        };
      case 4:
      case 5:
      case 6:
      case 7:
        return this.#acknowledgement(ACKNOWLEDGEMENTS[type - 4] as Acknowledgement, reader);
      case 8:
        return this.#subscribe(reader);
      case 9:
        return this.#suback('suback', reader);
      case 10:
        return this.#unsubscribe(reader);
      case 11:
        return this.#suback('unsuback', reader);
      case 12:
        return { type: 'pingreq' };
      case 13:
        return { type: 'pingresp' };
      case 14:
        return { type: 'disconnect', ...this.#codeAndProperties(reader) };
      case 15:
        return this.level === 5 ? { type: 'auth', ...this.#codeAndProperties(reader) } : null;
      default:
        return null;
    }
  }

  #publish(flags: number, reader: FieldReader): Packet | null {
    const qos = ((flags >> 1) & 3) as Qos | 3;
    if (qos === 3) return null; // [MQTT-3.3.1-4]
    const topic = reader.text();
    const packetId = qos === 0 ? 0 : packetIdOf(reader);
    const properties = this.#properties(reader);
    const payload = reader.rest();
    const retain = (flags & 1) === 1;
    return { type: 'publish', topic, payload, qos, retain, dup: (flags & 8) !== 0, packetId, properties };
  }

  #connect(reader: FieldReader): Packet {
    const name = reader.text();
    const levelByte = reader.u8();
    const level = LEVELS[`${name}${levelByte & 0x7f}`];
    this.#isForeign = level === undefined;
    if (level === undefined) reader.refuse(`this is MQTT 3.1, 3.1.1 and 5, not ${name} ${levelByte}`);
    this.level = level ?? 4;
    const flags = reader.u8();
    const hasWill = (flags & 0x04) !== 0;
    const willQos = (flags >> 3) & 3;
    if ((flags & 1) !== 0) reader.refuse('a CONNECT has a reserved flag set'); // [MQTT-3.1.2-3]
    if (willQos === 3 || (!hasWill && (flags & 0x38) !== 0))
      reader.refuse('a CONNECT has bad flags of a will');
    const keepAliveS = reader.u16();
    const properties = this.#properties(reader);
    const clientId = reader.text();
    const will = hasWill ? this.#will(reader, willQos as Qos, (flags & 0x20) !== 0) : null;
    const username = (flags & 0x80) === 0 ? null : reader.text();
    const password = (flags & 0x40) === 0 ? null : reader.binary();
    const clean = (flags & 0x02) !== 0;
    const bridge = (levelByte & 0x80) !== 0;
    return {
      type: 'connect',
      level: this.level,
      bridge,
      clientId,
      clean,
      keepAliveS,
      will,
      username,
      password,
      properties,
    };
  }

  #will(reader: FieldReader, qos: Qos, retain: boolean): Will {
    const properties = this.#properties(reader);
    return { topic: reader.text(), payload: reader.binary(), qos, retain, properties };
  }

  #acknowledgement(type: Acknowledgement, reader: FieldReader): Packet {
    const packetId = packetIdOf(reader);
    // Code and properties may be left out. [MQTT 5, 3.4.2.1]
    return { type, packetId, ...this.#codeAndProperties(reader) };
  }

  #subscribe(reader: FieldReader): Packet {
    const packetId = packetIdOf(reader);
    const properties = this.#properties(reader);
    const subscriptions: Subscription[] = [];
    while (reader.remaining > 0) {
      const filter = reader.text();
      const options = reader.u8();
      const handling = (options >> 4) & 3;
      const isBad = (options & 3) === 3 || handling === 3 || options >= (this.level === 5 ? 0x40 : 0x04);
      if (isBad) reader.refuse('a subscription has bad options'); // [MQTT-3.8.3-4] [MQTT-3.8.3-5]
      subscriptions.push({
        filter,
        qos: (options & 3) as Qos,
        noLocal: (options & 0x04) !== 0,
        retainAsPublished: (options & 0x08) !== 0,
        retainHandling: handling as 0 | 1 | 2,
      });
    }
    if (subscriptions.length === 0) reader.refuse('a SUBSCRIBE names no filter'); // [MQTT-3.8.3-2]
    return { type: 'subscribe', packetId, subscriptions, properties };
  }

  #suback(type: 'suback' | 'unsuback', reader: FieldReader): Packet {
    const packetId = packetIdOf(reader);
    return { type, packetId, properties: this.#properties(reader), codes: [...reader.rest()] };
  }

  #unsubscribe(reader: FieldReader): Packet {
    const packetId = packetIdOf(reader);
    const properties = this.#properties(reader);
    const filters: string[] = [];
    while (reader.remaining > 0) filters.push(reader.text());
    if (filters.length === 0) reader.refuse('an UNSUBSCRIBE names no filter'); // [MQTT-3.10.3-2]
    return { type: 'unsubscribe', packetId, filters, properties };
  }

  #codeAndProperties(reader: FieldReader) {
    const isShort = this.level !== 5 || reader.remaining === 0;
    const code = isShort ? REASON.success : reader.u8();
    const properties = reader.remaining === 0 ? NO_PROPERTIES : this.#properties(reader);
    return { code, properties };
  }

  #properties(reader: FieldReader) {
    return this.level === 5 ? readProperties(reader) : NO_PROPERTIES;
  }
}

function packetIdOf(reader: FieldReader): number {
  const packetId = reader.u16();
  if (packetId === 0) reader.refuse('a packet id is not 0'); // [MQTT-2.2.1-3]
  return packetId;
}
