// Chunks in a file of their own: written beside the old one, synced, renamed over it. Each chunk has its own CRC,
// and a last empty one says that nothing is missing. SPEC rules ST15, ST16.
//
//   header (16): magic, format, crc32        chunk (16 + bytes): crc32 of what follows, position, length, zero, bytes

import { crc32 } from '../kit/crc32.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Disk, DiskFile } from './disk.ts';
import { viewOf } from './fields.ts';
import { STORAGE_FORMAT } from './segment.ts';
import { need, StorageFailure, type Task } from './task.ts';

export const FRAME_HEADER_BYTES = 16;

export interface FileDamage {
  readonly offset: number;
  readonly why: string;
}

export interface FramedName {
  readonly name: string;
  /** What it is called until it is whole. */
  readonly newName: string;
  readonly magic: number;
}

/** Gives the size of the file. A failure leaves the one of that name as it is. */
export function* writeFramed(disk: Disk, file: FramedName, chunks: Iterable<Uint8Array>): Task<number> {
  const { name, newName, magic } = file;
  const into = yield* need<DiskFile>((done) => disk.create(newName, 0, done));
  yield* need<null>((done) => into.write(0, header(magic), done));
  let at = FRAME_HEADER_BYTES;
  let position = 0;
  for (const chunk of chunks) {
    const framed = frame(chunk, position++);
    const offset = at;
    yield* need<null>((done) => into.write(offset, framed, done));
    at += framed.length;
  }
  const offset = at;
  const end = frame(new Uint8Array(0), position);
  yield* need<null>((done) => into.write(offset, end, done));
  yield* need<null>((done) => into.sync(done));
  yield* need<null>((done) => into.close(done));
  yield* need<null>((done) => disk.rename(newName, name, done));
  yield* need<null>((done) => disk.syncDirectory(done));
  return offset + end.length;
}

export function* readFramed(disk: Disk, name: string, magic: number): Task<Result<Uint8Array[], FileDamage>> {
  const file = yield* need<DiskFile>((done) => disk.open(name, done));
  const chunks = yield* readChunks(file, magic);
  yield* need<null>((done) => file.close(done));
  return chunks;
}

function* readChunks(file: DiskFile, magic: number): Task<Result<Uint8Array[], FileDamage>> {
  const chunks: Uint8Array[] = [];
  let at = 0;
  try {
    const head = yield* need<Uint8Array>((done) => file.read(0, FRAME_HEADER_BYTES, done));
    if (!isHeader(head, magic)) return refused({ offset: 0, why: 'the header is bad' });
    at = FRAME_HEADER_BYTES;
    for (;;) {
      const offset = at;
      const front = yield* need<Uint8Array>((done) => file.read(offset, FRAME_HEADER_BYTES, done));
      const length = front.length === FRAME_HEADER_BYTES ? viewOf(front).getUint32(8, true) : file.bytes;
      if (length > file.bytes - offset) return refused({ offset, why: 'it ends too early' });
      const framed = yield* need<Uint8Array>((done) => file.read(offset, FRAME_HEADER_BYTES + length, done));
      if (!isFrame(framed, chunks.length)) return refused({ offset, why: 'a check sum is wrong' });
      if (length === 0) return ok(chunks);
      chunks.push(framed.subarray(FRAME_HEADER_BYTES));
      at += framed.length;
    }
  } catch (error) {
    if (!(error instanceof StorageFailure) || error.problem.kind === 'newer-format') throw error;
    return refused({ offset: at, why: error.message });
  }
}

function header(magic: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, magic, true);
  view.setUint32(4, STORAGE_FORMAT, true);
  view.setUint32(8, crc32(bytes, 0, 8, 0), true);
  return bytes;
}

function isHeader(bytes: Uint8Array, magic: number): boolean {
  if (bytes.length < FRAME_HEADER_BYTES) return false;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== magic || view.getUint32(8, true) !== crc32(bytes, 0, 8, 0)) return false;
  const found = view.getUint32(4, true);
  if (found > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found, supported: STORAGE_FORMAT });
  }
  return true;
}

function frame(chunk: Uint8Array, position: number): Uint8Array {
  const framed = new Uint8Array(FRAME_HEADER_BYTES + chunk.length);
  const view = viewOf(framed);
  framed.set(chunk, FRAME_HEADER_BYTES);
  view.setUint32(4, position, true);
  view.setUint32(8, chunk.length, true);
  view.setUint32(0, crc32(framed, 4, framed.length, 0), true);
  return framed;
}

function isFrame(framed: Uint8Array, position: number): boolean {
  if (framed.length < FRAME_HEADER_BYTES) return false;
  const view = viewOf(framed);
  return (
    view.getUint32(0, true) === crc32(framed, 4, framed.length, 0) &&
    view.getUint32(4, true) === position &&
    view.getUint32(8, true) === framed.length - FRAME_HEADER_BYTES
  );
}
