// What goes around a message where no connection says who speaks: datagrams and discovery. SPEC rule WR9.

import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { readMessage, writeMessage } from './codec.ts';
import { hashOf } from './interned.ts';
import { finished, type Malformed, problemOf } from './malformed.ts';
import { type Message, PROTOCOL } from './messages.ts';
import { address, count, hex16, peerId, text } from './nouns.ts';
import { struct } from './shape.ts';

export interface Datagram {
  /** The sender's `siteHash`. */
  readonly site: number;
  readonly from: PeerId;
  readonly message: Message;
}

/** NEW_PEER_REQUEST: a peer says where it listens, to whoever hears it. */
export interface Discovery {
  readonly protocol: number;
  readonly site: string;
  readonly peer: PeerId;
  readonly instance: string;
  readonly address: Address;
}

/** `SNSR`: other programs may use the port as well. */
const DISCOVERY_MARK = 0x5253_4e53;
/** The layout of the packet; it is read by peers of any version, so it does not follow PROTOCOL. */
const DISCOVERY_VERSION = 1;

const discovery = struct<Discovery>({
  protocol: count,
  site: text(LIMITS.siteBytesMax),
  peer: peerId,
  instance: hex16,
  address,
});

const encoder = new TextEncoder();

/** 32 bits of a site's name: enough to tell neighbours apart, not to keep anybody out. */
export function siteHash(site: string): number {
  const bytes = encoder.encode(site);
  return hashOf(bytes, 0, bytes.length);
}

/** Longer than `datagramBytesMax` where rumours with long host names ride along. */
export function encodeDatagram(site: string, from: PeerId, message: Message, version = PROTOCOL): Uint8Array {
  const writer = new ByteWriter(256);
  writer.u32(siteHash(site));
  peerId.write(writer, from);
  writeMessage(writer, message, version);
  return writer.take();
}

export function decodeDatagram(bytes: Uint8Array): Result<Datagram, Malformed> {
  const reader = new ByteReader(bytes);
  const site = reader.u32();
  const from = peerId.read(reader);
  const problem = problemOf('datagram', reader);
  if (problem !== null) return refused(problem);
  const message = readMessage(bytes, reader.position);
  return message.ok ? ok({ site, from, message: message.value }) : message;
}

export function encodeDiscovery(packet: Discovery): Uint8Array {
  const writer = new ByteWriter(256);
  writer.u32(DISCOVERY_MARK);
  writer.u8(DISCOVERY_VERSION);
  discovery.write(writer, packet);
  return writer.take();
}

export function decodeDiscovery(bytes: Uint8Array): Result<Discovery, Malformed> {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== DISCOVERY_MARK) return refused({ kind: 'foreign' });
  const got = reader.u8();
  if (!reader.failed && got !== DISCOVERY_VERSION) {
    return refused({ kind: 'version', got, min: DISCOVERY_VERSION, max: DISCOVERY_VERSION });
  }
  return finished('NEW_PEER_REQUEST', reader, discovery.read(reader));
}
