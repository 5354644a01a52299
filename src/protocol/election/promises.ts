// The ballots a peer is bound by. What is promised never goes back, and what others are told waits for the disk.
// SPEC rules EL1-EL3.

import {
  type Ballot,
  type BallotOwner,
  compareBallots,
  NO_BALLOT,
  nextBallot,
  sameBallot,
} from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';

export interface Owed {
  readonly to: PeerId;
  readonly ballot: Ballot;
}

export class Promises {
  /** Below it nothing counts. Never goes back. */
  #promised: Ballot;
  /** What the disk knows of it. */
  #saved: Ballot;
  /** The highest that anybody told of: a claim must beat it. */
  #seen: Ballot;
  /** Told once the disk has it, unless something higher was promised meanwhile. */
  #owed: Owed | null = null;

  constructor(promised: Ballot) {
    this.#promised = promised;
    this.#saved = promised;
    this.#seen = promised;
  }

  get promised(): Ballot {
    return this.#promised;
  }

  get saved(): Ballot {
    return this.#saved;
  }

  see(ballot: Ballot): void {
    if (compareBallots(ballot, this.#seen) > 0) this.#seen = ballot;
  }

  /** The lowest ballot of this owner above all that are known. */
  next(owner: BallotOwner): Ballot {
    return nextBallot(compareBallots(this.#seen, this.#promised) > 0 ? this.#seen : this.#promised, owner);
  }

  /** Whether it is higher than what was promised. */
  raise(ballot: Ballot): boolean {
    if (compareBallots(ballot, this.#promised) <= 0) return false;
    this.#promised = ballot;
    this.#owed = null;
    return true;
  }

  /** Another group has ballots of its own. */
  forget(): void {
    this.#promised = NO_BALLOT;
    this.#saved = NO_BALLOT;
    this.#seen = NO_BALLOT;
    this.#owed = null;
  }

  grant(to: PeerId, ballot: Ballot): void {
    this.#promised = ballot;
    this.#owed = { to, ballot };
  }

  isOwed(to: PeerId, ballot: Ballot): boolean {
    return this.#owed !== null && this.#owed.to === to && sameBallot(this.#owed.ballot, ballot);
  }

  wasSaved(ballot: Ballot): void {
    if (compareBallots(ballot, this.#saved) > 0) this.#saved = ballot;
  }

  isSaved(ballot: Ballot): boolean {
    return compareBallots(this.#saved, ballot) >= 0;
  }

  /** What may be told by this rule, once. */
  due(mayPromise: (ballot: Ballot, saved: Ballot) => boolean): Owed | null {
    const owed = this.#owed;
    if (owed === null || !mayPromise(owed.ballot, this.#saved)) return null;
    this.#owed = null;
    return sameBallot(owed.ballot, this.#promised) ? owed : null;
  }
}
