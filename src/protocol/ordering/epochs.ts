// Where each ballot's entries begin. A few dozen rows tell how far two logs agree, in one step (Kafka's KIP-101),
// because two logs that hold an entry of one ballot hold the same ones before it. SPEC rules OR6, OR13.

import { type Ballot, NO_BALLOT, sameBallot } from '../../model/ballot.ts';
import type { Epoch } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';

export class Epochs {
  #rows: Epoch[];

  constructor(rows: readonly Epoch[]) {
    this.#rows = [...rows];
  }

  get rows(): readonly Epoch[] {
    return this.#rows;
  }

  append(ballot: Ballot, index: number): void {
    const last = this.#rows.at(-1);
    if (last !== undefined && (last.ballot === ballot || sameBallot(last.ballot, ballot))) return;
    this.#rows.push({ ballot, first: index });
    if (this.#rows.length > LIMITS.epochsMax) this.#rows.shift();
  }

  cut(after: number): void {
    while ((this.#rows.at(-1)?.first ?? 0) > after) this.#rows.pop();
  }

  /** The rows that say nothing about entries above `upto` go, but for the one that holds there. */
  forget(upto: number): void {
    let keep = 0;
    while ((this.#rows[keep + 1]?.first ?? Number.POSITIVE_INFINITY) <= upto + 1) keep++;
    if (keep > 0) this.#rows = this.#rows.slice(keep);
  }

  /** The ballot of the entry at `index`, which is not above the log's end. */
  ballotAt(index: number): Ballot {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.first ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return this.#rows[low - 1]?.ballot ?? NO_BALLOT;
  }

  firstOf(ballot: Ballot): number | null {
    return this.#rows.find((row) => sameBallot(row.ballot, ballot))?.first ?? null;
  }

  /** The latest rows, as many as a message takes. */
  table(): readonly Epoch[] {
    return this.#rows.slice(-LIMITS.epochsPerMessageMax);
  }

  /** Up to where this log, which ends at `last`, agrees with one of these rows that ends at `theirLast`. 0: nowhere. */
  agreesUpto(last: number, theirs: readonly Epoch[], theirLast: number): number {
    for (let i = theirs.length - 1; i >= 0; i--) {
      const row = theirs[i];
      if (row === undefined) continue;
      const place = this.#rows.findLastIndex(({ ballot }) => sameBallot(ballot, row.ballot));
      if (place < 0) continue;
      const mine = (this.#rows[place + 1]?.first ?? last + 1) - 1;
      return Math.min(mine, (theirs[i + 1]?.first ?? theirLast + 1) - 1);
    }
    return 0;
  }
}
