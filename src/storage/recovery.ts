// Opens a log: looks at its segments without touching them, then repairs what the judgement says, so that after
// any crash in between the same is found again. SPEC rules ST8-ST11, ST20.

import { compareIdentities, type Identity, sameIdentity } from '../model/ids.ts';
import type { Disk, DiskFile } from './disk.ts';
import { viewOf } from './fields.ts';
import { type Judgement, judge, type Known } from './judge.ts';
import type { Found, Part, Verdict } from './log-entries.ts';
import { CHAIN_START, recordBytes, writeRecord } from './record.ts';
import {
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentScan,
  type Stretch,
  scanSegment,
  segmentName,
  segmentNumber,
  writeSegmentHeader,
} from './segment.ts';
import type { LogTail } from './segmented-log.ts';
import { type Blank, createSegment } from './spare-segment.ts';
import { need, StorageFailure, type Task } from './task.ts';

const READ_BYTES = 1_048_576;
/** What is given up at once where the disk does not give a larger piece. */
const SECTOR_BYTES = 4_096;
const EMPTY = new Uint8Array(0);
const REPAIR_NAME = 'repair.new';

export interface Covered {
  readonly identity: Identity;
  readonly upto: number;
}

export interface LogSearch<V> {
  readonly names: readonly string[];
  readonly known: Known;
  /** Nobody needs anything up to here, nor of an earlier identity unless `keepsEarlier`. */
  readonly covered: Covered | null;
  readonly keepsEarlier: boolean;
  /** Segments up to this number must exist. */
  readonly lastNumber: number;
  readonly decode: (payload: Uint8Array) => V;
  readonly identityOf: (value: V) => Identity | null;
}

export interface LogFound<V> extends Judgement<V> {
  /** Segments that the snapshot covers, to be removed. */
  readonly covered: readonly number[];
}

/** Changes nothing. */
export function* searchLog<V>(disk: Disk, search: LogSearch<V>): Task<LogFound<V>> {
  const present = search.names.map(segmentNumber).filter((number) => number !== null);
  present.sort((a, b) => a - b);
  const start = yield* firstNeeded(disk, present, search.covered, search.keepsEarlier);
  const last = Math.max(search.lastNumber, present.at(-1) ?? 0);

  const found: Found<V>[] = [];
  for (let number = start; number <= last; number++) {
    if (present.includes(number)) found.push(yield* scanFile(disk, number, search.decode));
    else found.push({ number, missing: true });
  }
  const covered = present.filter((number) => number < start);
  return { ...judge(found, search.known, search.identityOf), covered };
}

/** Carries out the verdicts. What is damaged is copied aside before it is replaced. (ST10) */
export function* repairLog<V>(disk: Disk, found: LogFound<V>, segmentBytes: number): Task<null> {
  for (const number of found.covered) yield* need<null>((done) => disk.remove(segmentName(number), done));
  for (const verdict of found.segments) {
    if (verdict.damaged) yield* copyAside(disk, verdict);
    if (verdict.fate === 'cut') yield* cutTail(disk, verdict);
    if (verdict.fate === 'rebuilt') yield* rebuild(disk, verdict, segmentBytes);
  }
  return null;
}

/** Opens the segments that the log goes on in. What was read may never have been synced, so it is. (ST11) */
export function* openTail<V>(disk: Disk, found: LogFound<V>, segmentBytes: number): Task<LogTail> {
  const kept = found.segments.filter(({ fate }) => fate !== 'gone');
  const begun = kept.filter(({ header }) => header !== null);
  const segments = begun.map(segmentOf).filter((segment) => segment !== null);
  const last = begun.at(-1);
  const file = last ? yield* openRewritten(disk, last) : null;
  const blanks: Blank[] = [];
  for (const { number, header, bytes } of kept) {
    if (header !== null) continue;
    // One whose making was interrupted is made again.
    const isWhole = bytes >= segmentBytes;
    const file = isWhole
      ? yield* openSynced(disk, number)
      : yield* createSegment(disk, segmentName(number), segmentBytes);
    blanks.push({ number, file });
  }
  return {
    segments,
    active: last && file ? { file, offset: endOf(last) } : null,
    blanks,
    lastNumber: found.segments.at(-1)?.number ?? found.covered.at(-1) ?? 0,
    chain: last?.chain ?? null,
    isMarked: isMarked(last),
  };
}

