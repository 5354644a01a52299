// One file of a log: a header, records, zeros. The header is written together with the first records, so a file of
// zeros is a segment not begun. SPEC rules ST6, ST7.
//
//    0 magic      8 format    16 identity       40 chain before the first record
//    4 crc       12 number    32 first index    48 zero, up to 64

import { assert } from '../kit/assert.ts';
import { crc32 } from '../kit/crc32.ts';
import type { Identity } from '../model/ids.ts';
import { endOfContent, identityAt, putIdentity, putSafeInteger, safeIntegerAt, viewOf } from './fields.ts';
import {
  type Chain,
  continues,
  RECORD_ALIGN,
  RECORD_HEADER_BYTES,
  type ReadRecord,
  readRecord,
  recordBytes,
} from './record.ts';
import { StorageFailure } from './task.ts';

export const STORAGE_FORMAT = 1;
export const SEGMENT_HEADER_BYTES = 64;
const MAGIC = 0x4c53_4e53;
const NAME = /^outbox-(\d{8})\.log$/;

export interface SegmentHeader {
  readonly number: number;
  /** Whose indices these are: all records of a segment belong to one identity. */
  readonly identity: Identity;
  readonly first: number;
  readonly chain: Chain;
}

/** What stands in a segment, by offset, without a hole up to the zeros at its end. */
export type Piece<V> =
  | {
      readonly type: 'record';
      readonly offset: number;
      readonly end: number;
      readonly record: ReadRecord;
      readonly value: V;
    }
  | { readonly type: 'bad'; readonly offset: number; readonly end: number; readonly unreadable: boolean };

export interface SegmentScan<V> {
  readonly number: number;
  readonly bytes: number;
  /** Null where it is damaged, or nothing but zeros stands in the file. */
  readonly header: SegmentHeader | null;
  readonly pieces: readonly Piece<V>[];
}

/** Bytes that the disk did not give. */
export interface Stretch {
  readonly offset: number;
  readonly end: number;
}

export function segmentName(number: number): string {
  assert(number >= 1 && number < 100_000_000, 'a segment has a number of up to eight digits');
  return `outbox-${number.toString().padStart(8, '0')}.log`;
}

export function segmentNumber(name: string): number | null {
  const match = NAME.exec(name);
  return match ? Number(match[1]) : null;
}

export function writeSegmentHeader(into: Uint8Array, view: DataView, header: SegmentHeader): void {
  into.fill(0, 0, SEGMENT_HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, STORAGE_FORMAT, true);
  view.setUint32(12, header.number, true);
  putIdentity(view, 16, header.identity);
  putSafeInteger(view, 32, header.first);
  view.setUint32(40, header.chain.a, true);
  view.setUint32(44, header.chain.b, true);
  view.setUint32(4, crc32(into, 8, SEGMENT_HEADER_BYTES, 0), true);
}

/** The header, or null where none stands. Throws for one of a later format, which nobody here may touch. */
export function readSegmentHeader(bytes: Uint8Array, number: number): SegmentHeader | null {
  if (bytes.length < SEGMENT_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return null;
  if (view.getUint32(4, true) !== crc32(bytes, 8, SEGMENT_HEADER_BYTES, 0)) return null;
  const found = view.getUint32(8, true);
  if (found > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found, supported: STORAGE_FORMAT });
  }
  if (view.getUint32(12, true) !== number) return null;
  return {
    number,
    identity: identityAt(view, 16),
    first: safeIntegerAt(view, 32),
    chain: { a: view.getUint32(40, true), b: view.getUint32(44, true) },
  };
}

/** Finds every record of a segment, also behind a damaged stretch. */
export function scanSegment<V>(
  number: number,
  bytes: Uint8Array,
  unreadable: readonly Stretch[],
  decode: (payload: Uint8Array) => V,
): SegmentScan<V> {
  const view = viewOf(bytes);
  const header = readSegmentHeader(bytes, number);
  const end = Math.max(endOfContent(bytes), ...unreadable.map((stretch) => stretch.end));
  const pieces: Piece<V>[] = [];
  const bad = (offset: number, to: number): void => {
    const touched = unreadable.some((stretch) => stretch.offset < to && stretch.end > offset);
    pieces.push({ type: 'bad', offset, end: to, unreadable: touched });
  };

  let chain = header ? header.chain : null;
  let badFrom = header || end === 0 ? null : 0;
  for (let at = SEGMENT_HEADER_BYTES; at < end; ) {
    const record = readRecord(bytes, view, at);
    if (record === null || !continues(bytes, record, chain)) {
      badFrom ??= at;
      chain = null;
      at += RECORD_ALIGN;
      continue;
    }
    if (badFrom !== null) bad(badFrom, at);
    badFrom = null;
    const start = at + RECORD_HEADER_BYTES;
    const payload = bytes.subarray(start, start + record.payloadBytes);
    at += recordBytes(record.payloadBytes);
    pieces.push({ type: 'record', offset: record.offset, end: at, record, value: decode(payload) });
    chain = record.kind === 'seam' ? null : record.chain;
  }
  if (badFrom !== null) bad(badFrom, Math.max(end, badFrom));
  return { number, bytes: bytes.length, header, pieces };
}
