// Whole lists: all that a peer knows of the members, asked for over a new link, soon after much news, and seldom
// otherwise, to repair what news has missed (anti-entropy, Demers 1987). SPEC rules MB2, MB26, MB31, MB32.

import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import { LONG_AGO, type Member } from './member.ts';
import type { MembershipOptions } from './options.ts';
import type { Own } from './own.ts';
import type { Roster } from './roster.ts';

/** So much of one message was new that more is to be expected. */
const MUCH_NEWS = 16;

export class WholeLists {
  readonly #own: Own;
  readonly #roster: Roster;
  readonly #options: MembershipOptions;
  readonly #random: Random;
  /** When a whole list came in or was asked for last. */
  #lastMs = Number.NEGATIVE_INFINITY;
  /** From then on the next is asked for: a short while at first, twice as long each time. */
  #waitMs: number;
  /** Rather from this one: it said what this peer could not believe without a later word of it. */
  #askNext: PeerId | null = null;
  /** What was known before and not seen since is not handed on. */
  #believedSinceMs = LONG_AGO;

  constructor(own: Own, roster: Roster, options: MembershipOptions, random: Random) {
    this.#own = own;
    this.#roster = roster;
    this.#options = options;
    this.#random = random;
    this.#waitMs = options.heartbeatIntervalMs;
  }

  /** There was nothing to learn for long: the next is due at a time of its own. */
  settled(members: number, nowMs: number): void {
    this.#waitMs = this.#longestMs(members);
    this.#lastMs = nowMs - this.#random.between(0, this.#waitMs);
  }

  /** Whether none came in or was asked for lately. */
  isDue(now: Now): boolean {
    return now.steadyMs - this.#lastMs >= this.#options.syncEveryMs;
  }

  came(now: Now): void {
    this.#lastMs = now.steadyMs;
  }

  /** This peer was not there for a while: it asks at its next turn. */
  missedSomething(): void {
    this.#waitMs = 0;
  }

  /** For so long that others may have forgotten who died, and must not hear of them as if they lived. (MB31) */
  wasAway(nowMs: number): void {
    // What it hears first may have waited for as long.
    this.#believedSinceMs = Math.floor(nowMs) + this.#options.heartbeatIntervalMs;
  }

  /** Of one message, so many claims were new, and this peer refused so many. */
  learnt(from: PeerId, news: number, refused: number): void {
    if (news >= MUCH_NEWS || refused > 0) this.#waitMs = this.#options.heartbeatIntervalMs;
    if (refused > 0) this.#askNext = from;
  }

  turn(now: Now, out: Outbox): void {
    const members = this.#roster.reachable;
    if (members === 0 || now.steadyMs - this.#lastMs < this.#waitMs) return;
    const asked = this.#askNext === null ? undefined : this.#roster.get(this.#askNext);
    const member = asked?.reachable ? asked : this.#roster.pick(this.#random);
    this.#askNext = null;
    const { heartbeatIntervalMs } = this.#options;
    this.#waitMs = Math.min(Math.max(heartbeatIntervalMs, 2 * this.#waitMs), this.#longestMs(members));
    if (member !== undefined) this.ask(member, now, out);
  }

  ask(member: Member, now: Now, out: Outbox): void {
    this.#lastMs = now.steadyMs;
    member.asked(now.steadyMs);
    out.send(member.peer, { type: 'JOIN_REQUEST', self: this.#own.rumour }, 'stream');
  }

  /** Two that believe each other dead would go on asking back until one of them has refuted. */
  askBack(member: Member, now: Now, out: Outbox): void {
    if (now.steadyMs - member.askedMs >= this.#options.spreadEveryMs) this.ask(member, now, out);
  }

  tell(to: PeerId, out: Outbox): void {
    let rumours = [this.#own.rumour];
    for (const rumour of this.#believed()) {
      if (rumours.length === LIMITS.rumoursPerFrame) {
        out.send(to, { type: 'PEER_LIST', whole: true, rumours }, 'stream');
        rumours = [];
      }
      rumours.push(rumour);
    }
    out.send(to, { type: 'PEER_LIST', whole: true, rumours }, 'stream');
  }

  *#believed(): Generator<Rumour> {
    if (this.#believedSinceMs === LONG_AGO) {
      yield* this.#roster.rumours();
      return;
    }
    for (const { rumour, evidenceMs, statusSinceMs } of this.#roster.seen()) {
      if (Math.max(evidenceMs, statusSinceMs) >= this.#believedSinceMs) yield rumour;
    }
  }

  /** In a cluster one such exchange a period, or each peer every `syncEveryMs`. */
  #longestMs(members: number): number {
    const { syncEveryMs, heartbeatIntervalMs } = this.#options;
    return Math.max(syncEveryMs, members * heartbeatIntervalMs);
  }
}