function* openSynced(disk: Disk, number: number): Task<DiskFile> {
  const file = yield* need<DiskFile>((done) => disk.open(segmentName(number), done));
  yield* need<null>((done) => file.sync(done));
  return file;
}

/**
 * The last group is written once more: it was perhaps never synced, or its sync failed and the system only believes
 * that it is on the disk. (ST11)
 */
function* openRewritten<V>(disk: Disk, verdict: Verdict<V>): Task<DiskFile> {
  const file = yield* need<DiskFile>((done) => disk.open(segmentName(verdict.number), done));
  const pieces = verdict.parts.flatMap((part) => (part.type === 'copy' ? [part.piece] : []));
  const last = pieces.at(-1);
  // What was rebuilt or cut was synced by that.
  if (last && verdict.fate === 'kept') {
    const { prevDurable, kind } = last.record;
    const before = pieces.findLastIndex(
      ({ record }) => record.prevDurable !== prevDurable || record.kind !== kind,
    );
    const from = pieces[before + 1]?.offset ?? last.offset;
    const offset = before < 0 ? 0 : from;
    const bytes = yield* need<Uint8Array>((done) => file.read(offset, last.end - offset, done));
    yield* need<null>((done) => file.write(offset, bytes.slice(), done));
  }
  yield* need<null>((done) => file.sync(done));
  return file;
}

/** The first segment of which the snapshot does not cover everything: each before one that begins inside it is. */
function* firstNeeded(
  disk: Disk,
  present: readonly number[],
  covered: Covered | null,
  keepsEarlier: boolean,
): Task<number> {
  let start = present[0] ?? 1;
  if (covered === null) return start;
  for (const number of present) {
    const header = yield* readHeader(disk, number);
    if (header === null) continue;
    const order = compareIdentities(header.identity, covered.identity);
    if (order !== 0 && keepsEarlier) break;
    if (order < 0 || (order === 0 && header.first <= covered.upto + 1)) start = number;
  }
  return start;
}

function* readHeader(disk: Disk, number: number): Task<SegmentHeader | null> {
  const file = yield* need<DiskFile>((done) => disk.open(segmentName(number), done));
  const read = yield* readPiece(file, 0, SEGMENT_HEADER_BYTES);
  yield* need<null>((done) => file.close(done));
  return read && readSegmentHeader(read, number);
}

function* scanFile<V>(disk: Disk, number: number, decode: (payload: Uint8Array) => V): Task<SegmentScan<V>> {
  const file = yield* need<DiskFile>((done) => disk.open(segmentName(number), done));
  const { bytes, unreadable } = yield* readAll(file);
  yield* need<null>((done) => file.close(done));
  return scanSegment(number, bytes, unreadable, decode);
}

function* readFile(disk: Disk, name: string): Task<Uint8Array> {
  const file = yield* need<DiskFile>((done) => disk.open(name, done));
  const { bytes } = yield* readAll(file);
  yield* need<null>((done) => file.close(done));
  return bytes;
}

