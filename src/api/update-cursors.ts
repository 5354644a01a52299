// Where each client of `/api/updates` is that names no cursor: one place per client address. The address that
// asked longest ago goes first when there are too many. SPEC rule AP8.

import { assert } from '../kit/assert.ts';

export class UpdateCursors {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #cursors = new Map<string, number>();
  #furthest = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, 'at least one client address is remembered');
    this.#capacity = capacity;
  }

  /** The furthest any client has read. */
  get furthest(): number {
    return this.#furthest;
  }

  get size(): number {
    return this.#cursors.size;
  }

  /** 0, the place before all changes, for an address not seen yet. */
  of(address: string): number {
    return this.#cursors.get(address) ?? 0;
  }

  move(address: string, cursor: number): void {
    this.#furthest = Math.max(this.#furthest, cursor);
    this.#cursors.delete(address);
    this.#cursors.set(address, cursor);
    if (this.#cursors.size <= this.#capacity) return;
    for (const oldest of this.#cursors.keys()) {
      this.#cursors.delete(oldest);
      return;
    }
  }
}
