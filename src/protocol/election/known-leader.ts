// The leader a peer follows, and when it was last heard. SPEC rules EL10, EL17.

import type { Ballot } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';

export class KnownLeader {
  readonly peer: PeerId;
  readonly ballot: Ballot;
  #heardAtMs: number;
  #isLost = false;

  constructor(peer: PeerId, ballot: Ballot, now: Now) {
    this.peer = peer;
    this.ballot = ballot;
    this.#heardAtMs = now.steadyMs;
  }

  /** The connection to it was lost. */
  get isLost(): boolean {
    return this.#isLost;
  }

  hear(now: Now): void {
    this.#heardAtMs = now.steadyMs;
    this.#isLost = false;
  }

  lose(): void {
    this.#isLost = true;
  }

  isBack(): void {
    this.#isLost = false;
  }

  wasHeard(now: Now, withinMs: number): boolean {
    return !this.#isLost && now.steadyMs - this.#heardAtMs < withinMs;
  }
}
