// All that a peer has to do because it leads: the log's end, the door for records, the group's changes and the
// points to read at. It ends with the lead, so that nothing of it can outlive the ballot. SPEC rules OR16-OR25.

import type { Ballot } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ReplicateMessage, ViewMessage } from '../../wire/ordering-messages.ts';
import { GroupChanges } from './group-changes.ts';
import { Leader } from './leader.ts';
import type { LogReads } from './log-reads.ts';
import type { OrderingOutbox } from './port.ts';
import { ReadPoints } from './read-points.ts';
import type { Replica } from './replica.ts';
import { type Answer, Sequencer } from './sequencer.ts';
import type { Site } from './site.ts';
import { membersOf, type ViewPlace } from './views.ts';

type FollowerMessage = Extract<ReplicateMessage, { type: 'APPEND_ACK' | 'HEARTBEAT_ACK' | 'MISMATCH' }>;

/** Who answers is said again after so many heartbeats, for those who missed it. */
const PRESENCE_BEATS = 100;

export class Reign {
  readonly leader: Leader;
  readonly sequencer: Sequencer;
  readonly changes: GroupChanges;
  readonly readPoints: ReadPoints;
  readonly #site: Site;
  readonly #replica: Replica;
  #present: readonly PeerId[] = [];
  #toldView: ViewPlace | null = null;
  #toldMs = -NEVER;
  #told: readonly PeerId[] = [];
  #trimAsked = 0;
  #upgradeAsked = 0;

  constructor(
    site: Site,
    replica: Replica,
    reads: LogReads,
    ballot: Ballot,
    how: Accession,
    answer: Answer,
    now: Now,
    out: OrderingOutbox,
  ) {
    this.#site = site;
    this.#replica = replica;
    this.leader = new Leader(site, replica, reads, ballot, how, now, out);
    this.sequencer = new Sequencer(site, replica, this.leader, answer);
    this.changes = new GroupChanges(site, replica, this.leader);
    this.readPoints = new ReadPoints(site, replica, this.leader);
  }

  get present(): readonly PeerId[] {
    return this.#present;
  }

  get wakeAt(): number {
    return this.leader.wakeAt;
  }

  wake(now: Now, out: OrderingOutbox): void {
    if (now.steadyMs < this.leader.wakeAt) return;
    this.leader.wake(now, out);
    this.changes.consider(now, out);
    this.#considerUpgrade(now, out);
    this.#tellPresence(now, out);
  }

  /** A newer format is used once every member knows it. (OR48) */
  #considerUpgrade(now: Now, out: OrderingOutbox): void {
    const { format, view, isSealed } = this.#replica;
    if (!this.leader.hasOwnCommitted || isSealed) return;
    let known = this.#site.options.format;
    for (const member of membersOf(view)) {
      if (member.peer === this.#site.self) continue;
      known = Math.min(known, this.leader.follower(member)?.health?.format ?? format);
    }
    if (known <= Math.max(format, this.#upgradeAsked)) return;
    this.#upgradeAsked = known;
    this.leader.propose({ kind: 'upgrade', version: known }, 0, now, out);
  }

  receive(from: PeerId, message: FollowerMessage, now: Now, out: OrderingOutbox): void {
    const follower = this.leader.follower({ peer: from, identity: message.identity });
    if (follower === undefined) return;
    switch (message.type) {
      case 'APPEND_ACK':
        this.leader.acknowledged(follower, message, now, out);
        return;
      case 'HEARTBEAT_ACK':
        this.leader.heartbeatAnswered(follower, message, now, out);
        this.readPoints.answered(follower.member, message.beat, out);
        return;
      case 'MISMATCH':
        this.leader.mismatched(follower, message, now, out);
        return;
    }
  }

  /** After each step: what it committed is told, and a view that follows is brought at once. */
  settle(now: Now, out: OrderingOutbox): void {
    this.sequencer.tell(now, out);
    const { view, views } = { view: this.#replica.view, views: this.#replica.views };
    if (view.joint !== null && views.isSettled) this.changes.consider(now, out);
  }

  viewChange(): Extract<ViewMessage, { type: 'VIEW_CHANGE' }> {
    const { group, views, commitIndex, bases, dissolvedInto } = this.#replica;
    return {
      type: 'VIEW_CHANGE',
      group,
      identity: this.#site.identity,
      viewId: views.inForce.id,
      view: views.inForce.view,
      leader: this.#site.self,
      present: this.#present,
      commitIndex,
      logStart: bases.start,
      dissolvedInto,
      isAbsorbed: false,
      absorbed: null,
    };
  }

  /** Who answers changes in seconds; who votes does not change for it. Who was put out hears of it once. */
  #tellPresence(now: Now, out: OrderingOutbox): void {
    const present = this.changes.present(now);
    const { views, view } = this.#replica;
    const isSame =
      present.length === this.#present.length && present.every((peer) => this.#present.includes(peer));
    const isDue = now.steadyMs >= this.#toldMs + PRESENCE_BEATS * this.#site.options.heartbeatMs;
    if (isSame && views.committed === this.#toldView && !isDue) return;
    this.#toldMs = now.steadyMs;
    if (!isSame) out.announce({ type: 'group-present', present });
    this.#present = present;
    const told = new Set([...this.#told, ...membersOf(view).map(({ peer }) => peer)]);
    this.#toldView = views.committed;
    this.#told = views.isSettled ? membersOf(view).map(({ peer }) => peer) : [...told];
    const message = this.viewChange();
    for (const peer of told) if (peer !== this.#site.self) out.send(peer, message, 'stream');
  }

  /** `tell` hears the index, or -1. */
  readPoint(tell: (index: number, out: OrderingOutbox) => void, now: Now, out: OrderingOutbox): void {
    if (this.readPoints.ask(tell, out)) this.leader.heartbeat(now, out);
  }

  /** Orders what all may delete: up to a base, and never what a member that is there still lacks. (OR39) */
  retain(upto: number, isForced: boolean, now: Now, out: OrderingOutbox): void {
    const { bases, deliveredIndex, isSealed } = this.#replica;
    if (!this.leader.hasOwnCommitted || isSealed) return;
    const had = isForced ? upto : Math.min(upto, this.leader.leastMatch());
    const edge = bases.edgeBelow(Math.min(had, deliveredIndex));
    if (edge < bases.start || edge <= this.#trimAsked) return;
    this.#trimAsked = edge;
    this.leader.propose({ kind: 'trim', upto: edge }, 0, now, out);
  }

  end(out: OrderingOutbox): void {
    this.readPoints.end(out);
  }
}
