// The bases that are on the disk: written, kept as long as they are of use, and asked for the chain of the log at
// their places. SPEC rule ST41.

import type { Base } from '../../model/entry.ts';
import type { Disk } from '../disk.ts';
import { attempt, type Task, told } from '../task.ts';
import { BASE_NEW_NAME, type BaseKept, keptOf, writeBase } from './base-file.ts';

export class Bases {
  readonly #disk: Disk;
  /** Best first. */
  #all: readonly BaseKept[];
  /** The best one, as it is read. */
  #latest: Base | null;

  constructor(disk: Disk, all: readonly BaseKept[], latest: Base | null) {
    this.#disk = disk;
    this.#all = all;
    this.#latest = latest;
  }

  /** The first segment of the log that they belong to; null for none. */
  get from(): number | null {
    return this.#all[0]?.from ?? null;
  }

  at(index: number): BaseKept | null {
    return this.#all.find((base) => base.index === index) ?? null;
  }

  isOfGroup(group: string): boolean {
    return this.#latest === null || this.#latest.group === group;
  }

  /** Two bases cover everything up to here, so that one of them may rot. */
  get covered(): number {
    return this.#all[1]?.index ?? 0;
  }

  /** False where there is no space for it. */
  *write(base: Base, from: number): Task<boolean> {
    const written = yield* attempt(writeBase(this.#disk, base, from));
    if (written === null) {
      yield* told((done) => this.#disk.remove(BASE_NEW_NAME, done));
      return false;
    }
    const others = this.#all.filter(({ name }) => name !== written.name);
    this.#all = [...others, written].sort((a, b) => b.from - a.from || b.index - a.index);
    if (this.#all[0] === written) this.#latest = base;
    return true;
  }

  *prune(trimmed: number): Task<null> {
    const kept = keptOf(this.#all, trimmed);
    const gone = this.#all.filter((base) => !kept.includes(base));
    this.#all = kept;
    for (const { name } of gone) yield* told((done) => this.#disk.remove(name, done));
    return null;
  }
}
