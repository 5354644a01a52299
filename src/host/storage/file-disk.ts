// A real directory as a disk. SPEC rule ST2.
//
// Zeros are really written where a file is created with a size: a hole would need the file system to find space,
// and to write down where, at each sync.

import { close, fstat, fsync, open, readdir, rename, unlink } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { accelerateCrc32 } from '../../kit/crc32.ts';
import { ok } from '../../kit/result.ts';
import type { Answer, Disk, DiskFile } from '../../storage/disk.ts';
import { failed } from './disk-failure.ts';
import { makeDirectory } from './make-directory.ts';
import { RealFile } from './real-file.ts';
import { SyncLatencies } from './sync-latencies.ts';

const ZEROS = new Uint8Array(1_048_576);
/** Only the owner reads what a node keeps. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

// The system's library sums a long stretch four times as fast as the core. An older Node does not offer it.
if (typeof crc32 === 'function') accelerateCrc32((bytes, before) => crc32(bytes, before));

export class FileDisk implements Disk {
  readonly #path: string;
  readonly #syncs = new SyncLatencies();

  private constructor(path: string) {
    this.#path = path;
  }

  /** The directory is made where it is missing. */
  static async open(path: string): Promise<FileDisk> {
    await makeDirectory(path, DIRECTORY_MODE);
    return new FileDisk(path);
  }

  list(done: Answer<readonly string[]>): void {
    readdir(this.#path, (error, names) => {
      done(error ? failed(error, `list ${this.#path}`) : ok(names.sort()));
    });
  }

  open(name: string, done: Answer<DiskFile>): void {
    const what = this.#what('open', name);
    open(join(this.#path, name), 'r+', (error, descriptor) => {
      if (error) done(failed(error, what));
      else {
        fstat(descriptor, (error, stats) => {
          done(
            error
              ? failed(error, what)
              : ok(new RealFile(name, this.#path, descriptor, stats.size, this.#syncs)),
          );
        });
      }
    });
  }

  create(name: string, bytes: number, done: Answer<DiskFile>): void {
    const what = this.#what('create', name);
    open(join(this.#path, name), 'w+', FILE_MODE, (error, descriptor) => {
      if (error) {
        done(failed(error, what));
        return;
      }
      const file = new RealFile(name, this.#path, descriptor, 0, this.#syncs);
      const fill = (): void => {
        if (file.bytes === bytes) {
          done(ok(file));
          return;
        }
        file.write(file.bytes, ZEROS.subarray(0, bytes - file.bytes), (written) => {
          if (!written.ok) file.close(() => done(written));
          else if (file.bytes === bytes) fill();
          // Piece by piece: a log that syncs meanwhile would have to wait for all of them.
          else file.sync((synced) => (synced.ok ? fill() : file.close(() => done(synced))));
        });
      };
      fill();
    });
  }

  rename(from: string, to: string, done: Answer<null>): void {
    rename(join(this.#path, from), join(this.#path, to), (error) => {
      done(error ? failed(error, this.#what('rename', from)) : ok(null));
    });
  }

  remove(name: string, done: Answer<null>): void {
    unlink(join(this.#path, name), (error) => {
      done(error ? failed(error, this.#what('remove', name)) : ok(null));
    });
  }

  syncDirectory(done: Answer<null>): void {
    const what = `sync ${this.#path}`;
    open(this.#path, 'r', (error, descriptor) => {
      if (error) {
        done(failed(error, what));
        return;
      }
      fsync(descriptor, (error) => close(descriptor, () => done(error ? failed(error, what) : ok(null))));
    });
  }

  counters(): { readonly [name: string]: number } {
    return this.#syncs.counters();
  }

  #what(operation: string, name: string): string {
    return `${operation} ${join(this.#path, name)}`;
  }
}
