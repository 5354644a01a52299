// What is to happen in a large simulated cluster, in order. Columns of numbers instead of an object a step, since
// there are millions: a heap of places, each place a row of the columns. Steps of one moment run in the order in
// which they were asked for. SPEC rules SM1, SM20.

import { assert } from '../../kit/assert.ts';
import type { Input } from '../../peer/port.ts';

/** Children of a heap's node: flatter than a binary heap, and its four lie side by side. */
const ARITY = 4;
const ROWS_AT_FIRST = 1_024;

/** What a step does: brings an input to a station, wakes one, or runs something of the scenario. */
export type What = Input | (() => void) | null;

export class Agenda {
  #nowMs = 0;
  #order = 0;
  #ran = 0;
  /** Rows of what waits, the earliest first. */
  #heap = new Int32Array(ROWS_AT_FIRST);
  #size = 0;
  #atMs = new Float64Array(ROWS_AT_FIRST);
  #orders = new Float64Array(ROWS_AT_FIRST);
  #stations = new Int32Array(ROWS_AT_FIRST);
  #lives = new Int32Array(ROWS_AT_FIRST);
  readonly #whats: What[] = [];
  /** Rows that are free again, the last one freed on top. */
  #free = new Int32Array(ROWS_AT_FIRST);
  #freeCount = 0;
  #rows = 0;

  /** Of the step taken last: whom it is for (-1: nobody), in which of its lives, and what it is. */
  station = -1;
  life = 0;
  what: What = null;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many steps were taken. */
  get ran(): number {
    return this.#ran;
  }

  get waiting(): number {
    return this.#size;
  }

  /** Something of the scenario. */
  at(atMs: number, run: () => void): void {
    this.put(atMs, -1, 0, run);
  }

  put(atMs: number, station: number, life: number, what: What): void {
    assert(atMs >= this.#nowMs, 'nothing happens in the past');
    const row = this.#freeCount > 0 ? (this.#free[--this.#freeCount] as number) : this.#newRow();
    this.#atMs[row] = atMs;
    this.#orders[row] = this.#order++;
    this.#stations[row] = station;
    this.#lives[row] = life;
    this.#whats[row] = what;
    this.#rise(row, this.#size++);
  }

  /** Takes the next step if it comes by `untilMs`; otherwise the time becomes `untilMs`. */
  take(untilMs: number): boolean {
    const row = this.#heap[0] as number;
    if (this.#size === 0 || (this.#atMs[row] as number) > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#nowMs = this.#atMs[row] as number;
    this.#ran++;
    this.station = this.#stations[row] as number;
    this.life = this.#lives[row] as number;
    this.what = this.#whats[row] as What;
    this.#whats[row] = null;
    this.#free[this.#freeCount++] = row;
    const last = this.#heap[--this.#size] as number;
    if (this.#size > 0) this.#sink(last);
    return true;
  }

  #newRow(): number {
    const row = this.#rows++;
    if (row === this.#atMs.length) {
      this.#heap = grown(this.#heap, new Int32Array(2 * row));
      this.#atMs = grown(this.#atMs, new Float64Array(2 * row));
      this.#orders = grown(this.#orders, new Float64Array(2 * row));
      this.#stations = grown(this.#stations, new Int32Array(2 * row));
      this.#lives = grown(this.#lives, new Int32Array(2 * row));
      this.#free = grown(this.#free, new Int32Array(2 * row));
    }
    return row;
  }

  #rise(row: number, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = Math.floor((at - 1) / ARITY);
      const parent = heap[above] as number;
      if (!this.#before(row, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = row;
  }

  #sink(row: number): void {
    const heap = this.#heap;
    const size = this.#size;
    let at = 0;
    for (;;) {
      const first = ARITY * at + 1;
      if (first >= size) break;
      let best = first;
      const end = Math.min(first + ARITY, size);
      for (let child = first + 1; child < end; child++) {
        if (this.#before(heap[child] as number, heap[best] as number)) best = child;
      }
      const child = heap[best] as number;
      if (!this.#before(child, row)) break;
      heap[at] = child;
      at = best;
    }
    heap[at] = row;
  }

  #before(a: number, b: number): boolean {
    const aMs = this.#atMs[a] as number;
    const bMs = this.#atMs[b] as number;
    return aMs < bMs || (aMs === bMs && (this.#orders[a] as number) < (this.#orders[b] as number));
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
