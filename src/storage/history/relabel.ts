// The log of a group that is begun anew stays what it is, as another group's: every base says which group it is
// of, and each is written anew. To be done while nothing else has the directory. SPEC rules ST41, OR50.

import type { GroupId } from '../../model/group-view.ts';
import type { Disk } from '../disk.ts';
import { need, type Task } from '../task.ts';
import { basesIn, readBase, writeBase } from './base-file.ts';

/** Gives the number of bases. The one that counts most is written last: until then the log is the former group's. */
export function* relabelBases(disk: Disk, group: GroupId): Task<number> {
  const names = yield* need<readonly string[]>((done) => disk.list(done));
  let written = 0;
  for (const { name, from } of [...basesIn(names)].reverse()) {
    const base = yield* readBase(disk, name);
    if (!base.ok) continue;
    yield* writeBase(disk, { ...base.value, group }, from);
    written++;
  }
  return written;
}

/** The log belongs to no group any more: nothing is left of it but a place where another begins. */
export function* removeBases(disk: Disk): Task<null> {
  const names = yield* need<readonly string[]>((done) => disk.list(done));
  for (const { name } of basesIn(names)) yield* need<null>((done) => disk.remove(name, done));
  yield* need<null>((done) => disk.syncDirectory(done));
  return null;
}
