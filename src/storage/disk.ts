// The port to a disk: one flat directory of files. Two implement it, `memory-disk.ts` and the real one of the
// host. Every call is answered once, later or at once; nothing is durable before a `sync` that covers it was
// answered, and no name before `syncDirectory` was. SPEC rules ST2, ST3.

import type { Result } from '../kit/result.ts';

export interface DiskProblem {
  /** `full`: no space, may pass. `missing`: no such file. `broken`: everything else; the device is not to be trusted. */
  readonly kind: 'full' | 'missing' | 'broken';
  /** What was being done and what the system said, in one line. */
  readonly detail: string;
}

export type Answer<T> = (result: Result<T, DiskProblem>) => void;

export interface Disk {
  list(done: Answer<readonly string[]>): void;
  /** Opens an existing file for reading and writing. */
  open(name: string, done: Answer<DiskFile>): void;
  /** A file of so many zeros, its space really taken; one of that name is replaced. */
  create(name: string, bytes: number, done: Answer<DiskFile>): void;
  /** Takes the place of `to`, if there is one, at once. */
  rename(from: string, to: string, done: Answer<null>): void;
  remove(name: string, done: Answer<null>): void;
  syncDirectory(done: Answer<null>): void;
}

export interface DiskFile {
  readonly name: string;
  /** The length, as far as this handle has read or written it. */
  readonly bytes: number;
  /** Fewer bytes than asked where the file ends before. */
  read(offset: number, bytes: number, done: Answer<Uint8Array>): void;
  /** `data` belongs to the disk until it answers. Beyond its end the file grows. */
  write(offset: number, data: Uint8Array, done: Answer<null>): void;
  /** Makes all writes that were answered before this call durable. */
  sync(done: Answer<null>): void;
  close(done: Answer<null>): void;
}
