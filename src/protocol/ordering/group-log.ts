// One group's log at this peer, and the peer's part in it: it leads, or follows, or helps itself to what it lacks,
// and serves others. SPEC rules OR10-OR40.

import type { Random } from '../../kit/random.ts';
import { type Ballot, sameBallot } from '../../model/ballot.ts';
import type { Base, Entry, RecoveredLog } from '../../model/entry.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import { Fetch } from './fetch.ts';
import { Follower } from './follower.ts';
import { Holes } from './holes.ts';
import { LogReads } from './log-reads.ts';
import { Mending } from './mending.ts';
import type { OrderingHost } from './ordering-host.ts';
import type { Outcome } from './outcome.ts';
import type { OrderingOutbox } from './port.ts';
import { Reign } from './reign.ts';
import { type Committed, Replica } from './replica.ts';
import type { Answer } from './sequencer.ts';
import type { Site } from './site.ts';
import { Supplies } from './supply.ts';
import { Sync } from './sync.ts';
import { memberOf, membersOf, type ViewPlace } from './views.ts';

type FromLeader = Extract<ReplicateMessage, { type: 'COORDINATOR' | 'APPEND' | 'HEARTBEAT' }>;
type FromFollower = Extract<ReplicateMessage, { type: 'APPEND_ACK' | 'HEARTBEAT_ACK' | 'MISMATCH' }>;
type Asked = Extract<ReplicateMessage, { type: 'MISSING_SEQ_REQUEST' | 'MISSING_SEQ_RESPONSE' }>;

export class GroupLog {
  readonly replica: Replica;
  readonly follower: Follower;
  readonly mending: Mending;
  readonly holes: Holes;
  readonly #site: Site;
  readonly #host: OrderingHost;
  readonly #reads = new LogReads();
  readonly #supplies: Supplies;
  readonly #fetch: Fetch;
  readonly #sync: Sync;
  readonly #answer: Answer;
  #reign: Reign | null = null;
  /** A later view that somebody told of: whom to listen to, and nothing else. */
  #hearsay: ViewPlace | null = null;
  #floorDueMs = NEVER;
  /** Since when nothing has taken the floor along, and where it was then. */
  #floorSinceMs = 0;
  #floorSeen = 0;
  #floorAsked = 0;

  constructor(
    site: Site,
    host: OrderingHost,
    base: Base,
    recovered: RecoveredLog | null,
    state: { readonly floor: number; readonly isDamaged: boolean },
    committed: Committed,
    answer: Answer,
    random: Random,
  ) {
    this.#site = site;
    this.#host = host;
    this.#answer = answer;
    const floor = Math.max(state.floor, recovered?.floor ?? 0);
    this.replica = new Replica(site, base, recovered, floor, committed);
    this.follower = new Follower(site, this.replica);
    this.mending = new Mending(state.isDamaged || (recovered?.damaged.length ?? 0) > 0);
    this.follower.vouches = !this.mending.isDamaged;
    this.holes = new Holes(site, this.replica);
    this.#supplies = new Supplies(site, this.replica, this.#reads);
    this.#fetch = new Fetch(site, this.replica, random.fork());
    this.#sync = new Sync(site, this.replica, random.fork());
  }

  get reign(): Reign | null {
    return this.#reign;
  }

  /** The trimmed part must be begun from a base: what follows the own log is nowhere any more. */
  get needsBase(): boolean {
    return this.#fetch.needsBase;
  }

  get wakeAt(): number {
    return Math.min(
      this.#reign?.wakeAt ?? NEVER,
      this.#supplies.wakeAt,
      this.#fetch.wakeAt,
      this.holes.wakeAt,
      this.replica.awaitsFloor ? this.#floorDueMs : NEVER,
    );
  }

  start(recovered: RecoveredLog | null, now: Now, out: OrderingOutbox): void {
    const damage = recovered?.damaged ?? [];
    for (const { from, to } of damage) {
      out.announce({ type: 'log-damaged', from, to });
      // What memory holds of the log is whole, up to where it was found to end.
      if (to < this.replica.log.first) this.holes.told({ from, to, is: 'found' }, now, out);
    }
    // What stands behind a hole is nobody's log: it leaves, and what is fetched takes its place.
    if (damage.length > 0) this.replica.discardAbove(out);
    if (this.mending.isDamaged) this.#host.remember({ damaged: true }, out);
    this.replica.start(now, out);
  }

