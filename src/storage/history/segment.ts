// One file of the history log: a header, records, zeros. The header is written together with the first records, so
// a file of zeros is a segment not begun. It also says what of the log stands in the segment before it, so that a
// start needs to read no more than headers of all but the last few. SPEC rules ST33, ST34.
//
//    0 magic      8 format    16 identity       40 first sequence    56 floor     72 sequence of `prevFrom`
//    4 crc       12 number    32 first index    48 chain before it   64 prevFrom  80 flags, zero up to 128

import { assert } from '../../kit/assert.ts';
import { crc32 } from '../../kit/crc32.ts';
import type { Chain } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { identityAt, putIdentity, putSafeInteger, safeIntegerAt, viewOf } from '../fields.ts';
import { STORAGE_FORMAT } from '../segment.ts';
import { StorageFailure } from '../task.ts';

export const HEADER_BYTES = 128;
const MAGIC = 0x4853_4e53;
const NAME = /^history-(\d{8})\.log$/;
const PREV_HAS_CUTS = 1;

export interface SegmentHeader {
  readonly number: number;
  /** Whose directory it is in. */
  readonly identity: Identity;
  /** The index that its first entry has. */
  readonly first: number;
  readonly sequence: number;
  /** The chain of the log before that. */
  readonly chain: Chain;
  readonly floor: number;
  /** Entries from here on stand in the segment before this one, up to `first` - 1; earlier ones before that. */
  readonly prevFrom: number;
  readonly prevSequence: number;
  /** Entries left the log while the segment before this one was written: an index may stand there twice. */
  readonly prevHasCuts: boolean;
}

export function segmentName(number: number): string {
  assert(number >= 1 && number < 100_000_000, 'a segment has a number of up to eight digits');
  return `history-${number.toString().padStart(8, '0')}.log`;
}

export function segmentNumber(name: string): number | null {
  const match = NAME.exec(name);
  return match ? Number(match[1]) : null;
}

export function writeHeader(into: Uint8Array, view: DataView, header: SegmentHeader): void {
  into.fill(0, 0, HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, STORAGE_FORMAT, true);
  view.setUint32(12, header.number, true);
  putIdentity(view, 16, header.identity);
  putSafeInteger(view, 32, header.first);
  putSafeInteger(view, 40, header.sequence);
  view.setUint32(48, header.chain.a, true);
  view.setUint32(52, header.chain.b, true);
  putSafeInteger(view, 56, header.floor);
  putSafeInteger(view, 64, header.prevFrom);
  putSafeInteger(view, 72, header.prevSequence);
  view.setUint32(80, header.prevHasCuts ? PREV_HAS_CUTS : 0, true);
  view.setUint32(4, crc32(into, 8, HEADER_BYTES, 0), true);
}

/** The header, or null where none stands. Throws for one of a later format, which nobody here may touch. */
export function readSegmentHeader(bytes: Uint8Array, number: number): SegmentHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return null;
  if (view.getUint32(4, true) !== crc32(bytes, 8, HEADER_BYTES, 0)) return null;
  const found = view.getUint32(8, true);
  if (found > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found, supported: STORAGE_FORMAT });
  }
  if (view.getUint32(12, true) !== number) return null;
  return {
    number,
    identity: identityAt(view, 16),
    first: safeIntegerAt(view, 32),
    sequence: safeIntegerAt(view, 40),
    chain: { a: view.getUint32(48, true), b: view.getUint32(52, true) },
    floor: safeIntegerAt(view, 56),
    prevFrom: safeIntegerAt(view, 64),
    prevSequence: safeIntegerAt(view, 72),
    prevHasCuts: (view.getUint32(80, true) & PREV_HAS_CUTS) !== 0,
  };
}
