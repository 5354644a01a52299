// An entry of the order as bytes. The leader encodes it once; the same bytes travel in messages and stand in
// every log. SPEC rules OR1-OR3.
//
//   format kind index firstSequence count ballot   body's head   payloadCrc │ chain.a chain.b │ payload
//   └──────────────────────────── header ────────────────────────────────┘
//
// The chain is a pair of checksums (CRC-32, CRC-32C) that runs on over the headers of all entries; a header holds
// the checksum of its payload. So equal chains mean equal logs, and any change within an entry shows at once,
// though each byte is summed only once or twice. They find accidents, not forgers.

import { assert } from '../kit/assert.ts';
import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { crc32, crc32Back, crc32c, crc32cBack } from '../kit/crc32.ts';
import type { Result } from '../kit/result.ts';
import type { Ballot } from '../model/ballot.ts';
import type { Chain, Entry, EntryBody, EntryKind } from '../model/entry.ts';
import { LIMITS } from '../model/limits.ts';
import { finished, type Malformed } from './malformed.ts';
import { clippedText, count, hex16, whole } from './nouns.ts';
import { ballot as ballotShape, groupView, producer } from './order-nouns.ts';
import type { Shape } from './shape.ts';

/** The formats of entries that this program understands: all from the oldest to the newest. */
const ENTRY_FORMAT_MIN = 1;
export const ENTRY_FORMAT = 1;
/** What comes before the first entry of every log. */
export const NO_CHAIN: Chain = { a: 0, b: 0 };

const CHAIN_BYTES = 8;
/** No payload: the checksum of nothing. */
const EMPTY = new Uint8Array(0);

const KINDS: readonly EntryKind[] = [
  'data',
  'gap',
  'retire',
  'epoch-start',
  'view',
  'trim',
  'dissolve',
  'absorbed',
  'upgrade',
];
const reason = clippedText(LIMITS.gapReasonBytesMax);
const formatNumber = whole(1, 0xffff);
export const ENTRY_LAYOUT = `entry(format,kind<${KINDS.join('|')}>,index,firstSequence,count,${ballotShape.text},body,crc:u32,chain,payload)`;

const scratch = new ByteWriter(4_096);

/** Entries are cut out of pieces of memory of this size: they come one after the other and go in the same order. */
const SLAB_BYTES = 65_536;
let slab = EMPTY;
let slabUsed = 0;

export interface EntryHead {
  readonly ballot: Ballot;
  readonly index: number;
  readonly firstSequence: number;
  readonly count: number;
  readonly body: EntryBody;
}

/**
 * The entry that follows a log whose chain is `before`. `format`: what the whole group has agreed on, or the oldest; of a
 * format that is not known here nothing is written. All so far have the same layout.
 */
export function encodeEntry(head: EntryHead, before: Chain, format = ENTRY_FORMAT_MIN): Entry {
  const { ballot, index, firstSequence, body } = head;
  const payload = payloadOf(body);
  scratch.clear();
  scratch.u8(Math.min(format, ENTRY_FORMAT));
  scratch.u8(KINDS.indexOf(body.kind));
  scratch.varint(index);
  scratch.varint(firstSequence);
  scratch.varint(head.count);
  ballotShape.write(scratch, ballot);
  writeBody(body);
  scratch.u32(crc32(payload, 0, payload.length, 0));
  const headerBytes = scratch.length;
  scratch.zeros(CHAIN_BYTES);
  scratch.raw(payload);
  const bytes = roomFor(scratch.length);
  scratch.moveTo(bytes);
  const chain = runOn(before, bytes, headerBytes);
  writeChain(bytes, headerBytes, chain);
  const kept = body.kind === 'data' ? { ...body, payload: bytes.subarray(headerBytes + CHAIN_BYTES) } : body;
  return { ballot, index, firstSequence, count: head.count, body: kept, chain, bytes };
}

/** Checks the layout and the payload's checksum; whether it continues a log is for `continues`. */
export function decodeEntry(bytes: Uint8Array): Result<Entry, Malformed> {
  const reader = new ByteReader(bytes);
  const entry = readEntry(reader, bytes);
  return finished('entry', reader, entry);
}

/** Whether the entry's bytes follow a log whose chain is `before`, and say the chain they should. */
export function continues(before: Chain, entry: Entry): boolean {
  const { a, b } = runOn(before, entry.bytes, headerBytesOf(entry));
  return a === entry.chain.a && b === entry.chain.b;
}

/** The chain of the log that the entry continues, as its own chain says: of use where that one is proven. */
export function chainBefore(entry: Entry): Chain {
  const { bytes, chain } = entry;
  const headerBytes = headerBytesOf(entry);
  return { a: crc32Back(bytes, 0, headerBytes, chain.a), b: crc32cBack(bytes, 0, headerBytes, chain.b) };
}

export function sameChain(x: Chain, y: Chain): boolean {
  return x.a === y.a && x.b === y.b;
}

/** The format an entry is written in, also where the rest of it is not understood. */
export function formatOf(bytes: Uint8Array): number {
  return bytes[0] ?? 0;
}

/**
 * Entries as a part of a message: each one's bytes, after their number. They are kept for long, so they are copied
 * out of the frame that brought them, all at once: the memory of a message goes when the last of its entries does.
 */
