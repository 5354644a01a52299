// A log of entries as an array that may begin anywhere: what a simulated disk holds, and what checkers believe a
// peer's log to be. SPEC rule SM42.

import { assert } from '../../kit/assert.ts';
import type { Entry } from '../../model/entry.ts';

export class EntryLog {
  /** The index before the first entry that is still here. */
  #before = 0;
  #entries: Entry[] = [];
  /** Indexes of its views, rising. */
  #views: number[] = [];

  get first(): number {
    return this.#before + 1;
  }

  get last(): number {
    return this.#before + this.#entries.length;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  at(index: number): Entry | undefined {
    return this.#entries[index - this.#before - 1];
  }

  append(entry: Entry): void {
    assert(entry.index === this.last + 1, `entry ${entry.index} continues a log that ends at ${this.last}`);
    this.#entries.push(entry);
    if (entry.body.kind === 'view') this.#views.push(entry.index);
  }

  /** The last view at or below `index`, as far as the log goes back. */
  viewAt(index: number): Entry | undefined {
    const at = this.#views.findLast((view) => view <= index);
    return at === undefined ? undefined : this.at(at);
  }

  /** Takes everything above `after` away and returns it. */
  cut(after: number): readonly Entry[] {
    while ((this.#views.at(-1) ?? 0) > after) this.#views.pop();
    return after >= this.last ? [] : this.#entries.splice(Math.max(0, after - this.#before));
  }

  /** Forgets everything up to `upto`. */
  trim(upto: number): void {
    if (upto <= this.#before) return;
    this.#entries.splice(0, upto - this.#before);
    this.#before = upto;
    this.#views = this.#views.filter((view) => view > upto);
  }

  /** Nothing is left, and the log goes on behind `index`. */
  restart(index: number): void {
    this.#entries = [];
    this.#views = [];
    this.#before = index;
  }

  /** Entries are values: a copy shares them. */
  copy(): EntryLog {
    const copy = new EntryLog();
    copy.#before = this.#before;
    copy.#entries = [...this.#entries];
    copy.#views = [...this.#views];
    return copy;
  }
}
