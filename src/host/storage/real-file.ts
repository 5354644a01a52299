// A file on the real disk. SPEC rule ST2.
//
// A log writes a little and syncs, over and over. Where the system can do both by one call (O_DSYNC), a write within a
// file that was synced before is durable when it is answered, and a sync behind it has nothing left to do: one turn of
// the thread pool instead of two. A file that is being filled is written without it and synced once.

import { close, constants, fdatasync, open, read, write } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ok } from '../../kit/result.ts';
import type { Answer, DiskFile } from '../../storage/disk.ts';
import { failed } from './disk-failure.ts';
import type { SyncLatencies } from './sync-latencies.ts';

/** Elsewhere it says less than a sync does. */
const DURABLE = process.platform === 'linux' ? constants.O_DSYNC : null;

/** The file once more, opened so that its writes are durable. */
type Through =
  | { readonly name: 'wanted' }
  | { readonly name: 'opening' }
  | { readonly name: 'open'; readonly descriptor: number }
  | { readonly name: 'none' };

const NONE: Through = { name: 'none' };

export class RealFile implements DiskFile {
  readonly name: string;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #syncs: SyncLatencies;
  #bytes: number;
  #through: Through = { name: 'wanted' };
  /** Its zeros are on the disk, and their place. */
  #wasSynced = false;
  /** Writes that need a sync, and those of them that had it. */
  #written = 0;
  #synced = 0;
  /** Something was written through since the last sync. */
  #isThrough = false;

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
    const length = Math.max(0, Math.min(bytes, this.#bytes - offset));
    // Not filled with zeros first: all that is given was read.
    const into = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
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
    const isWithin = offset + data.length <= this.#bytes;
    if (isWithin && this.#wasSynced && this.#through.name === 'open') {
      this.#writeThrough(this.#through.descriptor, offset, data, done);
      return;
    }
    if (isWithin && this.#wasSynced && this.#through.name === 'wanted') this.#openThrough();
    this.#written++;
    this.#write(this.#descriptor, offset, data, done);
  }

  sync(done: Answer<null>): void {
    // Only what this handle wrote through is known to need no sync.
    if (this.#isThrough && this.#written === this.#synced) {
      this.#isThrough = false;
      queueMicrotask(() => done(ok(null)));
      return;
    }
    const written = this.#written;
    const begun = performance.now();
    fdatasync(this.#descriptor, (error) => {
      this.#syncs.add(performance.now() - begun);
      if (!error) {
        this.#synced = Math.max(this.#synced, written);
        this.#wasSynced = true;
      }
      done(error ? failed(error, `sync ${this.#path}`) : ok(null));
    });
  }

  close(done: Answer<null>): void {
    const through = this.#through;
    this.#through = NONE;
    if (through.name === 'open') close(through.descriptor, () => {});
    close(this.#descriptor, (error) => done(error ? failed(error, `close ${this.#path}`) : ok(null)));
  }

  #write(descriptor: number, offset: number, data: Uint8Array, done: Answer<null>): void {
    const more = (from: number): void => {
      write(descriptor, data, from, data.length - from, offset + from, (error, count) => {
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

  #writeThrough(descriptor: number, offset: number, data: Uint8Array, done: Answer<null>): void {
    const begun = performance.now();
    this.#write(descriptor, offset, data, (written) => {
      this.#syncs.addWrite(performance.now() - begun);
      if (written.ok) this.#isThrough = true;
      done(written);
    });
  }

  /** By the descriptor, not by the name, which another file may have by then. Where it fails, it is done without. */
  #openThrough(): void {
    this.#through = { name: 'opening' };
    if (DURABLE === null) {
      this.#through = NONE;
      return;
    }
    open(`/proc/self/fd/${this.#descriptor}`, constants.O_RDWR | DURABLE, (error, descriptor) => {
      if (this.#through.name === 'opening') this.#through = error ? NONE : { name: 'open', descriptor };
      else if (!error) close(descriptor, () => {});
    });
  }
}
