// What stands in a segment: good records and bad stretches, by offset. SPEC rules ST32, ST35.

import { must } from '../../kit/assert.ts';
import type { Entry } from '../../model/entry.ts';
import { decodeEntry, ENTRY_FORMAT, formatOf } from '../../wire/entry.ts';
import { endOfContent, viewOf } from '../fields.ts';
import { StorageFailure } from '../task.ts';
import {
  isWhole,
  RECORD_ALIGN,
  RECORD_HEADER_BYTES,
  type ReadRecord,
  readHeader,
  recordEnd,
} from './record.ts';
import { HEADER_BYTES, readSegmentHeader, type SegmentHeader } from './segment.ts';

export type Piece =
  | { readonly type: 'data'; readonly record: ReadRecord; readonly entry: Entry }
  | { readonly type: 'cut' | 'mark'; readonly record: ReadRecord }
  /** `certain`: not a write that was interrupted, whatever follows. */
  | { readonly type: 'bad'; readonly offset: number; readonly end: number; readonly certain: boolean };

export interface Scan {
  readonly header: SegmentHeader | null;
  readonly pieces: readonly Piece[];
  /** Where the next record goes, if nothing bad stands behind the last good one. */
  readonly end: number;
  /** Behind the last byte that is not zero. */
  readonly contentEnd: number;
}

/** Bytes that the disk did not give; zeros stand in their place. */
export interface Stretch {
  readonly offset: number;
  readonly end: number;
}

/**
 * Finds every record of a segment, also behind a damaged stretch. Entries up to `upto` are whole, and are decoded
 * when somebody asks for them.
 */
export function scanSegment(
  number: number,
  bytes: Uint8Array,
  unreadable: readonly Stretch[],
  upto = 0,
): Scan {
  const view = viewOf(bytes);
  const header = readSegmentHeader(bytes, number);
  const contentEnd = Math.max(endOfContent(bytes), ...unreadable.map((stretch) => stretch.end));
  const pieces: Piece[] = [];
  let end = header ? HEADER_BYTES : 0;
  let badFrom = header || contentEnd === 0 ? null : 0;
  const bad = (to: number): void => {
    if (badFrom === null) return;
    const offset = badFrom;
    const certain = unreadable.some((stretch) => stretch.offset < to && stretch.end > offset);
    pieces.push({ type: 'bad', offset, end: to, certain });
    badFrom = null;
  };

  for (let at = HEADER_BYTES; at < contentEnd; ) {
    const piece = pieceAt(bytes, view, at, number, at, upto);
    if (piece === null) {
      badFrom ??= at;
      at += RECORD_ALIGN;
      continue;
    }
    bad(at);
    pieces.push(piece);
    at = recordEnd(piece.record);
    end = at;
  }
  bad(Math.max(contentEnd, badFrom ?? 0));
  return { header, pieces, end, contentEnd };
}

/** The record at `at` of `bytes`, which is `offset` of the segment, with its entry; null where none stands whole. */
export function pieceAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  number: number,
  offset: number,
  upto = 0,
): Exclude<Piece, { type: 'bad' }> | null {
  const record = readHeader(bytes, view, at, number, offset);
  if (record === null || !isWhole(bytes, view, at, record)) return null;
  if (record.kind !== 'data') return { type: record.kind, record };
  const start = at + RECORD_HEADER_BYTES;
  if (record.index <= upto) return new LaterDecoded(record, bytes, start);
  const payload = bytes.subarray(start, start + record.payloadBytes);
  const entry = decodeEntry(payload);
  if (entry.ok)
    return entry.value.index === record.index ? { type: 'data', record, entry: entry.value } : null;
  const found = formatOf(payload);
  if (found > ENTRY_FORMAT)
    throw new StorageFailure({ kind: 'newer-format', found, supported: ENTRY_FORMAT });
  return null;
}

/** A record that is whole: of most of them nobody ever wants the entry. */
class LaterDecoded {
  readonly type = 'data';
  readonly record: ReadRecord;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(record: ReadRecord, bytes: Uint8Array, start: number) {
    this.record = record;
    this.#bytes = bytes;
    this.#start = start;
  }

  get entry(): Entry {
    const decoded = decodeEntry(this.#bytes.subarray(this.#start, this.#start + this.record.payloadBytes));
    return must(decoded.ok ? decoded.value : null, 'a record that is whole holds an entry');
  }
}
