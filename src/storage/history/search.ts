// What of a history log is on the disk, looked at and not touched: bases, headers of all segments, and the whole
// content only of the last few, behind the base. SPEC rules ST34, ST35, ST41.

import type { Result } from '../../kit/result.ts';
import type { Base } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { isZeros } from '../fields.ts';
import type { Finding } from '../finding.ts';
import type { FileDamage } from '../framed-file.ts';
import { need, StorageFailure, type Task, together } from '../task.ts';
import { type BaseName, basesIn, readBase } from './base-file.ts';
import { recordBytes } from './record.ts';
import { type Scan, type Stretch, scanSegment } from './scan.ts';
import {
  HEADER_BYTES,
  readSegmentHeader,
  type SegmentHeader,
  segmentName,
  segmentNumber,
} from './segment.ts';

const READ_BYTES = 4_194_304;
/** A segment of which nothing stands in so many bytes was not begun: its first group would stand there. */
const FIRST_GROUP_BYTES =
  HEADER_BYTES + recordBytes(Math.max(LIMITS.historyGroupBytesMax, LIMITS.historyEntryBytesMax));
/** What is given up at once where the disk does not give a larger piece. */
const SECTOR_BYTES = 4_096;

/** A file of the log, by number. `bad`: its header is not one, though something stands in it. */
export type Row =
  | {
      readonly number: number;
      readonly type: 'begun';
      readonly bytes: number;
      readonly header: SegmentHeader;
    }
  | {
      readonly number: number;
      readonly type: 'bad' | 'blank';
      readonly bytes: number;
      readonly header?: Told;
    }
  | { readonly number: number; readonly type: 'missing'; readonly header?: Told };

/** What a header that is lost must have said, from what stands in the segment before it. */
export type Told = Omit<SegmentHeader, 'number' | 'identity'>;

export interface BaseFound extends BaseName {
  readonly base: Base;
}

export interface BasesFound {
  /** Those of the present log that can be read, best first. */
  readonly good: readonly BaseFound[];
  readonly findings: readonly Finding[];
}

/** The bases of the log that begins at segment `firstSegment` or before. */
export function* findBases(disk: Disk, names: readonly string[], firstSegment: number): Task<BasesFound> {
  const all = basesIn(names).filter(({ from }) => from <= firstSegment);
  const findings: Finding[] = [];
  const good: BaseFound[] = [];
  const latest = all.filter(({ from }) => from === all[0]?.from);
  const read = yield* together(latest.map((one) => baseOf(disk, one)));
  for (const { one, base } of read) {
    if (base.ok) good.push({ ...one, base: base.value });
    else findings.push({ kind: 'log-damaged', file: one.name, ...base.problem });
  }
  return { good, findings };
}

/** One row for every number that there is or should be. */
export function* rowsOf(disk: Disk, names: readonly string[], first: number, last: number): Task<Row[]> {
  const present = new Set(names.map(segmentNumber));
  const highest = Math.max(last, ...[...present].map((number) => number ?? 0));
  const rows: Task<Row>[] = [];
  for (let number = first; number <= highest; number++) {
    if (present.has(number)) rows.push(rowOf(disk, number));
    else if (number <= last) rows.push(missing(number));
  }
  return [...(yield* together(rows))];
}

// biome-ignore lint/correctness/useYield: a task like the others
function* missing(number: number): Task<Row> {
  return { number, type: 'missing' };
}

function* baseOf(
  disk: Disk,
  one: BaseName,
): Task<{ readonly one: BaseName; readonly base: Result<Base, FileDamage> }> {
  return { one, base: yield* readBase(disk, one.name) };
}

/** The same rows, with what the lost headers among them must have said as far as that can be known. */
export function* withTold(disk: Disk, rows: readonly Row[]): Task<readonly Row[]> {
  const told: Row[] = [];
  const lastBegun = rows.findLastIndex(({ type }) => type === 'begun');
  for (const [at, row] of rows.entries()) {
    const before = told[at - 1];
    const isNeeded = row.type !== 'begun' && at < lastBegun && before?.header !== undefined;
    const header =
      isNeeded && before.type !== 'missing' ? behind(before, yield* scanFile(disk, before.number)) : null;
    told.push(header && row.type !== 'begun' ? { ...row, header } : row);
  }
  return told;
}

