// Deadlines of many things, the earliest first: a binary heap in which each thing knows its place, so that a
// deadline can be moved or taken away without leaving anything behind. SPEC rule MB25.

import { NEVER } from '../../model/time.ts';

export interface Timed {
  dueMs: number;
  /** Its place in the heap, -1 when it waits for nothing. */
  slot: number;
}

export class Timers<T extends Timed> {
  readonly #heap: T[] = [];

  get nextMs(): number {
    return this.#heap[0]?.dueMs ?? NEVER;
  }

  get size(): number {
    return this.#heap.length;
  }

  set(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    if (item.slot < 0) {
      item.slot = this.#heap.length;
      this.#heap.push(item);
    }
    this.#rise(item);
    this.#sink(item);
  }

  clear(item: T): void {
    if (item.slot < 0) return;
    const last = this.#heap.pop();
    if (last !== undefined && last !== item) {
      this.#put(last, item.slot);
      this.#rise(last);
      this.#sink(last);
    }
    item.slot = -1;
  }

  /** Takes out the earliest that is due. */
  takeDue(nowMs: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.clear(first);
    return first;
  }

  #rise(item: T): void {
    while (item.slot > 0) {
      const above = this.#heap[(item.slot - 1) >> 1];
      if (above === undefined || above.dueMs <= item.dueMs) return;
      const slot = above.slot;
      this.#put(above, item.slot);
      this.#put(item, slot);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#heap[2 * item.slot + 1];
      const right = this.#heap[2 * item.slot + 2];
      const below = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left;
      if (below === undefined || below.dueMs >= item.dueMs) return;
      const slot = below.slot;
      this.#put(below, item.slot);
      this.#put(item, slot);
    }
  }

  #put(item: T, slot: number): void {
    item.slot = slot;
    this.#heap[slot] = item;
  }
}
