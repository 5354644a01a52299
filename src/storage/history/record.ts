// One record of the history log: a header of 64 bytes and an entry as it came, filled up to eight bytes.
// SPEC rules ST30-ST32.
//
//    0 payload length     12 where its group begins   32 floor        56 crc of the payload
//    4 crc of the header  16 index                    40 chain, two   60 zero
//    8 tag, kind, zero    24 sequence                 48 count        64 payload
//
// A group is written once everything before it is durable, so "where its group begins" is a proof: whatever stands
// in front of that place had been synced. The header's check sum begins with the number of the segment and the
// offset, so that a record that a disk put elsewhere, or left from before, is not one.

import { crc32 } from '../../kit/crc32.ts';
import type { Chain } from '../../model/entry.ts';
import { putSafeInteger, safeIntegerAt } from '../fields.ts';

export const RECORD_HEADER_BYTES = 64;
export const RECORD_ALIGN = 8;
const TAG = 0x4853;

/**
 * `data`: an entry. `cut`: entries above `index` have left the log. `mark`: nothing but the word that all up to
 * `index` is durable.
 */
export type RecordKind = 'data' | 'cut' | 'mark';
const KINDS: readonly (RecordKind | null)[] = [null, 'data', 'cut', 'mark'];

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly index: number;
  /** Of its first reading; of the next one where it has none. */
  readonly sequence: number;
  /** Readings. */
  readonly count: number;
  /** The chain of the log with this record. */
  readonly chain: Chain;
  /** The highest index known committed when it was written. */
  readonly floor: number;
  /** Where its group begins in this segment. */
  readonly group: number;
}

export interface ReadRecord extends RecordHeader {
  readonly offset: number;
  readonly payloadBytes: number;
}

/** How many bytes a record with this payload takes. */
export function recordBytes(payloadBytes: number): number {
  return Math.ceil((RECORD_HEADER_BYTES + payloadBytes) / RECORD_ALIGN) * RECORD_ALIGN;
}

/** Every segment ends with room for one mark. */
export const MARK_BYTES = recordBytes(0);

/** The header of a record says how long it is: where the next one begins. */
export function recordEnd(record: ReadRecord): number {
  return record.offset + recordBytes(record.payloadBytes);
}

/** Writes a record at `at` of `into`, which is to stand at `offset` of segment `number`. */
export function writeRecord(
  into: Uint8Array,
  view: DataView,
  at: number,
  place: { readonly number: number; readonly offset: number },
  header: RecordHeader,
  payload: Uint8Array,
): void {
  const start = at + RECORD_HEADER_BYTES;
  into.set(payload, start);
  into.fill(0, start + payload.length, at + recordBytes(payload.length));
  view.setUint32(at, payload.length, true);
  view.setUint32(at + 8, TAG | (KINDS.indexOf(header.kind) << 16), true);
  view.setUint32(at + 12, header.group, true);
  putSafeInteger(view, at + 16, header.index);
  putSafeInteger(view, at + 24, header.sequence);
  putSafeInteger(view, at + 32, header.floor);
  view.setUint32(at + 40, header.chain.a, true);
  view.setUint32(at + 44, header.chain.b, true);
  view.setUint32(at + 48, header.count, true);
  view.setUint32(at + 52, 0, true);
  view.setUint32(at + 56, crc32(into, start, start + payload.length, 0), true);
  view.setUint32(at + 60, 0, true);
  view.setUint32(at + 4, headerCrc(into, at, place.number, place.offset), true);
}

/**
 * The record whose header stands at `at` of `bytes`, that is at `offset` of segment `number`; null where none does.
 * Its payload is not looked at and may reach beyond `bytes`.
 */
export function readHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  number: number,
  offset: number,
): ReadRecord | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null;
  const word = view.getUint32(at + 8, true);
  const kind = (word & 0xffff) === TAG ? (KINDS[word >>> 16] ?? null) : null;
  if (kind === null || view.getUint32(at + 4, true) !== headerCrc(bytes, at, number, offset)) return null;
  return {
    kind,
    index: safeIntegerAt(view, at + 16),
    sequence: safeIntegerAt(view, at + 24),
    floor: safeIntegerAt(view, at + 32),
    chain: { a: view.getUint32(at + 40, true), b: view.getUint32(at + 44, true) },
    count: view.getUint32(at + 48, true),
    group: view.getUint32(at + 12, true),
    offset,
    payloadBytes: view.getUint32(at, true),
  };
}

/** Whether the payload behind the header at `at` is there and has the right sum. */
export function isWhole(bytes: Uint8Array, view: DataView, at: number, record: ReadRecord): boolean {
  const start = at + RECORD_HEADER_BYTES;
  const end = start + record.payloadBytes;
  return end <= bytes.length && view.getUint32(at + 56, true) === crc32(bytes, start, end, 0);
}

function headerCrc(bytes: Uint8Array, at: number, number: number, offset: number): number {
  const place = (Math.imul(number, 0x9e37_79b1) ^ offset) >>> 0;
  return crc32(bytes, at + 8, at + RECORD_HEADER_BYTES, crc32(bytes, at, at + 4, place));
}
