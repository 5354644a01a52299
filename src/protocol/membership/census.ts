// What is said of the members, and the one place where it changes: claims of others, and this peer's own
// verdicts. SPEC rules MB8, MB9, MB18, MB22, MB31.
//
//   (unknown) ──a claim──▶ alive ◀───────────refutes───────────┐
//                           │  │                               │
//         says goodbye ◀────┘  └──fails probes, is said to──▶ suspected ──no refutation──▶ dead
//         (left)                                                                            │
//            └──────────────────────── a higher incarnation ────────────────────────────────┴──▶ alive
//
// The surprise: somebody else's word never kills. A claim that a member were dead only makes this peer look for
// itself, so that a peer that was cut off cannot bury the others when it returns.

import { sameAddress } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { sameIdentity } from '../../model/ids.ts';
import { overrides, type Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import type { AddressBook } from './address-book.ts';
import type { Contacts } from './contacts.ts';
import type { Counters } from './counters.ts';
import type { Detector, Verdict } from './detector.ts';
import type { Graves } from './graves.ts';
import { isReachable, Member } from './member.ts';
import type { MembershipOptions } from './options.ts';
import type { Roster } from './roster.ts';
import type { NewsKind } from './rumours.ts';
import type { Spreader } from './spreader.ts';
import { Suspicion, withAccusers } from './suspicion.ts';

/** Members looked at each period for whether they are to be forgotten. */
const PATROLLED_PER_TURN = 4;
/** `new`: it changed what this peer says. `refused`: what this peer says overrides it, and is told. */
export type Reception = 'new' | 'known' | 'refused';

interface Parts {
  readonly roster: Roster;
  readonly graves: Graves;
  readonly book: AddressBook;
  readonly spreader: Spreader;
  readonly detector: Detector;
  readonly contacts: Contacts;
  readonly counters: Counters;
}

export class Census {
  readonly #self: PeerId;
  readonly #options: MembershipOptions;
  readonly #roster: Roster;
  readonly #graves: Graves;
  readonly #book: AddressBook;
  readonly #spreader: Spreader;
  readonly #detector: Detector;
  readonly #contacts: Contacts;
  readonly #counters: Counters;
  /** Before, nobody else's word makes anybody alive. */
  #listensFromMs = 0;

  constructor(self: PeerId, options: MembershipOptions, parts: Parts) {
    this.#self = self;
    this.#options = options;
    this.#roster = parts.roster;
    this.#graves = parts.graves;
    this.#book = parts.book;
    this.#spreader = parts.spreader;
    this.#detector = parts.detector;
    this.#contacts = parts.contacts;
    this.#counters = parts.counters;
  }

  /** Somebody says so of another member. `whole`: in a list of all that it knows. */
  hear(claim: Rumour, from: PeerId, whole: boolean, now: Now, out: Outbox): Reception {
    // What comes right after a long pause of this peer's own may have waited for as long.
    if (now.steadyMs < this.#listensFromMs && claim.peer !== from && claim.status === 'alive') return 'known';
    const known = this.#roster.rumourOf(claim.peer);
    if (known === claim) return this.#heardAgain(claim);
    if (known === undefined) return this.#hearOfUnknown(claim, whole, now, out);
    if (overrides(claim, known)) {
      const member = this.#roster.get(claim.peer);
      if (member === undefined) return 'known';
      if (claim.status === 'dead' && member.reachable) this.#hearOfDeath(member, claim, from, now, out);
      else this.#adopt(member, claim, whyOf(claim, from), whole, now, out);
      return 'new';
    }
    if (isSameClaim(claim, known)) return this.#hearTheSame(claim, now);
    return claim.status === 'alive' && !isReachable(known) ? 'refused' : 'known';
  }

  /** This peer's own verdict. */
  accuse({ member, status, why, certain }: Verdict, now: Now, out: Outbox): void {
    const accusers = status === 'suspected' ? [this.#self] : undefined;
    const rumour: Rumour = { ...member.rumour, status, accusers };
    if (overrides(rumour, member.rumour)) {
      this.#adopt(member, rumour, why, false, now, out);
      if (status === 'suspected') this.#spreader.tell(member, [rumour], out);
    } else if (member.suspicion !== null) {
      this.#addAccusers(member, [this.#self], now);
    }
    if (certain) this.#makeCertain(member, now);
  }

  /** A member of long standing: nothing about it is news to anybody. */
  know(rumour: Rumour, linked: boolean, now: Now): void {
    if (!this.#roster.isFull) this.#roster.addStanding(rumour, linked, now.steadyMs);
  }

  /** Who speaks. One that was buried is a member again, dead until it has refuted that, to be told so. (MB23) */
  speaker(peer: PeerId, now: Now): Member | undefined {
    return this.#roster.get(peer) ?? this.#exhume(peer, now);
  }

  /** This peer was not there for so long that others may have forgotten who died meanwhile. (MB31) */
  wasAway(now: Now): void {
    this.#listensFromMs = now.steadyMs + this.#options.heartbeatIntervalMs;
  }

  /** Looks at the next few members and buries those that have been gone for long. (MB22) */
  patrol(now: Now): void {
    for (let i = 0; i < PATROLLED_PER_TURN; i++) {
      const member = this.#roster.next();
      // A link that stands must be known of, or nobody would use it when the path is whole again.
      if (member === null || member.reachable || member.linked) continue;
      if (now.steadyMs - member.statusSinceMs < this.#options.deadKeptMs) continue;
      this.#detector.forget(member);
      this.#spreader.forget(member);
      this.#roster.drop(member);
      this.#graves.bury(member.rumour, now.steadyMs);
    }
    this.#graves.patrol(now.steadyMs);
  }

  #exhume(peer: PeerId, now: Now): Member | undefined {
    const rumour = this.#graves.get(peer);
    if (rumour === undefined || this.#roster.isFull) return undefined;
    this.#graves.open(peer);
    const member = new Member(rumour, now.steadyMs);
    this.#roster.add(member);
    return member;
  }

  #heardAgain(claim: Rumour): Reception {
    this.#spreader.heardAgain(claim);
    return 'known';
  }

  #hearTheSame(claim: Rumour, now: Now): Reception {
    const member = claim.accusers === undefined ? undefined : this.#roster.get(claim.peer);
    if (member?.suspicion && this.#addAccusers(member, claim.accusers ?? [], now)) return 'new';
    const saysLess = (claim.accusers?.length ?? 0) < (member?.rumour.accusers?.length ?? 0);
    return saysLess ? 'known' : this.#heardAgain(claim);
  }

  /** Others found it silent too: its time is shorter, and all are to know. (MB8) */
  #addAccusers(member: Member, more: readonly PeerId[], now: Now): boolean {
    const said = member.rumour.accusers ?? [];
    const accusers = withAccusers(said, more);
    if (accusers === said) return false;
    this.#roster.update(member, { ...member.rumour, accusers });
    this.#detector.watch(member, now);
    this.#spreader.news(member.rumour, 'minor', now);
    return true;
  }

  /** The word of a member's end makes no member, or those who die would be handed on for ever. (MB22) */
  #hearOfUnknown(claim: Rumour, whole: boolean, now: Now, out: Outbox): Reception {
    const buried = this.#graves.get(claim.peer);
    if (buried !== undefined && !overrides(claim, buried))
      return claim.status === 'alive' ? 'refused' : 'known';
    if (!isReachable(claim)) this.#graves.bury(claim, now.steadyMs);
    // Nor does a doubt: if it lives it refutes, and of that everybody hears.
    if (claim.status !== 'alive') return 'known';
    if (this.#roster.isFull) {
      this.#counters.membership_members_refused_total++;
      return 'known';
    }
    this.#graves.open(claim.peer);
    this.#meet(claim, whole, now, out);
    return 'new';
  }

  #meet(claim: Rumour, whole: boolean, now: Now, out: Outbox): void {
    const member = new Member(claim, now.steadyMs);
    this.#roster.add(member);
    const { peer, address, incarnation } = claim;
    this.#book.present(peer);
    this.#detector.watch(member, now);
    this.#spreader.news(claim, whole ? 'minor' : 'plain', now);
    out.announce({ type: 'member-joined', peer, address, incarnation });
  }

  /**
   * Whoever says so has waited in vain, or was cut off itself. The member is asked and told, so that it refutes;
   * only if it does not answer it is suspected, with the shortest time: but it gets that. (MB9)
   */
  #hearOfDeath(member: Member, claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    const isOfThisLife =
      member.rumour.incarnation === claim.incarnation && sameIdentity(member.identity, claim.identity);
    if (member.status === 'suspected' && isOfThisLife) this.#makeCertain(member, now);
    else this.#detector.verify(member, claim, whyOf(claim, from), now, out);
  }

  #makeCertain(member: Member, now: Now): void {
    if (member.suspicion === null) return;
    member.suspicion.makeCertain();
    this.#detector.watch(member, now);
  }

  /** The one place where what is said of a known member changes. */
  #adopt(member: Member, rumour: Rumour, why: string, whole: boolean, now: Now, out: Outbox): void {
    const before = member.rumour;
    const { peer, status, incarnation, address } = rumour;
    const wasReachable = member.reachable;
    const isReborn = !sameIdentity(before.identity, rumour.identity);
    this.#roster.update(member, rumour);
    if (before.incarnation !== incarnation || isReborn) member.knowsThisPeer = false;
    if (member.reachable && (isReborn || !wasReachable)) member.beginsAnew();
    member.suspicion = status === 'suspected' ? new Suspicion(now.steadyMs) : null;
    if (before.status !== status) member.statusSinceMs = Math.floor(now.steadyMs);
    this.#detector.watch(member, now);
    this.#spreader.news(rumour, kindOf(before, rumour, whole), now);
    if (status === 'dead') this.#book.lost(rumour, now.wallMs);
    else this.#book.present(peer);

    if (isReborn) out.announce({ type: 'member-joined', peer, address, incarnation });
    if (!sameAddress(before.address, address)) {
      out.announce({ type: 'member-moved', peer, address, from: before.address });
    }
    if (before.status === status) return;
    if (status === 'suspected') this.#counters.membership_suspicions_total++;
    if (status === 'dead') this.#counters.membership_deaths_total++;
    out.announce({ type: 'member-status', peer, status, was: before.status, incarnation, why });
    if (wasReachable && this.#roster.reachable === 0) this.#contacts.begin(now, out);
    const byOthers = status === 'suspected' && rumour.accusers?.[0] !== this.#self;
    if (byOthers) this.#detector.lookToo(member, now, out);
  }
}

function isSameClaim(a: Rumour, b: Rumour): boolean {
  return a.status === b.status && a.incarnation === b.incarnation && sameIdentity(a.identity, b.identity);
}

function kindOf(before: Rumour, rumour: Rumour, whole: boolean): NewsKind {
  const refutes = rumour.status === 'alive' && before.status !== 'alive';
  // Who told all that it knows has told others too, unless the list has crossed a gap, as lists about the dead do.
  if (whole) return refutes ? 'plain' : 'minor';
  return refutes ? 'refutation' : 'plain';
}

function whyOf(claim: Rumour, from: PeerId): string {
  if (claim.status === 'left') return 'said goodbye';
  if (claim.status === 'alive') return claim.peer === from ? 'says so itself' : `refuted, says ${from}`;
  return `${claim.status}, says ${from}`;
}