/** What the header behind a segment says, where nothing in it is wrong. */
function behind({ header }: Row, scan: Scan): Told | null {
  if (header === undefined || scan.pieces.some(({ type }) => type === 'bad')) return null;
  let { first: index, sequence, chain, floor } = header;
  index--;
  let prevFrom = header.first;
  let prevSequence = header.sequence;
  let prevHasCuts = false;
  for (const piece of scan.pieces) {
    if (piece.type === 'bad') continue;
    const { record } = piece;
    floor = Math.max(floor, record.floor);
    chain = record.chain;
    index = record.index;
    sequence = record.sequence + (piece.type === 'data' ? record.count : 0);
    if (piece.type !== 'cut') continue;
    prevHasCuts = true;
    if (record.index + 1 >= prevFrom) continue;
    prevFrom = record.index + 1;
    prevSequence = record.sequence;
  }
  return { first: index + 1, sequence, chain, floor, prevFrom, prevSequence, prevHasCuts };
}

function* rowOf(disk: Disk, number: number): Task<Row> {
  const file = yield* openFile(disk, number);
  const { bytes } = file;
  const head = yield* readPiece(file, 0, HEADER_BYTES);
  const header = head && readSegmentHeader(head, number);
  const isBlank = header === null && (yield* isBlankFile(file));
  yield* need<null>((done) => file.close(done));
  if (header) return { number, type: 'begun', bytes, header };
  return { number, type: isBlank ? 'blank' : 'bad', bytes };
}

/** Entries up to `upto` are decoded when somebody asks for them. */
export function* scanFile(disk: Disk, number: number, upto = 0): Task<Scan> {
  const file = yield* openFile(disk, number);
  const { bytes, unreadable } = yield* readAll(file);
  yield* need<null>((done) => file.close(done));
  return scanSegment(number, bytes, unreadable, upto);
}

export function openFile(disk: Disk, number: number): Task<DiskFile> {
  return need<DiskFile>((done) => disk.open(segmentName(number), done));
}

/** All of a file, with zeros where the disk does not give it. */
export function* readAll(file: DiskFile): Task<{ bytes: Uint8Array; unreadable: Stretch[] }> {
  const all = yield* readPiece(file, 0, file.bytes);
  return all?.length === file.bytes ? { bytes: all, unreadable: [] } : yield* readPieces(file);
}

function* readPieces(file: DiskFile): Task<{ bytes: Uint8Array; unreadable: Stretch[] }> {
  const bytes = new Uint8Array(file.bytes);
  const unreadable: Stretch[] = [];
  for (let offset = 0; offset < bytes.length; offset += READ_BYTES) {
    const end = Math.min(offset + READ_BYTES, bytes.length);
    const whole = yield* readPiece(file, offset, end - offset);
    if (whole) bytes.set(whole, offset);
    for (let at = offset; whole === null && at < end; at += SECTOR_BYTES) {
      const to = Math.min(at + SECTOR_BYTES, end);
      const piece = yield* readPiece(file, at, to - at);
      if (piece) bytes.set(piece, at);
      else unreadable.push({ offset: at, end: to });
    }
  }
  return { bytes, unreadable };
}

function* isBlankFile(file: DiskFile): Task<boolean> {
  const end = Math.min(file.bytes, FIRST_GROUP_BYTES);
  for (let offset = 0; offset < end; offset += READ_BYTES) {
    const bytes = yield* readPiece(file, offset, Math.min(READ_BYTES, end - offset));
    if (bytes === null || !isZeros(bytes)) return false;
  }
  return true;
}

function* readPiece(file: DiskFile, offset: number, bytes: number): Task<Uint8Array | null> {
  try {
    return yield* need<Uint8Array>((done) => file.read(offset, bytes, done));
  } catch (error) {
    if (error instanceof StorageFailure) return null;
    throw error;
  }
}
