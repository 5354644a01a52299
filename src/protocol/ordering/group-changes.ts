// Changes of the group, made by its leader through the log, one at a time: who asks is let in as a learner; a
// learner that keeps up becomes a voter; a voter that came back with another disk takes its own place; a voter that
// is gone for long gives its place to a learner. Voters change by joint consensus only (Raft §6). SPEC rules OR22-OR25.
//
//    voters ──────▶ voters and those to come ──────▶ those to come
//            quorum                      quorum of both

import { sameAddress } from '../../model/address.ts';
import { compareOwners } from '../../model/ballot.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import { compareIdentities, type PeerId, sameIdentity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Leader } from './leader.ts';
import type { OrderingOutbox } from './port.ts';
import { sameMember } from './quorum.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';
import { membersOf } from './views.ts';

/** A member that has not answered for so many heartbeats does not answer. */
const SILENT_BEATS = 10;
/** Who has answered one of so many heartbeats is there. */
const THERE_BEATS = 3;
/** Learners that may become voters only if they lack no more than this. */
const LAG_ENTRIES = 256;
/** Those who ask at once; more ask again. */
const JOINERS_MAX = 256;

export class GroupChanges {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #leader: Leader;
  readonly #joiners = new Map<PeerId, GroupMember>();
  readonly #leavers = new Set<PeerId>();
  /** Since when a voter does not answer. */
  readonly #absentSinceMs = new Map<PeerId, number>();

  constructor(site: Site, replica: Replica, leader: Leader) {
    this.#site = site;
    this.#replica = replica;
    this.#leader = leader;
  }

