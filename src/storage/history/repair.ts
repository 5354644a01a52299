// Carries out what the replay of a log found: cuts what a crash interrupted, keeps aside what is damaged, and opens
// the segment the log goes on in. After a crash in between the same is found again. SPEC rules ST35, ST40.

import type { Disk, DiskFile } from '../disk.ts';
import { isZeros, viewOf } from '../fields.ts';
import type { Blank } from '../spare-segment.ts';
import { need, type Task } from '../task.ts';
import { recordBytes, writeRecord } from './record.ts';
import type { Tail } from './replayed.ts';
import { openFile, readAll } from './search.ts';
import { segmentName } from './segment.ts';
import type { LogEnd } from './segments.ts';
import type { Active } from './supply.ts';

const COPY_BYTES = 4_194_304;

export interface Repair {
  readonly tail: Tail | null;
  /** Files that are damaged; the tail's own is copied aside, the others are renamed. */
  readonly damaged: readonly number[];
  /** To be zeros again. */
  readonly blank: number | null;
}

export function* repairLog(disk: Disk, { tail, damaged, blank }: Repair): Task<null> {
  // From the last to the first: what is still there proves the damage.
  for (const number of damaged.toSorted((a, b) => b - a)) {
    if (number === tail?.number) yield* copyAside(disk, number);
    else yield* need<null>((done) => disk.rename(segmentName(number), asideName(number), done));
  }
  if (damaged.length > 0) yield* need<null>((done) => disk.syncDirectory(done));
  if (blank !== null) yield* clear(disk, blank, 0);
  if (tail !== null && tail.clearFrom !== null) yield* clear(disk, tail.number, tail.clearFrom);
  return null;
}

/**
 * The segment that the log goes on in. Its last group is written once more: it was perhaps never synced, or its
 * sync failed and the system only believes that it is on the disk.
 */
export function* openActive(disk: Disk, tail: Tail, floor: number): Task<Active> {
  const { number, offset, group, cut } = tail;
  const file = yield* openFile(disk, number);
  if (cut !== null) return yield* openCut(file, tail, cut, floor);
  const last = yield* need<Uint8Array>((done) => file.read(group, offset - group, done));
  yield* need<null>((done) => file.write(group, last.slice(), done));
  yield* need<null>((done) => file.sync(done));
  return { number, file, offset, isReserve: false };
}

/** There is room for the record: each segment keeps it for a mark. */
function* openCut(file: DiskFile, { number, offset }: Tail, cut: LogEnd, floor: number): Task<Active> {
  const bytes = new Uint8Array(recordBytes(0));
  const header = { kind: 'cut', ...cut, count: 0, floor, group: offset } as const;
  writeRecord(bytes, viewOf(bytes), 0, { number, offset }, header, new Uint8Array(0));
  yield* need<null>((done) => file.write(offset, bytes, done));
  yield* need<null>((done) => file.sync(done));
  return { number, file, offset: offset + bytes.length, isReserve: false };
}

/** Blank segments, synced as far as they were only seen. */
export function* openBlanks(disk: Disk, numbers: readonly number[]): Task<readonly Blank[]> {
  const blanks: Blank[] = [];
  for (const number of numbers) {
    const file = yield* openFile(disk, number);
    yield* need<null>((done) => file.sync(done));
    blanks.push({ number, file });
  }
  return blanks;
}

function asideName(number: number): string {
  return `damaged-${segmentName(number)}`;
}

export function* copyAside(disk: Disk, number: number): Task<null> {
  const from = yield* openFile(disk, number);
  const { bytes } = yield* readAll(from);
  yield* need<null>((done) => from.close(done));
  const to = yield* need<DiskFile>((done) => disk.create(asideName(number), 0, done));
  for (let at = 0; at < bytes.length; at += COPY_BYTES) {
    const offset = at;
    yield* need<null>((done) => to.write(offset, bytes.subarray(offset, offset + COPY_BYTES), done));
  }
  yield* need<null>((done) => to.sync(done));
  return yield* need<null>((done) => to.close(done));
}

/** Zeros, so that nothing of it is ever taken for a record again. */
function* clear(disk: Disk, number: number, offset: number): Task<null> {
  const file = yield* openFile(disk, number);
  for (let at = offset; at < file.bytes; at += COPY_BYTES) {
    const from = at;
    const bytes = yield* need<Uint8Array>((done) => file.read(from, COPY_BYTES, done));
    if (isZeros(bytes)) continue;
    yield* need<null>((done) => file.write(from, new Uint8Array(bytes.length), done));
  }
  yield* need<null>((done) => file.sync(done));
  return yield* need<null>((done) => file.close(done));
}
