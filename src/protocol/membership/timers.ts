// Deadlines of many things, the earliest first: a binary heap in which each thing knows its place, so that a
// deadline can be moved or taken away without leaving anything behind. SPEC rule MB25.

import { NEVER } from '../../model/time.ts';

export interface Timed {
  /** Its place in the heap, -1 when it waits for nothing. */
  slot: number;
}

export class Timers<T extends Timed> {
  readonly #heap: T[] = [];
  /** When the thing at the same place is due. */
  readonly #dueMs: number[] = [];

  get nextMs(): number {
    return this.#dueMs[0] ?? NEVER;
  }

  get size(): number {
    return this.#heap.length;
  }

  set(item: T, dueMs: number): void {
    if (item.slot < 0) {
      item.slot = this.#heap.length;
      this.#heap.push(item);
      this.#dueMs.push(dueMs);
    }
    this.#dueMs[item.slot] = dueMs;
    this.#rise(item, dueMs);
    this.#sink(item, dueMs);
  }

  clear(item: T): void {
    if (item.slot < 0) return;
    const last = this.#heap.pop();
    const dueMs = this.#dueMs.pop();
    if (last !== undefined && dueMs !== undefined && last !== item) {
      this.#put(last, dueMs, item.slot);
      this.#rise(last, dueMs);
      this.#sink(last, dueMs);
    }
    item.slot = -1;
  }

  /** Takes out the earliest that is due. */
  takeDue(nowMs: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || this.nextMs > nowMs) return null;
    this.clear(first);
    return first;
  }

  #rise(item: T, dueMs: number): void {
    while (item.slot > 0) {
      const slot = item.slot;
      const aboveSlot = (slot - 1) >> 1;
      const above = this.#heap[aboveSlot];
      const aboveMs = this.#dueMs[aboveSlot] ?? NEVER;
      if (above === undefined || aboveMs <= dueMs) return;
      this.#put(above, aboveMs, slot);
      this.#put(item, dueMs, aboveSlot);
    }
  }

  #sink(item: T, dueMs: number): void {
    for (;;) {
      const slot = item.slot;
      const leftMs = this.#dueMs[2 * slot + 1] ?? NEVER;
      const rightMs = this.#dueMs[2 * slot + 2] ?? NEVER;
      const belowSlot = 2 * slot + (rightMs < leftMs ? 2 : 1);
      const belowMs = Math.min(leftMs, rightMs);
      const below = this.#heap[belowSlot];
      if (below === undefined || belowMs >= dueMs) return;
      this.#put(below, belowMs, slot);
      this.#put(item, dueMs, belowSlot);
    }
  }

  #put(item: T, dueMs: number, slot: number): void {
    item.slot = slot;
    this.#heap[slot] = item;
    this.#dueMs[slot] = dueMs;
  }
}