  /** A peer asks to be a member, or says that it moved. */
  joins(member: GroupMember): void {
    if (this.#leavers.has(member.peer) || this.#joiners.size >= JOINERS_MAX) return;
    this.#joiners.set(member.peer, member);
  }

  leaves(peer: PeerId): void {
    this.#leavers.add(peer);
    this.#joiners.delete(peer);
  }

  present(now: Now): PeerId[] {
    const { self, options } = this.#site;
    const present: PeerId[] = [];
    for (const member of membersOf(this.#replica.view)) {
      const isLearner = this.#replica.view.learners.some((learner) => sameMember(learner, member));
      const hearsSeldom = isLearner && !this.#leader.isStreamed(member);
      const beats = SILENT_BEATS * (hearsSeldom ? options.learnerBeats : 1);
      const answeredMs = this.#leader.follower(member)?.lastAckMs ?? -NEVER;
      if (member.peer === self || now.steadyMs - answeredMs <= beats * options.heartbeatMs)
        present.push(member.peer);
    }
    return present;
  }

  /** Brings the next view, if one is due and may be brought. */
  consider(now: Now, out: OrderingOutbox): void {
    const { views, commitIndex, isSealed } = this.#replica;
    this.#noteAbsence(now);
    if (isSealed || !this.#site.rules.mayChangeView(this.#leader.ownFirst, commitIndex, views.isSettled))
      return;
    const next = this.#next(views.inForce.view, now);
    if (next !== null) this.#leader.propose({ kind: 'view', view: next }, 0, now, out);
  }

  #next(view: GroupView, now: Now): GroupView | null {
    if (view.joint !== null) return { ...view, voters: view.joint, joint: null };
    return (
      this.#afterLeaving(view, now) ??
      this.#afterJoining(view) ??
      this.#afterReplacing(view, now) ??
      this.#afterPromoting(view, now) ??
      this.#afterEvicting(view, now)
    );
  }

  #afterLeaving(view: GroupView, now: Now): GroupView | null {
    for (const peer of this.#leavers) {
      const stays = (member: GroupMember): boolean => member.peer !== peer;
      if (membersOf(view).every(stays)) {
        this.#leavers.delete(peer);
        continue;
      }
      const learners = view.learners.filter(stays);
      const voters = view.voters.filter(stays);
      if (voters.length === view.voters.length) return { ...view, learners };
      // The last voter can't go, and the leader hands over before it does.
      if (voters.length === 0 || peer === this.#site.self) continue;
      // Those who stay could not decide anything, not even to let somebody back in.
      if (!this.#wouldDecide({ ...view, voters }, now)) continue;
      return this.#site.rules.towards({ ...view, learners }, voters);
    }
    return null;
  }

  #afterJoining(view: GroupView): GroupView | null {
    for (const [peer, member] of this.#joiners) {
      this.#joiners.delete(peer);
      const known = membersOf(view).filter((one) => one.peer === peer);
      if (known.some(({ identity }) => compareIdentities(identity, member.identity) > 0)) continue;
      const same = known.find(({ identity }) => sameIdentity(identity, member.identity));
      if (same !== undefined) {
        if (sameAddress(same.address, member.address)) continue;
        return moved(view, { ...same, address: member.address });
      }
      const learners = view.learners.filter((learner) => learner.peer !== peer);
      if (learners.length >= LIMITS.groupMembersMax - 1) continue;
      return { ...view, learners: [...learners, member] };
    }
    return null;
  }

  /** Another disk under a voter's id: the former one will not come back. */
  #afterReplacing(view: GroupView, now: Now): GroupView | null {
    if (!this.#site.options.autoReplace) return null;
    for (const learner of view.learners) {
      const former = view.voters.find(({ peer }) => peer === learner.peer);
      if (former === undefined || !this.#keepsUp(learner, now)) continue;
      const voters = view.voters.map((voter) => (voter === former ? learner : voter));
      return this.#towards(view, voters, []);
    }
    return null;
  }

  /** An odd number of voters decides with no more of them than the even one below it. */
  #afterPromoting(view: GroupView, now: Now): GroupView | null {
    const { maxVoters } = this.#site.options;
    const wanted = view.voters.length % 2 === 0 ? 1 : 2;
    if (view.voters.length + wanted > maxVoters) return null;
    const ready = view.learners
      .filter(
        (learner) => this.#keepsUp(learner, now) && !view.voters.some(({ peer }) => peer === learner.peer),
      )
      .sort((a, b) => compareOwners(ranked(b), ranked(a)))
      .slice(0, wanted);
    return ready.length < wanted ? null : this.#towards(view, [...view.voters, ...ready], []);
  }

  #afterEvicting(view: GroupView, now: Now): GroupView | null {
    if (view.voters.length < 3) return null;
    const absent = view.voters.find(({ peer }) => {
      const sinceMs = this.#absentSinceMs.get(peer);
      return sinceMs !== undefined && now.steadyMs - sinceMs >= this.#site.options.evictAfterMs;
    });
    const heir = view.learners.find(
      (learner) => this.#keepsUp(learner, now) && !view.voters.some(({ peer }) => peer === learner.peer),
    );
    if (absent === undefined || heir === undefined) return null;
    const voters = view.voters.map((voter) => (voter === absent ? heir : voter));
    return this.#towards(view, voters, [absent]);
  }

  #wouldDecide(view: GroupView, now: Now): boolean {
    const present = this.present(now);
    const answers = (member: GroupMember): boolean =>
      member.peer === this.#site.self ||
      (present.includes(member.peer) && (this.#leader.follower(member)?.health ?? null) !== null);
    return this.#site.rules.quorum(view, answers);
  }

  #towards(view: GroupView, voters: readonly GroupMember[], demoted: readonly GroupMember[]): GroupView {
    const learners = view.learners.filter((learner) => !voters.some((voter) => sameMember(voter, learner)));
    return this.#site.rules.towards({ ...view, learners: [...learners, ...demoted] }, voters);
  }

  #keepsUp(learner: GroupMember, now: Now): boolean {
    const follower = this.#leader.follower(learner);
    if (follower === undefined || follower.health?.eligible !== true) return false;
    const lag = this.#replica.lastIndex - follower.match;
    // A voter that is not there would be one too many.
    const silentMs = now.steadyMs - follower.lastAckMs;
    if (silentMs > THERE_BEATS * this.#site.options.heartbeatMs) return false;
    return lag <= LAG_ENTRIES && now.steadyMs - follower.caughtUpSinceMs >= this.#site.options.promoteAfterMs;
  }

  #noteAbsence(now: Now): void {
    const present = new Set(this.present(now));
    for (const { peer } of this.#replica.view.voters) {
      if (present.has(peer)) this.#absentSinceMs.delete(peer);
      else if (!this.#absentSinceMs.has(peer)) this.#absentSinceMs.set(peer, now.steadyMs);
    }
  }
}

function moved(view: GroupView, member: GroupMember): GroupView {
  const replaced = (one: GroupMember): GroupMember => (sameMember(one, member) ? member : one);
  return {
    ...view,
    voters: view.voters.map(replaced),
    learners: view.learners.map(replaced),
    joint: view.joint?.map(replaced) ?? null,
  };
}

function ranked({ priority, peer, identity }: GroupMember) {
  return { priority: priority ?? Number.MIN_SAFE_INTEGER, peer, identity };
}
