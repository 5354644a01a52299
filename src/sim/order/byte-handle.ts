// A disk as one process has it: once the process is gone, nothing more of what it asks for gets there. A process may
// die of an answer, and its engine, which is not told, goes on behind that with what waited. SPEC rule SM42.

import type { Answer, Disk, DiskFile } from '../../storage/disk.ts';

export function handleOf(disk: Disk, isAlive: () => boolean): Disk {
  const ask = (operation: () => void): void => {
    if (isAlive()) operation();
  };
  const opened =
    (done: Answer<DiskFile>): Answer<DiskFile> =>
    (file) =>
      done(file.ok ? { ok: true, value: fileOf(file.value, ask) } : file);
  return {
    list: (done) => ask(() => disk.list(done)),
    open: (name, done) => ask(() => disk.open(name, opened(done))),
    create: (name, bytes, done) => ask(() => disk.create(name, bytes, opened(done))),
    rename: (from, to, done) => ask(() => disk.rename(from, to, done)),
    remove: (name, done) => ask(() => disk.remove(name, done)),
    syncDirectory: (done) => ask(() => disk.syncDirectory(done)),
  };
}

function fileOf(file: DiskFile, ask: (operation: () => void) => void): DiskFile {
  return {
    name: file.name,
    get bytes() {
      return file.bytes;
    },
    read: (offset, bytes, done) => ask(() => file.read(offset, bytes, done)),
    write: (offset, data, done) => ask(() => file.write(offset, data, done)),
    sync: (done) => ask(() => file.sync(done)),
    close: (done) => ask(() => file.close(done)),
  };
}
