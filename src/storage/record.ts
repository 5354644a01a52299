// One record of a log: `length | crc32(header) | header | crc32(payload) | payload`, filled up to eight bytes.
// SPEC rules ST4, ST5.
//
//    0 payload length      16 index          32 chain, two words    48 payload
//    4 crc of the header   24 prevDurable    40 zero
//    8 tag, kind, zero     12 count          44 crc of the payload
//
// The chain runs over what a record says (length, kind, count, index, payload) and not over what only this disk
// knows (prevDurable, marks), so that two disks with the same records have the same chain.

import { crc32, crc32c } from '../kit/crc32.ts';
import { putSafeInteger, safeIntegerAt } from './fields.ts';

export const RECORD_HEADER_BYTES = 48;
export const RECORD_ALIGN = 8;
const TAG = 0x5352;

/**
 * `data`: what the log is for. `mark`: nothing but the word that all up to `index` is durable. `seam`: what stood
 * here was damaged and is lost, `count` places from `index` on; the chain starts anew behind it.
 */
export type RecordKind = 'data' | 'mark' | 'seam';
const KINDS: readonly (RecordKind | null)[] = [null, 'data', 'mark', 'seam'];

export interface Chain {
  readonly a: number;
  readonly b: number;
}
export const CHAIN_START: Chain = { a: 0, b: 0 };

export interface RecordHeader {
  readonly kind: RecordKind;
  /** The first place in the log that the record takes; for a mark the last one it covers. */
  readonly index: number;
  readonly count: number;
  /** The highest index known durable when the group of this record was written. */
  readonly prevDurable: number;
}

export interface ReadRecord extends RecordHeader {
  readonly chain: Chain;
  readonly payloadBytes: number;
  readonly offset: number;
}

/** How many bytes a record with this payload takes. */
export function recordBytes(payloadBytes: number): number {
  return Math.ceil((RECORD_HEADER_BYTES + payloadBytes) / RECORD_ALIGN) * RECORD_ALIGN;
}

/** Writes a record at `at`, where `into` has room and zeros behind the payload; gives the chain after it. */
export function writeRecord(
  into: Uint8Array,
  view: DataView,
  at: number,
  header: RecordHeader,
  payload: Uint8Array,
  before: Chain,
): Chain {
  const start = at + RECORD_HEADER_BYTES;
  into.set(payload, start);
  into.fill(0, start + payload.length, at + recordBytes(payload.length));
  view.setUint32(at, payload.length, true);
  view.setUint32(at + 8, TAG | (KINDS.indexOf(header.kind) << 16), true);
  view.setUint32(at + 12, header.count, true);
  putSafeInteger(view, at + 16, header.index);
  putSafeInteger(view, at + 24, header.prevDurable);
  view.setUint32(at + 40, 0, true);
  view.setUint32(at + 44, crc32(into, start, start + payload.length, 0), true);
  const chain = chainAfter(into, at, header.kind, before);
  view.setUint32(at + 32, chain.a, true);
  view.setUint32(at + 36, chain.b, true);
  view.setUint32(at + 4, headerCrc(into, at), true);
  return chain;
}

/** The record at `at`, or null where none stands whose sums are right. Its chain is not looked at. */
export function readRecord(bytes: Uint8Array, view: DataView, at: number): ReadRecord | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null;
  const word = view.getUint32(at + 8, true);
  if ((word & 0xffff) !== TAG) return null;
  const kind = KINDS[word >>> 16] ?? null;
  const payloadBytes = view.getUint32(at, true);
  const start = at + RECORD_HEADER_BYTES;
  if (kind === null || start + payloadBytes > bytes.length) return null;
  if (view.getUint32(at + 4, true) !== headerCrc(bytes, at)) return null;
  if (view.getUint32(at + 44, true) !== crc32(bytes, start, start + payloadBytes, 0)) return null;
  return {
    kind,
    index: safeIntegerAt(view, at + 16),
    count: view.getUint32(at + 12, true),
    prevDurable: safeIntegerAt(view, at + 24),
    chain: { a: view.getUint32(at + 32, true), b: view.getUint32(at + 36, true) },
    payloadBytes,
    offset: at,
  };
}

/** Whether the record continues a log whose chain was `before`; null: not known, so that any record does. */
export function continues(bytes: Uint8Array, record: ReadRecord, before: Chain | null): boolean {
  if (before === null || record.kind === 'seam') return true;
  return sameChain(record.chain, chainAfter(bytes, record.offset, record.kind, before));
}

export function sameChain(x: Chain, y: Chain): boolean {
  return x.a === y.a && x.b === y.b;
}

function chainAfter(bytes: Uint8Array, at: number, kind: RecordKind, before: Chain): Chain {
  if (kind === 'mark') return before;
  if (kind === 'seam') return CHAIN_START;
  const a = crc32(bytes, at + 44, at + 48, crc32(bytes, at + 8, at + 24, crc32(bytes, at, at + 4, before.a)));
  const b = crc32c(
    bytes,
    at + 44,
    at + 48,
    crc32c(bytes, at + 8, at + 24, crc32c(bytes, at, at + 4, before.b)),
  );
  return { a, b };
}

function headerCrc(bytes: Uint8Array, at: number): number {
  return crc32(bytes, at + 8, at + RECORD_HEADER_BYTES, crc32(bytes, at, at + 4, 0));
}
