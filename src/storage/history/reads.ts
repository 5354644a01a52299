// Reads of the log as others ask for them: up to the next hole, and again where the first answer came upon something
// that is just being looked into or written anew. SPEC rules ST38, ST39.

import type { Entry } from '../../model/entry.ts';
import { run, type StorageProblem, type Task, told } from '../task.ts';
import type { Chores } from './chores.ts';
import type { Losses } from './losses.ts';
import { firstFrom } from './ranges.ts';
import type { Reader } from './reader.ts';
import type { Retention } from './retention.ts';
import type { Segments } from './segments.ts';

/** How often a reading is tried again that came upon something damaged. */
const TRIES = 6;

interface Parts {
  readonly reader: Reader;
  readonly losses: Losses;
  readonly retention: Retention;
  readonly chores: Chores;
}

interface Asked {
  readonly from: number;
  readonly to: number;
  readonly bytesMax: number;
  readonly done: (entries: readonly Entry[]) => void;
}

export class Reads {
  readonly #segments: Segments;
  readonly #parts: Parts;
  readonly #failed: (problem: StorageProblem) => void;

  constructor(segments: Segments, parts: Parts, failed: (problem: StorageProblem) => void) {
    this.#segments = segments;
    this.#parts = parts;
    this.#failed = failed;
  }

  read(from: number, to: number, bytesMax: number, done: Asked['done']): void {
    this.#try({ from, to, bytesMax, done }, TRIES);
  }

  find(sequence: number, done: (index: number | null) => void): void {
    run(this.#parts.reader.find(sequence), done, this.#failed);
  }

  #try(asked: Asked, tries: number): void {
    const { from, to, bytesMax, done } = asked;
    const { reader, losses, retention, chores } = this.#parts;
    // What stands where something is missing is perhaps whole, and yet not the log.
    const hole = firstFrom(losses.holes, from);
    const upto = hole === null ? to : Math.min(to, hole.from - 1);
    const answer = (entries: readonly Entry[]): void => {
      const last = Math.min(upto, this.#segments.end.index);
      const isThere = entries.length === 0 && from >= retention.startIndex && from <= last;
      if (isThere && chores.isWorking && tries > 0) chores.add(() => this.#again(asked, tries - 1));
      else done(entries);
    };
    run(reader.read(from, upto, bytesMax), answer, this.#failed);
  }

  /** What is looked into, or written anew, can perhaps be read when that is done. */
  *#again(asked: Asked, tries: number): Task<null> {
    return yield* told((ended) => {
      this.#try(asked, tries);
      ended();
    });
  }
}
