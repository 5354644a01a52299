// Tells others: news at once to a few, and to the next few soon after until it has gone round, and along with
// every PING and PONG (SWIM §4.1). SPEC rules MB5, MB6, MB23, MB27.

import type { Random } from '../../kit/random.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import type { Member } from './member.ts';
import type { MembershipOptions } from './options.ts';
import type { Own } from './own.ts';
import type { Roster } from './roster.ts';
import { RumourQueue } from './rumours.ts';
import { doublings } from './suspicion.ts';

export class Spreader {
  readonly #own: Own;
  readonly #roster: Roster;
  readonly #options: MembershipOptions;
  readonly #queue: RumourQueue;
  /** Where in the roster the next are told. Walking on reaches all of a small cluster, as chance would not. */
  #walk: number;
  #nextMs = NEVER;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(own: Own, roster: Roster, options: MembershipOptions, random: Random) {
    this.#own = own;
    this.#roster = roster;
    this.#options = options;
    this.#queue = new RumourQueue(own.peer);
    this.#walk = random.below(LIMITS.membersMax);
  }

  get wakeAt(): number {
    return this.#nextMs;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  news(rumour: Rumour, now: Now): void {
    this.#queue.put(rumour);
    this.#nextMs = Math.min(this.#nextMs, Math.max(now.steadyMs, this.#lastMs + this.#options.spreadEveryMs));
  }

  forget(member: Member): void {
    this.#queue.remove(member.peer);
  }

  wake(now: Now, out: Outbox): void {
    if (now.steadyMs < this.#nextMs) return;
    const { reachable } = this.#roster;
    const count = Math.min(this.#options.spreadFanout, reachable.length);
    for (let i = 0; i < count && this.#queue.size > 0; i++) {
      this.#walk = (this.#walk + 1) % reachable.length;
      const member = reachable[this.#walk];
      if (member !== undefined) this.tell(member, this.#take(limitTo(member)), out);
    }
    this.#lastMs = now.steadyMs;
    // With nobody to tell, the next member met is news itself and starts it again.
    const goesOn = this.#queue.size > 0 && reachable.length > 0;
    this.#nextMs = goesOn ? now.steadyMs + this.#options.spreadEveryMs : NEVER;
  }

  tell(member: Member, rumours: readonly Rumour[], out: Outbox): void {
    const channel = member.linked ? 'stream' : 'datagram';
    out.send(member.peer, { type: 'PEER_LIST', whole: false, rumours }, channel);
  }

  /** What rides along with a PING or PONG: first what the receiver must know to be known, then news. */
  riders(to: Member): readonly Rumour[] {
    const first: Rumour[] = [];
    // Whoever is suspected learns it from everybody that talks to it (Lifeguard's buddy system; MB23).
    if (to.status !== 'alive') first.push(to.rumour);
    if (!to.knowsThisPeer) first.push(this.#own.rumour);
    const news = this.#take(LIMITS.rumoursPerDatagram - first.length);
    return first.length === 0 ? news : [...first, ...news];
  }

  #take(count: number): Rumour[] {
    if (this.#queue.size === 0) return [];
    return this.#queue.take(count, this.#options.spreadFactor * doublings(this.#roster.reachable.length + 1));
  }
}

function limitTo(member: Member): number {
  return member.linked ? LIMITS.rumoursPerFrame : LIMITS.rumoursPerDatagram;
}
