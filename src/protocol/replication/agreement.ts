// Agreement: what exchanges have found out about being equal, and so what to expect of the next one. SPEC rules
// RP30, RP45.

import type { PeerId } from '../../model/ids.ts';
import type { Outbox } from '../outbox.ts';

export class Agreement {
  /** Whether the exchange before found both sides equal, and the root hash this peer had then. */
  #foundEqual = false;
  #root = -1;
  /** Whether something was found missing since both sides were last found equal. */
  #missing = false;

  /** No news since both sides were equal; or news that was pushed to everybody. */
  isExpected(root: number, pushedToAll: boolean): boolean {
    return this.#foundEqual && (pushedToAll || root === this.#root);
  }

  /** The part of the streams that a digest spoke of was equal, so the rest may be. */
  partFound(root: number): void {
    this.#foundEqual = true;
    this.#root = root;
  }

  found(peer: PeerId, root: number, out: Outbox): void {
    this.partFound(root);
    if (!this.#missing) return;
    this.#missing = false;
    out.announce({ type: 'converged', peer });
  }

  /** Something was found missing, here or there. */
  missed(): void {
    this.#foundEqual = false;
    this.#missing = true;
  }
}
