// A disk in memory that can crash, fill up, refuse and rot. What was not synced may be lost in a crash: each sector
// by itself, each name by itself, and a sector may be torn in the middle. The same seed gives the same loss.
// SPEC rules ST2, ST3.

import type { Random } from '../kit/random.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Answer, Disk, DiskFile, DiskProblem } from './disk.ts';
import { Inode } from './memory-file.ts';

export type DiskOperation =
  | 'list'
  | 'open'
  | 'create'
  | 'rename'
  | 'remove'
  | 'sync-directory'
  | 'read'
  | 'write'
  | 'sync'
  | 'close';

export interface MemoryDiskOptions {
  /** Runs what it is given later, in the order given for one file at least: when the disk answers. */
  readonly later: (answer: () => void, operation: DiskOperation, name: string) => void;
  /** What the disk refuses; asked once an operation. */
  readonly fault: (operation: DiskOperation, name: string, offset: number) => DiskProblem['kind'] | null;
}

/** One change of names, all or nothing. */
type NameChange = readonly { readonly name: string; readonly inode: Inode | null }[];

export class MemoryDisk implements Disk {
  /** How much all files together may take; may be set at any time. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Whether a sync of this file is answered though nothing was synced. */
  lies: (name: string) => boolean = () => false;
  /** Where a write really goes: a disk may put it elsewhere in the file. */
  placeOf: (name: string, offset: number) => number = (_name, offset) => offset;
  readonly #options: MemoryDiskOptions;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  /** Answers to a process that is gone are not given. */
  #life = 0;

  constructor(options: MemoryDiskOptions) {
    this.#options = options;
  }

  list(done: Answer<readonly string[]>): void {
    this.#do('list', '', 0, done, () => ok([...this.#names.keys()].sort()));
  }

  open(name: string, done: Answer<DiskFile>): void {
    this.#do('open', name, 0, done, () => {
      const inode = this.#names.get(name);
      return inode ? ok(this.#file(name, inode)) : missing(name);
    });
  }

  create(name: string, bytes: number, done: Answer<DiskFile>): void {
    this.#do('create', name, 0, done, () => {
      const inode = new Inode();
      this.#change([{ name, inode }]);
      if (this.usedBytes + bytes > this.capacityBytes) return problem('full', `create ${name}`);
      inode.cachedBytes = bytes;
      return ok(this.#file(name, inode));
    });
  }

  rename(from: string, to: string, done: Answer<null>): void {
    this.#do('rename', from, 0, done, () => {
      const inode = this.#names.get(from);
      if (!inode) return missing(from);
      this.#change([
        { name: from, inode: null },
        { name: to, inode },
      ]);
      return ok(null);
    });
  }

  remove(name: string, done: Answer<null>): void {
    this.#do('remove', name, 0, done, () => {
      if (!this.#names.has(name)) return missing(name);
      this.#change([{ name, inode: null }]);
      return ok(null);
    });
  }

  syncDirectory(done: Answer<null>): void {
    const changes = this.#changes.length;
    this.#do('sync-directory', '', 0, done, () => {
      for (const change of this.#changes.splice(0, changes)) apply(this.#durableNames, change);
      return ok(null);
    });
  }

  get usedBytes(): number {
    let used = 0;
    for (const inode of this.#names.values()) used += inode.cachedBytes;
    return used;
  }

  /** The power fails: what was not synced is there or not, as the seed says. Whoever used the disk is gone. */
  crash(random: Random): void {
    this.#life++;
    const inodes = new Set([...this.#names.values(), ...this.#durableNames.values()]);
    for (const change of this.#changes) for (const { inode } of change) if (inode) inodes.add(inode);
    for (const inode of inodes) inode.crash(random);
    for (const change of this.#changes) if (random.chance(0.5)) apply(this.#durableNames, change);
    this.#changes = [];
    this.#names = new Map(this.#durableNames);
  }

  /** The process is killed and the system lives: everything written is there, synced or not. */
  kill(): void {
    this.#life++;
  }

  /** Everything that was written is durable: the system had the time. */
  settle(): void {
    for (const change of this.#changes.splice(0)) apply(this.#durableNames, change);
    for (const inode of this.#names.values()) inode.settle();
  }

  /** Turns one bit at rest. */
  flipBit(name: string, offset: number, bit: number): void {
    this.#names.get(name)?.flipBit(offset, bit);
  }

  /** What stands in a file, or null. */
  content(name: string): Uint8Array | null {
    const inode = this.#names.get(name);
    return inode ? inode.read(0, inode.cachedBytes) : null;
  }

  get names(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** Asked at once, done and answered later. */
  #do<T>(
    operation: DiskOperation,
    name: string,
    offset: number,
    done: Answer<T>,
    effect: () => Result<T, DiskProblem>,
  ): void {
    const life = this.#life;
    const answer = (): void => {
      if (life !== this.#life) return;
      const fault = this.#options.fault(operation, name, offset);
      done(fault ? problem(fault, `${operation} ${name}`) : effect());
    };
    this.#options.later(answer, operation, name);
  }

  #change(change: NameChange): void {
    apply(this.#names, change);
    this.#changes.push(change);
  }

  #file(name: string, inode: Inode): DiskFile {
    return {
      name,
      get bytes() {
        return inode.cachedBytes;
      },
      read: (offset, bytes, done) =>
        this.#do('read', name, offset, done, () => ok(inode.read(offset, bytes))),
      write: (offset, data, done) => {
        // What is under way in a crash may be on the disk in part, so it is in the cache from the call on.
        const more = Math.max(0, offset + data.length - inode.cachedBytes);
        const isFull = this.usedBytes + more > this.capacityBytes && more > 0;
        if (!isFull) inode.write(this.placeOf(name, offset), data);
        this.#do('write', name, offset, done, () => (isFull ? problem('full', `write ${name}`) : ok(null)));
      },
      sync: (done) => {
        const finish = this.lies(name) ? () => {} : inode.beginSync();
        this.#do(
          'sync',
          name,
          0,
          (result) => {
            if (!result.ok) inode.failSync();
            done(result);
          },
          () => {
            finish();
            return ok(null);
          },
        );
      },
      close: (done) => this.#do('close', name, 0, done, () => ok(null)),
    };
  }
}

/** Answers in the order asked, one each time it is told to. */
export class AnswerQueue {
  readonly #answers: (() => void)[] = [];

  readonly later = (answer: () => void): void => {
    this.#answers.push(answer);
  };

  get length(): number {
    return this.#answers.length;
  }

  /** Whether there was one. */
  step(): boolean {
    const answer = this.#answers.shift();
    answer?.();
    return answer !== undefined;
  }

  runAll(): void {
    while (this.step());
  }
}

function apply(names: Map<string, Inode>, change: NameChange): void {
  for (const { name, inode } of change) {
    if (inode) names.set(name, inode);
    else names.delete(name);
  }
}

function missing(name: string): { readonly ok: false; readonly problem: DiskProblem } {
  return problem('missing', `there is no ${name}`);
}

function problem(
  kind: DiskProblem['kind'],
  detail: string,
): { readonly ok: false; readonly problem: DiskProblem } {
  return refused({ kind, detail: kind === 'full' ? `${detail}: no space left on the disk` : detail });
}