  /** Others remember more of this disk than it does: it vouches for nothing until it has all again. (OR45) */
  doubt(out: OrderingOutbox): void {
    this.mending.doubt();
    this.follower.vouches = false;
    this.#host.remember({ damaged: true }, out);
  }

  wake(live: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    this.#reign?.wake(now, out);
    this.#supplies.wake(now, out);
    this.holes.consider(this.#sources(live), now, out);
    if (this.#reign === null) this.#fetch.consider(this.#sources(live), now, out);
  }

  lead(ballot: Ballot, how: Accession, now: Now, out: OrderingOutbox): void {
    this.follower.unfollow();
    this.#fetch.end();
    this.#reign = new Reign(this.#site, this.replica, this.#reads, ballot, how, this.#answer, now, out);
    const { group } = this.replica;
    out.announce({ type: 'became-leader', group, ballot, how, index: this.#reign.leader.ownFirst });
  }

  unlead(out: OrderingOutbox): void {
    this.follower.unfollow();
    this.#reign?.end(out);
    this.#reign = null;
  }

  syncFrom(peer: PeerId, out: OrderingOutbox): void {
    this.#sync.begin(peer, out);
  }

  endSync(): void {
    this.#sync.end();
  }

  fromLeader(
    from: PeerId,
    message: FromLeader,
    live: readonly PeerId[],
    now: Now,
    out: OrderingOutbox,
  ): void {
    this.follower.follow(from, message.ballot);
    if (message.type !== 'HEARTBEAT') {
      if (message.entries.length > 0) this.#fetch.streamed(now);
      this.#judge(this.follower.append(message, now, out), now, out);
      return;
    }
    this.mending.heard(message.ballot, message.lastIndex);
    this.#fetch.heard(from, message.commitIndex, message.logStart);
    this.#judge(this.follower.heartbeat(message, this.#host.health(now), now, out), now, out);
    this.#fetch.consider(this.#sources(live), now, out);
  }

  fromFollower(from: PeerId, message: FromFollower, now: Now, out: OrderingOutbox): void {
    this.#reign?.receive(from, message, now, out);
  }

  asked(from: PeerId, message: Asked, live: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    if (message.type === 'MISSING_SEQ_REQUEST') {
      this.#supplies.request(from, message, now, out);
      return;
    }
    if (this.holes.answered(from, message, now, out)) return;
    const raise = (ballot: Ballot): void => this.#host.raise(ballot, now, out);
    const result = this.#sync.answered(from, message, now, out, raise);
    if (result !== null) {
      if (result.kind === 'adopted') out.announce({ type: 'election-synced', from, entries: result.entries });
      if (result.kind !== 'under-way') this.#host.synced(result.kind === 'adopted', now, out);
      return;
    }
    // A leader commits by its own count alone.
    if (this.#reign !== null) return;
    this.#judge(this.#fetch.answered(from, message, now, out, raise), now, out);
    this.#fetch.consider(this.#sources(live), now, out);
  }

  askReadPoint(leader: PeerId, nonce: number, out: OrderingOutbox): void {
    const { group } = this.replica;
    const { identity } = this.#site;
    out.send(leader, { type: 'READ_INDEX_REQUEST', group, identity, nonce }, 'stream');
  }

  answerReadPoint(from: PeerId, nonce: number, now: Now, out: OrderingOutbox): void {
    const { group } = this.replica;
    const { identity } = this.#site;
    const tell = (index: number, then: OrderingOutbox): void => {
      then.send(from, { type: 'READ_INDEX_REPLY', group, identity, nonce, index }, 'stream');
    };
    if (this.#reign === null) tell(-1, out);
    else this.#reign.readPoint(tell, now, out);
  }

  /** The group's state as somebody else tells it. */
  heardOf(told: ViewPlace, leader: PeerId | null, commitIndex: number, logStart: number): void {
    if (told.id > Math.max(this.replica.views.inForce.id, this.#hearsay?.id ?? 0)) this.#hearsay = told;
    if (this.#reign === null) this.#fetch.heard(leader, commitIndex, logStart);
  }

  /** What the log begins with is on the disk: what follows it may count. */
  baseSaved(index: number, now: Now, out: OrderingOutbox): void {
    this.replica.baseSaved(index, out);
    this.#reign?.leader.appended(now, out);
    this.follower.acknowledge(out);
  }

  appended(upto: number, version: number, now: Now, out: OrderingOutbox): void {
    if (!this.replica.appended(upto, version, now, out)) return;
    this.#reign?.leader.appended(now, out);
    this.follower.acknowledge(out);
  }

  readForMerge(from: number, out: OrderingOutbox): void {
    this.#reads.forMerge(from, this.replica.lastIndex, out);
  }

  /** What was read for handing this log over to another group; null for any other read. */
  read(id: number, entries: readonly Entry[], now: Now, out: OrderingOutbox): readonly Entry[] | null {
    const reader = this.#reads.take(id);
    if (reader === null) return null;
    const first = entries.findIndex(({ index }) => index === reader.from);
    const wanted = first < 0 ? [] : entries.slice(first);
    if (reader.kind === 'merge') return wanted;
    if (reader.kind === 'supply') this.#supplies.read(reader.to, reader.nonce, wanted, now, out);
    else this.#reign?.leader.read(reader.follower, entries[first - 1] ?? null, wanted, now, out);
    return null;
  }

  /** After each step. */
  settle(now: Now, out: OrderingOutbox): void {
    this.#reign?.settle(now, out);
    const { follower, replica } = this;
    if (this.mending.reached(follower.ballot, follower.matched, replica.durableIndex)) {
      follower.vouches = true;
      this.#host.remember({ damaged: false }, out);
      out.announce({ type: 'log-mended' });
      follower.acknowledge(out);
    }
    this.#saveFloor(now, out);
  }

  /**
   * Whether what this peer says from this disk may count: it is in the view, or in a later one that this peer was
   * told of and lacks.
   */
  isKnown(peer: PeerId, identity: Identity): boolean {
    const { inForce, committed } = this.replica.views;
    return (
      memberOf(inForce.view, peer, identity) !== undefined ||
      (committed !== inForce && memberOf(committed.view, peer, identity) !== undefined) ||
      (this.#hearsay !== null &&
        this.#hearsay.id > inForce.id &&
        memberOf(this.#hearsay.view, peer, identity) !== undefined)
    );
  }

  /** Whether a later view lacks this peer, which is in the one that it knows committed. */
  isPutOutBy(viewId: number, view: GroupView): boolean {
    const { self, identity } = this.#site;
    // A place that nobody committed was none: the group may never have heard of it.
    const { committed } = this.replica.views;
    const isIn = memberOf(committed.view, self, identity) !== undefined;
    return isIn && viewId > committed.id && memberOf(view, self, identity) === undefined;
  }

  isMember(peer: PeerId): GroupMember | undefined {
    return membersOf(this.replica.view).find((member) => member.peer === peer);
  }

  /** A floor that no entry takes along is written down by itself, a little later. */
  #saveFloor(now: Now, out: OrderingOutbox): void {
    const { replica } = this;
    if (!replica.awaitsFloor) {
      this.#floorDueMs = NEVER;
      return;
    }
    // Entries that follow take it along, and one write of the disk serves all.
    if (this.#floorDueMs === NEVER || replica.savedFloor > this.#floorSeen) this.#floorSinceMs = now.steadyMs;
    this.#floorSeen = replica.savedFloor;
    const { floorSaveMs, floorSaveBusyMs } = this.#site.options;
    this.#floorDueMs = this.#floorSinceMs + (replica.disk.oldestMs === NEVER ? floorSaveMs : floorSaveBusyMs);
    if (now.steadyMs < this.#floorDueMs) return;
    this.#floorSinceMs = now.steadyMs;
    this.#floorDueMs = now.steadyMs + floorSaveMs;
    const floor = Math.min(replica.commitIndex, replica.durableIndex);
    if (floor === this.#floorAsked) return;
    this.#floorAsked = floor;
    this.#host.remember({ floor }, out);
  }

  #judge(outcome: Outcome, now: Now, out: OrderingOutbox): void {
    if (outcome.kind !== 'fine') this.#host.halt(outcome, now, out);
  }

  /** Members that can be asked for entries. */
  #sources(live: readonly PeerId[]): readonly PeerId[] {
    const { self } = this.#site;
    return live.filter((peer) => peer !== self && this.isMember(peer) !== undefined);
  }

  /** Whether this ballot is the one that is followed or led with. */
  isUnder(ballot: Ballot): boolean {
    return sameBallot(this.#reign?.leader.ballot ?? this.follower.ballot, ballot);
  }
}