export const entriesShape: Shape<readonly Entry[]> = {
  text: `list(${ENTRY_LAYOUT},<=${LIMITS.appendEntriesMax})`,
  write(writer, entries) {
    assert(entries.length <= LIMITS.appendEntriesMax, 'a message has a bounded number of entries');
    writer.varint(entries.length);
    for (const { bytes } of entries) {
      writer.varint(bytes.length);
      writer.raw(bytes);
    }
  },
  read(reader) {
    const from = reader.position;
    const places = placesOf(reader);
    const all = reader.failed ? EMPTY : reader.bytes.slice(from, reader.position);
    const entries: Entry[] = [];
    for (const { start, end } of places) {
      if (reader.failed) break;
      entries.push(readPart(reader, all.subarray(start - from, end - from)));
      if (reader.failed) reader.inside(`[${entries.length - 1}]`);
    }
    return entries;
  },
};

/** Where each of the entries begins and ends. */
function placesOf(reader: ByteReader): readonly { readonly start: number; readonly end: number }[] {
  const count = reader.varint();
  const max = LIMITS.appendEntriesMax;
  if (count > max) reader.refuse(`a list of ${count} is too long, allowed are ${max}`);
  const places: { start: number; end: number }[] = [];
  while (places.length < count && !reader.failed) {
    const length = reader.varint();
    if (length > LIMITS.appendBytesMax) reader.refuse(`an entry of ${length} bytes is too long`);
    const start = reader.skip(length);
    places.push({ start, end: start + length });
  }
  return places;
}

function readPart(reader: ByteReader, bytes: Uint8Array): Entry {
  const inner = new ByteReader(bytes);
  const entry = readEntry(inner, bytes);
  if (inner.problem !== null) {
    reader.refuse(inner.problem.kind === 'refused' ? inner.problem.why : 'an entry ends too early');
  }
  return entry;
}

function readEntry(reader: ByteReader, bytes: Uint8Array): Entry {
  const format = reader.u8();
  if (!reader.failed && (format < ENTRY_FORMAT_MIN || format > ENTRY_FORMAT)) {
    reader.refuse(
      `entries of format ${format} are not known here, allowed are ${ENTRY_FORMAT_MIN} to ${ENTRY_FORMAT}`,
    );
  }
  const kind = KINDS[reader.u8()];
  if (kind === undefined) reader.refuse('a kind of entry is not known');
  const index = reader.varint();
  const firstSequence = reader.varint();
  const readings = reader.varint();
  const ballot = ballotShape.read(reader);
  const body = readBody(reader, kind ?? 'epoch-start');
  const crc = reader.u32();
  const chain = { a: reader.u32(), b: reader.u32() };
  const payload = reader.raw(reader.remaining);
  if (crc32(payload, 0, payload.length, 0) !== crc) reader.refuse("an entry's checksum is wrong");
  if (body.kind !== 'data' && payload.length > 0) reader.refuse('only data has a payload');
  if (body.kind !== 'data' && readings > 0) reader.refuse('only data has readings');
  if (index === 0 || firstSequence === 0) reader.refuse('an entry and its sequence count from 1');
  const kept = body.kind === 'data' ? { ...body, payload } : body;
  return { ballot, index, firstSequence, count: readings, body: kept, chain, bytes };
}

function writeBody(body: EntryBody): void {
  switch (body.kind) {
    case 'data':
    case 'gap':
      producer.write(scratch, body.producer);
      scratch.varint(body.firstN);
      scratch.varint(body.lastN);
      if (body.kind === 'gap') reason.write(scratch, body.reason);
      return;
    case 'retire':
      producer.write(scratch, body.producer);
      return;
    case 'view':
      groupView.write(scratch, body.view);
      return;
    case 'trim':
      scratch.varint(body.upto);
      return;
    case 'dissolve':
      hex16.write(scratch, body.into);
      return;
    case 'absorbed':
      hex16.write(scratch, body.group);
      scratch.varint(body.upto);
      return;
    case 'upgrade':
      formatNumber.write(scratch, body.version);
      return;
    case 'epoch-start':
      return;
  }
}

function readBody(reader: ByteReader, kind: EntryKind): EntryBody {
  switch (kind) {
    case 'data':
    case 'gap': {
      const name = producer.read(reader);
      const firstN = reader.varint();
      const lastN = reader.varint();
      if (firstN === 0 || lastN < firstN) reader.refuse('records count from 1, and the first comes first');
      if (kind === 'data') return { kind, producer: name, firstN, lastN, payload: EMPTY };
      return { kind, producer: name, firstN, lastN, reason: reason.read(reader) };
    }
    case 'retire':
      return { kind, producer: producer.read(reader) };
    case 'view':
      return { kind, view: groupView.read(reader) };
    case 'trim':
      return { kind, upto: count.read(reader) };
    case 'dissolve':
      return { kind, into: hex16.read(reader) };
    case 'absorbed':
      return { kind, group: hex16.read(reader), upto: count.read(reader) };
    case 'upgrade':
      return { kind, version: formatNumber.read(reader) };
    case 'epoch-start':
      return { kind };
  }
}

function roomFor(length: number): Uint8Array {
  if (length > SLAB_BYTES / 4) return new Uint8Array(length);
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  const from = slabUsed;
  slabUsed += length;
  return slab.subarray(from, slabUsed);
}

function payloadOf(body: EntryBody): Uint8Array {
  return body.kind === 'data' ? body.payload : EMPTY;
}

function headerBytesOf({ bytes, body }: Entry): number {
  return bytes.length - payloadOf(body).length - CHAIN_BYTES;
}

function runOn(before: Chain, bytes: Uint8Array, headerBytes: number): Chain {
  return { a: crc32(bytes, 0, headerBytes, before.a), b: crc32c(bytes, 0, headerBytes, before.b) };
}

function writeChain(bytes: Uint8Array, at: number, chain: Chain): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(at, chain.a, true);
  view.setUint32(at + 4, chain.b, true);
}
