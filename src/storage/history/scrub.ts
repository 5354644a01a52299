// Goes through all sealed segments again and again, a little at a time, and looks whether they are still what was
// written. SPEC rule ST45.

import type { Task } from '../task.ts';
import type { Reader } from './reader.ts';
import { HEADER_BYTES } from './segment.ts';
import type { LogSegment, Segments } from './segments.ts';

export class Scrub {
  readonly #segments: Segments;
  readonly #reader: Reader;
  readonly #suspect: (segment: LogSegment) => void;
  #number = 0;
  #offset = HEADER_BYTES;
  /** The highest index seen in the present segment. */
  #last = 0;
  #bytes = 0;
  #passes = 0;

  constructor(segments: Segments, reader: Reader, suspect: (segment: LogSegment) => void) {
    this.#segments = segments;
    this.#reader = reader;
    this.#suspect = suspect;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get passes(): number {
    return this.#passes;
  }

  /** Looks at about so many bytes. */
  *step(budgetBytes: number): Task<null> {
    const segment = this.#next();
    if (segment === null) return null;
    const { changes } = this.#segments;
    const checked = yield* this.#reader.check(segment, this.#offset, budgetBytes);
    if (this.#segments.changes !== changes) {
      this.#begin(segment.number);
      return null;
    }
    this.#bytes += checked.bytes;
    this.#offset += checked.bytes;
    this.#last = Math.max(this.#last, checked.last);
    if (checked.more) return null;
    if (this.#last < segment.to) this.#suspect(segment);
    this.#begin(segment.number + 1);
    return null;
  }

  /** Sealed ones only: the last one is still warm. */
  #next(): LogSegment | null {
    const sealed = this.#segments.all.slice(0, -1).filter(({ from, to }) => to >= from);
    const next = sealed.find(({ number }) => number >= this.#number) ?? sealed[0] ?? null;
    if (next !== null && next.number < this.#number) this.#passes++;
    if (next !== null && next.number !== this.#number) this.#begin(next.number);
    return next;
  }

  #begin(number: number): void {
    this.#number = number;
    this.#offset = HEADER_BYTES;
    this.#last = 0;
  }
}
