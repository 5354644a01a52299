// Entries that left the log, kept aside for people to look at. Their readings are safe elsewhere: whoever sent them
// still has them in its outbox. SPEC rule ST43.

import type { Entry } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Disk } from '../disk.ts';
import { writeFramed } from '../framed-file.ts';
import { need, StorageFailure, type Task } from '../task.ts';

export const DIVERGED_NEW_NAME = 'diverged.new';
export const DIVERGED_MAGIC = 0x5649_444e;
const NAME = /^diverged-(\d{8})-\d+-\d+$/;

/** Without space nothing is kept, and nothing else depends on it. */
export function* keepAside(disk: Disk, entries: readonly Entry[]): Task<null> {
  const first = entries[0];
  if (first === undefined) return null;
  try {
    const names = yield* need<readonly string[]>((done) => disk.list(done));
    const kept = names.filter((name) => NAME.test(name)).sort();
    const number = Number(NAME.exec(kept.at(-1) ?? '')?.[1] ?? 0) + 1;
    for (const name of kept.slice(0, Math.max(0, kept.length + 1 - LIMITS.divergedFilesMax))) {
      yield* need<null>((done) => disk.remove(name, done));
    }
    const name = `diverged-${number.toString().padStart(8, '0')}-${first.ballot.round}-${first.index}`;
    const file = { name, newName: DIVERGED_NEW_NAME, magic: DIVERGED_MAGIC };
    const chunks = entries.map(({ bytes }) => bytes);
    yield* writeFramed(disk, file, chunks);
  } catch (error) {
    if (!(error instanceof StorageFailure) || error.problem.kind !== 'full') throw error;
    yield* need<null>((done) => disk.remove(DIVERGED_NEW_NAME, () => done({ ok: true, value: null })));
  }
  return null;
}
