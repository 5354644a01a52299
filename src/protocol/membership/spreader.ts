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
import { type NewsKind, RumourQueue } from './rumours.ts';
import { doublings } from './suspicion.ts';

/** So much news does not fit datagrams any more, and goes in frames also to members without a link. */
const MUCH_NEWS = 64;

export class Spreader {
  readonly #own: Own;
  readonly #roster: Roster;
  readonly #options: MembershipOptions;
  readonly #queue: RumourQueue;
  /**
   * Where in the roster, as often as it has to be repeated, the next are told. Walking on reaches all of a small
   * cluster, as chance would not; and however large the roster becomes, the walks of all are spread over it.
   */
  #walk: number;
  #nextMs = NEVER;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Until then it only tells of itself. */
  #quietUntilMs = Number.NEGATIVE_INFINITY;

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

  news(rumour: Rumour, kind: NewsKind, now: Now): void {
    if (now.steadyMs < this.#quietUntilMs && rumour.peer !== this.#own.peer) return;
    this.#queue.put(rumour, kind);
    this.#nextMs = Math.min(this.#nextMs, Math.max(now.steadyMs, this.#lastMs + this.#options.spreadEveryMs));
  }

  heardAgain(rumour: Rumour): void {
    this.#queue.heardAgain(rumour);
  }

  /** This peer was away for long: what waits to be told, and what it hears first, may be long over. (MB31) */
  wasAway(now: Now): void {
    this.#queue.clear();
    this.#quietUntilMs = now.steadyMs + this.#options.heartbeatIntervalMs;
  }

  forget(member: Member): void {
    this.#queue.remove(member.peer);
  }

  wake(now: Now, out: Outbox): void {
    if (now.steadyMs < this.#nextMs) return;
    const reachable = this.#roster.sorted();
    const count = Math.min(this.#options.spreadFanout, reachable.length);
    for (let i = 0; i < count && this.#queue.size > 0; i++) {
      this.#walk++;
      const peer = reachable[this.#walk % reachable.length];
      const member = peer === undefined ? undefined : this.#roster.get(peer);
      if (member !== undefined) this.#tellNews(member, out);
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
  riders(to: Member, doubt: Rumour | null = null): readonly Rumour[] {
    const first: Rumour[] = [];
    // Whoever is suspected learns it from everybody that talks to it (Lifeguard's buddy system; MB23).
    if (doubt !== null) first.push(doubt);
    else if (to.status !== 'alive') first.push(to.rumour);
    if (!to.knowsThisPeer) first.push(this.#own.rumour);
    const news = this.#take(LIMITS.rumoursPerDatagram - first.length);
    return first.length === 0 ? news : [...first, ...news];
  }

  #tellNews(member: Member, out: Outbox): void {
    const inFrames = member.linked || this.#queue.size > MUCH_NEWS;
    const rumours = this.#take(inFrames ? LIMITS.rumoursPerFrame : LIMITS.rumoursPerDatagram);
    if (rumours.length === 0) return;
    out.send(member.peer, { type: 'PEER_LIST', whole: false, rumours }, inFrames ? 'stream' : 'datagram');
  }

  #take(count: number): Rumour[] {
    if (this.#queue.size === 0) return [];
    return this.#queue.take(count, this.#options.spreadFactor * doublings(this.#roster.reachable + 1));
  }
}
