// A real directory as a disk. SPEC rule ST2.
//
// Zeros are really written where a file is created with a size: a hole would need the file system to find space,
// and to write down where, at each sync.

import { close, fdatasync, fstat, fsync, open, read, readdir, rename, unlink, write } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { accelerateCrc32 } from '../../kit/crc32.ts';
import { ok, refused } from '../../kit/result.ts';
import type { Answer, Disk, DiskFile, DiskProblem } from '../../storage/disk.ts';
import { makeDirectory } from './make-directory.ts';

const ZEROS = new Uint8Array(1_048_576);
/** Only the owner reads what a node keeps. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** As many syncs the latencies are told of. */
const LATENCIES_KEPT = 1_024;

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
          if (written.ok) fill();
          else file.close(() => done(written));
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

class RealFile implements DiskFile {
  readonly name: string;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #syncs: SyncLatencies;
  #bytes: number;

  constructor(name: string, directory: string, descriptor: number, bytes: number, syncs: SyncLatencies) {
    this.#syncs = syncs;
    this.name = name;
    this.#path = join(directory, name);
    this.#descriptor = descriptor;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A read may give less than is there, so it is repeated until nothing comes. */
  read(offset: number, bytes: number, done: Answer<Uint8Array>): void {
    const into = new Uint8Array(Math.max(0, Math.min(bytes, this.#bytes - offset)));
    const more = (have: number): void => {
      if (have === into.length) {
        done(ok(into));
        return;
      }
      read(this.#descriptor, into, have, into.length - have, offset + have, (error, count) => {
        if (error) done(failed(error, `read ${this.#path}`));
        else if (count === 0) done(ok(into.subarray(0, have)));
        else more(have + count);
      });
    };
    more(0);
  }

  write(offset: number, data: Uint8Array, done: Answer<null>): void {
    const more = (from: number): void => {
      write(this.#descriptor, data, from, data.length - from, offset + from, (error, count) => {
        if (error) {
          done(failed(error, `write ${this.#path}`));
          return;
        }
        this.#bytes = Math.max(this.#bytes, offset + from + count);
        if (from + count === data.length) done(ok(null));
        else more(from + count);
      });
    };
    more(0);
  }

  sync(done: Answer<null>): void {
    const begun = performance.now();
    fdatasync(this.#descriptor, (error) => {
      this.#syncs.add(performance.now() - begun);
      done(error ? failed(error, `sync ${this.#path}`) : ok(null));
    });
  }

  close(done: Answer<null>): void {
    close(this.#descriptor, (error) => done(error ? failed(error, `close ${this.#path}`) : ok(null)));
  }
}

class SyncLatencies {
  readonly #ms = new Float64Array(LATENCIES_KEPT);
  #syncs = 0;

  add(ms: number): void {
    this.#ms[this.#syncs++ % LATENCIES_KEPT] = ms;
  }

  counters(): { readonly [name: string]: number } {
    const sorted = this.#ms.slice(0, Math.min(this.#syncs, LATENCIES_KEPT)).sort();
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { disk_syncs_total: this.#syncs, disk_sync_ms_p50: at(0.5), disk_sync_ms_p99: at(0.99) };
  }
}

function failed(
  error: NodeJS.ErrnoException,
  what: string,
): { readonly ok: false; readonly problem: DiskProblem } {
  const { code } = error;
  const kind = code === 'ENOENT' ? 'missing' : code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'broken';
  return refused({ kind, detail: `${what}: ${error.message}` });
}