/** All of a file, with zeros where the disk does not give it. */
function* readAll(file: DiskFile): Task<{ bytes: Uint8Array; unreadable: Stretch[] }> {
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

function* readPiece(file: DiskFile, offset: number, bytes: number): Task<Uint8Array | null> {
  try {
    return yield* need<Uint8Array>((done) => file.read(offset, bytes, done));
  } catch (error) {
    if (error instanceof StorageFailure) return null;
    throw error;
  }
}

function* copyAside<V>(disk: Disk, { number }: Verdict<V>): Task<null> {
  const bytes = yield* readFile(disk, segmentName(number));
  const to = yield* need<DiskFile>((done) => disk.create(`damaged-${segmentName(number)}`, 0, done));
  yield* need<null>((done) => to.write(0, bytes, done));
  yield* need<null>((done) => to.sync(done));
  return yield* need<null>((done) => to.close(done));
}

/** Zeros, so that nothing of the interrupted write is ever taken for a record again. */
function* cutTail<V>(disk: Disk, { number, cutFrom }: Verdict<V>): Task<null> {
  const file = yield* need<DiskFile>((done) => disk.open(segmentName(number), done));
  const zeros = new Uint8Array(file.bytes - cutFrom);
  yield* need<null>((done) => file.write(cutFrom, zeros, done));
  yield* need<null>((done) => file.sync(done));
  return yield* need<null>((done) => file.close(done));
}

function* rebuild<V>(disk: Disk, verdict: Verdict<V>, segmentBytes: number): Task<null> {
  const name = segmentName(verdict.number);
  if (verdict.header === null) {
    verdict.fate = 'gone';
    return yield* need<null>((done) => disk.remove(name, done));
  }
  const old = verdict.parts.length === 0 ? EMPTY : yield* readFile(disk, name);
  const content = rebuilt(verdict.header, verdict.parts, old);
  const size = Math.max(segmentBytes, content.length + recordBytes(0));
  const file = yield* need<DiskFile>((done) => disk.create(REPAIR_NAME, size, done));
  yield* need<null>((done) => file.write(0, content, done));
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => file.close(done));
  yield* need<null>((done) => disk.rename(REPAIR_NAME, name, done));
  return yield* need<null>((done) => disk.syncDirectory(done));
}

function rebuilt<V>(header: SegmentHeader, parts: readonly Part<V>[], old: Uint8Array): Uint8Array {
  const total = parts.reduce((sum, part) => sum + partBytes(part), SEGMENT_HEADER_BYTES);
  const bytes = new Uint8Array(total);
  const view = viewOf(bytes);
  writeSegmentHeader(bytes, view, header);
  let at = SEGMENT_HEADER_BYTES;
  for (const part of parts) {
    if (part.type === 'copy') bytes.set(old.subarray(part.piece.offset, part.piece.end), at);
    else {
      const { index, count } = part;
      const seam = { kind: 'seam', index, count, prevDurable: index + count - 1 } as const;
      writeRecord(bytes, view, at, seam, EMPTY, CHAIN_START);
    }
    at += partBytes(part);
  }
  return bytes;
}

function partBytes<V>(part: Part<V>): number {
  return part.type === 'copy' ? part.piece.end - part.piece.offset : recordBytes(0);
}

/** Where the next record of a segment goes, after its repair. */
function endOf<V>({ parts }: Verdict<V>): number {
  return parts.reduce((sum, part) => sum + partBytes(part), SEGMENT_HEADER_BYTES);
}

function segmentOf<V>(verdict: Verdict<V>): LogTail['segments'][number] | null {
  const { header, number, last } = verdict;
  return header && { number, bytes: endOf(verdict), identity: header.identity, first: header.first, last };
}

function isMarked<V>(verdict: Verdict<V> | undefined): boolean {
  const part = verdict?.parts.at(-1);
  return part === undefined || (part.type === 'copy' && part.piece.record.kind === 'mark');
}

/** Files that a crash left behind in the middle of a repair. */
export function isRepairRest(name: string): boolean {
  return name === REPAIR_NAME;
}

export function isCoveredBy(identity: Identity, last: number, covered: Covered | null): boolean {
  if (covered === null) return false;
  if (!sameIdentity(identity, covered.identity)) return compareIdentities(identity, covered.identity) < 0;
  return last <= covered.upto;
}
