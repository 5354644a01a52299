// What is said of the members, and the one place where it changes: claims of others, and this peer's own
// verdicts. SPEC rules MB8, MB9, MB18, MB22.
//
//   (unknown) ──a claim──▶ alive ◀───────────refutes───────────┐
//                           │  │                               │
//         says goodbye ◀────┘  └──fails probes, is said to──▶ suspected ──no refutation──▶ dead
//         (left)                                                                            │
//            └──────────────────────── a higher incarnation ────────────────────────────────┴──▶ alive
//
// The surprise: somebody else's word never kills. A claim that a member were dead only makes it suspected with
// the shortest time to refute, so that a peer that was cut off cannot bury the others when it returns.

import { sameAddress } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { sameIdentity } from '../../model/ids.ts';
import { overrides, type Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import type { Contacts } from './contacts.ts';
import type { Counters } from './counters.ts';
import type { Detector } from './detector.ts';
import { Member } from './member.ts';
import type { MembershipOptions } from './options.ts';
import type { Roster } from './roster.ts';
import type { Spreader } from './spreader.ts';
import { Suspicion } from './suspicion.ts';

/** Members looked at each period for whether they are to be forgotten. */
const PATROLLED_PER_TURN = 4;
/** Evidence no older than this many periods outweighs a claim of death. */
const FRESH_PERIODS = 2;

interface Parts {
  readonly roster: Roster;
  readonly spreader: Spreader;
  readonly detector: Detector;
  readonly contacts: Contacts;
  readonly counters: Counters;
}

export class Census {
  readonly #self: PeerId;
  readonly #options: MembershipOptions;
  readonly #roster: Roster;
  readonly #spreader: Spreader;
  readonly #detector: Detector;
  readonly #contacts: Contacts;
  readonly #counters: Counters;

  constructor(self: PeerId, options: MembershipOptions, parts: Parts) {
    this.#self = self;
    this.#options = options;
    this.#roster = parts.roster;
    this.#spreader = parts.spreader;
    this.#detector = parts.detector;
    this.#contacts = parts.contacts;
    this.#counters = parts.counters;
  }

  /** Somebody says so of another member. */
  hear(claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    const member = this.#roster.get(claim.peer);
    if (member === undefined) this.#meet(claim, from, now, out);
    else if (claim.status === 'dead' && member.reachable) this.#hearOfDeath(member, claim, from, now, out);
    else if (overrides(claim, member.rumour)) this.#adopt(member, claim, whyOf(claim, from), from, now, out);
    else if (isSameClaim(claim, member.rumour) && member.suspicion?.confirm(from))
      this.#detector.watch(member, now);
  }

  /** This peer's own verdict. */
  accuse(member: Member, status: 'suspected' | 'dead', why: string, now: Now, out: Outbox): void {
    const rumour: Rumour = { ...member.rumour, status };
    if (!overrides(rumour, member.rumour)) {
      if (member.suspicion?.confirm(this.#self)) this.#detector.watch(member, now);
      return;
    }
    this.#adopt(member, rumour, why, this.#self, now, out);
    if (status === 'suspected') this.#spreader.tell(member, [rumour], out);
  }

  /** Looks at the next few members and forgets those that have been gone for long. (MB22) */
  patrol(now: Now): void {
    for (let i = 0; i < PATROLLED_PER_TURN; i++) {
      const member = this.#roster.next();
      if (member === null || !this.#isLongGone(member, now)) continue;
      this.#detector.forget(member);
      this.#spreader.forget(member);
      this.#roster.drop(member);
    }
  }

  #meet(claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    if (this.#roster.isFull) {
      this.#counters.membership_members_refused_total++;
      return;
    }
    const member = new Member(claim, this.#options.phiInitialIntervalMs, now.steadyMs);
    this.#roster.add(member);
    if (!member.reachable) return;
    member.witnessed = true;
    const { peer, address, incarnation, status } = claim;
    if (status === 'suspected') member.suspicion = new Suspicion(from, now.steadyMs);
    this.#detector.watch(member, now);
    this.#spreader.news(claim, now);

    out.announce({ type: 'member-joined', peer, address, incarnation });
    if (status === 'suspected') {
      const why = whyOf(claim, from);
      out.announce({ type: 'member-status', peer, status, was: 'alive', incarnation, why });
    }
  }

  /**
   * Whoever says so has waited in vain, or was cut off itself. A member heard of lately is told, so that it
   * refutes; of another nothing is known, so it gets the shortest time: but it gets it. (MB9)
   */
  #hearOfDeath(member: Member, claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    if (!overrides(claim, member.rumour)) return;
    const freshMs = FRESH_PERIODS * this.#options.heartbeatIntervalMs;
    if (member.status === 'alive' && now.steadyMs - member.evidenceMs < freshMs) {
      out.send(member.peer, { type: 'PEER_LIST', whole: false, rumours: [claim] }, 'stream');
      return;
    }
    const suspected: Rumour = { ...claim, status: 'suspected' };
    if (overrides(suspected, member.rumour)) {
      this.#adopt(member, suspected, whyOf(claim, from), from, now, out);
    }
    member.suspicion?.makeCertain();
    this.#detector.watch(member, now);
  }

  /** The one place where what is said of a known member changes. */
  #adopt(member: Member, rumour: Rumour, why: string, by: PeerId, now: Now, out: Outbox): void {
    const before = member.rumour;
    const { peer, status, incarnation, address } = rumour;
    const wasReachable = member.reachable;
    const isReborn = !sameIdentity(before.identity, rumour.identity);
    this.#roster.update(member, rumour);
    if (before.incarnation !== incarnation || isReborn) member.knowsThisPeer = false;
    if (member.reachable && (isReborn || !wasReachable)) member.beginsAnew();
    if (member.reachable) member.witnessed = true;
    member.suspicion = status === 'suspected' ? new Suspicion(by, now.steadyMs) : null;
    if (before.status !== status) member.statusSinceMs = now.steadyMs;
    this.#detector.watch(member, now);
    this.#spreader.news(rumour, now);

    if (isReborn) out.announce({ type: 'member-joined', peer, address, incarnation });
    if (!sameAddress(before.address, address)) {
      out.announce({ type: 'member-moved', peer, address, from: before.address });
    }
    if (before.status === status) return;
    if (status === 'suspected') this.#counters.membership_suspicions_total++;
    if (status === 'dead') this.#counters.membership_deaths_total++;
    out.announce({ type: 'member-status', peer, status, was: before.status, incarnation, why });
    if (wasReachable && this.#roster.reachable.length === 0) this.#contacts.begin(now, out);
  }
  #isLongGone(member: Member, now: Now): boolean {
    if (member.reachable || this.#contacts.isSeed(member.rumour.address)) return false;
    return now.steadyMs - member.statusSinceMs >= this.#options.deadKeptMs;
  }
}

function isSameClaim(a: Rumour, b: Rumour): boolean {
  return a.status === b.status && a.incarnation === b.incarnation && sameIdentity(a.identity, b.identity);
}

function whyOf(claim: Rumour, from: PeerId): string {
  if (claim.status === 'left') return 'said goodbye';
  if (claim.status === 'alive') return claim.peer === from ? 'says so itself' : `refuted, says ${from}`;
  return `${claim.status}, says ${from}`;
}
