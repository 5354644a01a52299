// A snapshot in a file of its own. SPEC rules ST15, ST16.

import { type Result, refused } from '../kit/result.ts';
import type { Snapshot } from '../model/durable.ts';
import { decodeSnapshot } from '../wire/durable.ts';
import { malformedText } from '../wire/malformed.ts';
import type { Disk } from './disk.ts';
import { type FileDamage, FRAME_HEADER_BYTES, readFramed, writeFramed } from './framed-file.ts';
import type { Task } from './task.ts';

export const SNAPSHOT_NAME = 'snapshot';
export const SNAPSHOT_NEW_NAME = 'snapshot.new';
const MAGIC = 0x5053_4e53;

/** Gives the size of the file. A failure leaves the old snapshot as it is. */
export function writeSnapshot(disk: Disk, chunks: Iterable<Uint8Array>): Task<number> {
  return writeFramed(disk, { name: SNAPSHOT_NAME, newName: SNAPSHOT_NEW_NAME, magic: MAGIC }, chunks);
}

export function* readSnapshot(disk: Disk): Task<Result<Snapshot, FileDamage>> {
  const chunks = yield* readFramed(disk, SNAPSHOT_NAME, MAGIC);
  if (!chunks.ok) return chunks;
  const snapshot = decodeSnapshot(chunks.value);
  if (snapshot.ok) return snapshot;
  return refused({ offset: FRAME_HEADER_BYTES, why: malformedText(snapshot.problem) });
}
