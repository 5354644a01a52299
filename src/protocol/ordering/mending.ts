// A log with a hole: what stood there was acknowledged, and others counted on it. Until the peer has everything
// again that it may have acknowledged it neither votes nor acknowledges; it has it once its log reaches as far as
// that of the leader did at some moment after the damage was found, whose log holds all that was committed and all
// that this peer acknowledged to it. SPEC rule OR45.

import { type Ballot, NO_BALLOT, sameBallot } from '../../model/ballot.ts';

export class Mending {
  #isDamaged: boolean;
  #ballot: Ballot = NO_BALLOT;
  /** Where the log of that ballot's leader ended when it was first heard. */
  #upto = Number.POSITIVE_INFINITY;

  constructor(isDamaged: boolean) {
    this.#isDamaged = isDamaged;
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** The log may lack what was acknowledged from this disk, and nothing on it tells. */
  doubt(): void {
    this.#isDamaged = true;
    this.#ballot = NO_BALLOT;
    this.#upto = Number.POSITIVE_INFINITY;
  }

  heard(ballot: Ballot, lastIndex: number): void {
    if (!this.#isDamaged || sameBallot(ballot, this.#ballot)) return;
    this.#ballot = ballot;
    this.#upto = lastIndex;
  }

  /** Whether the log is whole with this; said once. */
  reached(ballot: Ballot, matched: number, durable: number): boolean {
    if (!this.#isDamaged || !sameBallot(ballot, this.#ballot)) return false;
    if (Math.min(matched, durable) < this.#upto) return false;
    this.#isDamaged = false;
    return true;
  }
}
