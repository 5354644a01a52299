// The last changes of the view, kept in a ring that `/api/updates`, the live stream and other consumers resume
// from by cursor. Who fell behind the ring is told so and reads everything anew. SPEC rules HB1-HB3.

import { assert } from '../kit/assert.ts';
import type { Change, ChangePage } from './hub.ts';

export class ChangeRing {
  readonly #capacity: number;
  readonly #changes: Change[] = [];
  /** The cursor of the newest change; 0 before the first. */
  #newest = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, 'a change ring holds at least one change');
    this.#capacity = capacity;
  }

  get newest(): number {
    return this.#newest;
  }

  /** The cursor of the oldest change kept; `newest + 1` when there is none. */
  get oldest(): number {
    return this.#newest - this.kept + 1;
  }

  get kept(): number {
    return Math.min(this.#newest, this.#capacity);
  }

  add(change: Omit<Change, 'cursor'>): Change {
    this.#newest++;
    const kept: Change = { cursor: this.#newest, ...change };
    this.#changes[(this.#newest - 1) % this.#capacity] = kept;
    return kept;
  }

  /** What came after the cursor. A cursor of another life of this node, or one too old, is answered by `reset`. (HB2) */
  after(cursor: number, limit: number): ChangePage {
    if (cursor > this.#newest || cursor < this.oldest - 1) {
      return { changes: [], cursor: this.#newest, reset: true };
    }
    const upto = Math.min(this.#newest, cursor + limit);
    const changes: Change[] = [];
    for (let at = cursor + 1; at <= upto; at++) {
      const change = this.#changes[(at - 1) % this.#capacity];
      if (change !== undefined) changes.push(change);
    }
    return { changes, cursor: upto, reset: false };
  }
}
