// Who led before whom: what the next election, and the next transfer, take into account. SPEC rules EL15, EL16.

import type { PeerId } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Rivals } from './rivals.ts';
import type { ElectionPort } from './standing.ts';

export class Succession {
  readonly #self: PeerId;
  readonly #rivals: Rivals;
  /** Who led last, as far as known here: it lost the lead if another is elected. */
  #lastLeader: PeerId | null = null;
  lastTransferMs = -NEVER;

  constructor(self: PeerId, rivals: Rivals) {
    this.#self = self;
    this.#rivals = rivals;
  }

  /** `how` is null where a leader is met in the middle of its time. */
  leads(peer: PeerId, how: Accession | null, now: Now, port: ElectionPort): void {
    if (how === 'transfer') {
      this.lastTransferMs = now.steadyMs;
      if (this.#lastLeader === this.#self && peer !== this.#self) {
        port.announce({ type: 'transfer', to: peer, step: 'done', why: 'it leads' });
      }
    }
    if (how === 'election' && this.#lastLeader !== peer) {
      this.#rivals.penalise(this.#lastLeader, now, port.announce);
    }
    this.#lastLeader = peer;
    this.#rivals.heed(peer);
  }
}
