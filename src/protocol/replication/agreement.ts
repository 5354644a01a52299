// Agreement: what exchanges have found out about being equal, and so what to expect of the next one. SPEC rules
// RP30, RP45.

import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';

export class Agreement {
  /** Whether the exchange before found both sides equal, and the root hash this peer had then. */
  #foundEqual = false;
  #root = -1;
  /** Whether something was found missing since both sides were last found equal. */
  #missing = false;
  readonly #tellAfterMs: number;
  /** When (steady clock) this peer was last found equal to another. */
  #equalAtMs = Number.NEGATIVE_INFINITY;

  /** What is under way for less than `tellAfterMs` is no difference worth telling of. */
  constructor(tellAfterMs: number) {
    this.#tellAfterMs = tellAfterMs;
  }

  /** No news since both sides were equal; or news that was pushed to everybody. */
  isExpected(root: number, pushedToAll: boolean): boolean {
    return this.#foundEqual && (pushedToAll || root === this.#root);
  }

  /** The part of the streams that a digest spoke of was equal, so the rest may be. */
  partFound(root: number): void {
    this.#foundEqual = true;
    this.#root = root;
  }

  found(peer: PeerId, root: number, now: Now, out: Outbox): void {
    this.partFound(root);
    const apartMs = now.steadyMs - this.#equalAtMs;
    this.#equalAtMs = now.steadyMs;
    if (this.#missing && apartMs >= this.#tellAfterMs) out.announce({ type: 'converged', peer });
    this.#missing = false;
  }

  /** Something was found missing, here or there. */
  missed(): void {
    this.#foundEqual = false;
    this.#missing = true;
  }
}
