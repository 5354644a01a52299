// The other voters as a candidate sees them: who is there, who is not listened to for a while, who is held back.
// All of it only decides when somebody asks for votes. SPEC rules EL5, EL7, EL16.

import type { GroupMember } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import type { OrderFact } from '../../model/order-fact.ts';
import type { Now } from '../../model/time.ts';
import { isHigher } from './courtesy.ts';
import type { ElectionOptions } from './options.ts';
import { Penalties } from './penalties.ts';

export class Rivals {
  readonly penalties: Penalties;
  readonly #self: PeerId;
  readonly #options: ElectionOptions;
  readonly #live = new Set<PeerId>();
  /** By peer: until when its OK is passed over. */
  readonly #deaf = new Map<PeerId, number>();

  constructor(self: PeerId, options: ElectionOptions) {
    this.#self = self;
    this.#options = options;
    this.penalties = new Penalties(options);
  }

  up(peer: PeerId): void {
    if (peer !== this.#self) this.#live.add(peer);
  }

  down(peer: PeerId): void {
    this.#live.delete(peer);
  }

  isUp(peer: PeerId): boolean {
    return peer === this.#self || this.#live.has(peer);
  }

  /** It had its chance; until it leads, or for a while, it is passed over. */
  ignore(peer: PeerId, now: Now): void {
    this.#deaf.set(peer, now.steadyMs + this.#options.deafMs);
  }

  heed(peer: PeerId): void {
    this.#deaf.delete(peer);
  }

  heeds(peer: PeerId, now: Now): boolean {
    return now.steadyMs >= (this.#deaf.get(peer) ?? 0);
  }

  isHeld(peer: PeerId, now: Now): boolean {
    return this.penalties.isHeld(peer, now.steadyMs);
  }

  penalise(peer: PeerId | null, now: Now, announce: (fact: OrderFact) => void): void {
    if (peer === null) return;
    const { penalty, holdMs } = this.penalties.add(peer, now.steadyMs);
    announce({ type: 'penalty', peer, penalty, holdMs });
  }

  /** The more live and eligible voters are higher, the later this one asks. (EL5) */
  rankMs(self: GroupMember, voters: readonly GroupMember[], now: Now): number {
    const higher = voters.filter(
      (voter) =>
        this.#live.has(voter.peer) &&
        isHigher(voter, self) &&
        this.heeds(voter.peer, now) &&
        !this.isHeld(voter.peer, now),
    );
    return higher.length * this.#options.rankMs;
  }
}
