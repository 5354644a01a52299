// A snapshot in a file: written beside the old one, synced, renamed over it. Each chunk has its own CRC, and a last
// empty one says that nothing is missing. SPEC rules ST15, ST16.
//
//   header (16): magic, format, crc32        chunk (16 + bytes): crc32 of what follows, position, length, zero, bytes

import { crc32 } from '../kit/crc32.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Snapshot } from '../model/durable.ts';
import { decodeSnapshot } from '../wire/durable.ts';
import { malformedText } from '../wire/malformed.ts';
import type { Disk, DiskFile } from './disk.ts';
import { viewOf } from './fields.ts';
import { STORAGE_FORMAT } from './segment.ts';
import { need, StorageFailure, type Task } from './task.ts';

export const SNAPSHOT_NAME = 'snapshot';
export const SNAPSHOT_NEW_NAME = 'snapshot.new';
const MAGIC = 0x5053_4e53;
const HEADER_BYTES = 16;

export interface SnapshotDamage {
  readonly offset: number;
  readonly why: string;
}

/** Gives the size of the file. A failure leaves the old snapshot as it is. */
export function* writeSnapshot(disk: Disk, chunks: Iterable<Uint8Array>): Task<number> {
  const file = yield* need<DiskFile>((done) => disk.create(SNAPSHOT_NEW_NAME, 0, done));
  yield* need<null>((done) => file.write(0, header(), done));
  let at = HEADER_BYTES;
  let position = 0;
  for (const chunk of chunks) {
    const framed = frame(chunk, position++);
    const offset = at;
    yield* need<null>((done) => file.write(offset, framed, done));
    at += framed.length;
  }
  const offset = at;
  const end = frame(new Uint8Array(0), position);
  yield* need<null>((done) => file.write(offset, end, done));
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => file.close(done));
  yield* need<null>((done) => disk.rename(SNAPSHOT_NEW_NAME, SNAPSHOT_NAME, done));
  yield* need<null>((done) => disk.syncDirectory(done));
  return offset + end.length;
}

export function* readSnapshot(disk: Disk): Task<Result<Snapshot, SnapshotDamage>> {
  const file = yield* need<DiskFile>((done) => disk.open(SNAPSHOT_NAME, done));
  const chunks = yield* readChunks(file);
  yield* need<null>((done) => file.close(done));
  if (!chunks.ok) return chunks;
  const snapshot = decodeSnapshot(chunks.value);
  return snapshot.ok ? snapshot : refused({ offset: HEADER_BYTES, why: malformedText(snapshot.problem) });
}

function* readChunks(file: DiskFile): Task<Result<Uint8Array[], SnapshotDamage>> {
  const chunks: Uint8Array[] = [];
  let at = 0;
  try {
    const head = yield* need<Uint8Array>((done) => file.read(0, HEADER_BYTES, done));
    if (!isHeader(head)) return refused({ offset: 0, why: 'the header is bad' });
    at = HEADER_BYTES;
    for (;;) {
      const offset = at;
      const front = yield* need<Uint8Array>((done) => file.read(offset, HEADER_BYTES, done));
      const length = front.length === HEADER_BYTES ? viewOf(front).getUint32(8, true) : file.bytes;
      if (length > file.bytes - offset) return refused({ offset, why: 'it ends too early' });
      const framed = yield* need<Uint8Array>((done) => file.read(offset, HEADER_BYTES + length, done));
      if (!isFrame(framed, chunks.length)) return refused({ offset, why: 'a check sum is wrong' });
      if (length === 0) return ok(chunks);
      chunks.push(framed.subarray(HEADER_BYTES));
      at += framed.length;
    }
  } catch (error) {
    if (!(error instanceof StorageFailure) || error.problem.kind === 'newer-format') throw error;
    return refused({ offset: at, why: error.message });
  }
}

function header(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, STORAGE_FORMAT, true);
  view.setUint32(8, crc32(bytes, 0, 8, 0), true);
  return bytes;
}

function isHeader(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(8, true) !== crc32(bytes, 0, 8, 0)) return false;
  const found = view.getUint32(4, true);
  if (found > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found, supported: STORAGE_FORMAT });
  }
  return true;
}

function frame(chunk: Uint8Array, position: number): Uint8Array {
  const framed = new Uint8Array(HEADER_BYTES + chunk.length);
  const view = viewOf(framed);
  framed.set(chunk, HEADER_BYTES);
  view.setUint32(4, position, true);
  view.setUint32(8, chunk.length, true);
  view.setUint32(0, crc32(framed, 4, framed.length, 0), true);
  return framed;
}

function isFrame(framed: Uint8Array, position: number): boolean {
  if (framed.length < HEADER_BYTES) return false;
  const view = viewOf(framed);
  return (
    view.getUint32(0, true) === crc32(framed, 4, framed.length, 0) &&
    view.getUint32(4, true) === position &&
    view.getUint32(8, true) === framed.length - HEADER_BYTES
  );
}
