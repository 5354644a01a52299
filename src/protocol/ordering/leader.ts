// A leader under one ballot: it gives entries their places, sends them to the followers in a pipeline, and commits
// what a quorum of the view has on disk, once that covers an entry of its own ballot (Raft §5.3, §5.4.2). An object
// of this class lives as long as the ballot is led with, and never takes anything out of the log. SPEC rules OR13-OR18.

import { assert, must } from '../../kit/assert.ts';
import { type Ballot, sameBallot } from '../../model/ballot.ts';
import type { Entry, EntryBody } from '../../model/entry.ts';
import type { GroupMember } from '../../model/group-view.ts';
import { type PeerId, sameIdentity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import { encodeEntry } from '../../wire/entry.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import { Feed } from './feed.ts';
import { weighing } from './log.ts';
import type { LogReads } from './log-reads.ts';
import type { OrderingOutbox } from './port.ts';
import { Progress } from './progress.ts';
import { highestOf, reachedByQuorum } from './quorum.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';
import { membersOf } from './views.ts';

type Ack = Pick<
  Extract<ReplicateMessage, { type: 'APPEND_ACK' }>,
  'ballot' | 'matchedIndex' | 'durableIndex'
>;
type HeartbeatAck = Extract<ReplicateMessage, { type: 'HEARTBEAT_ACK' }>;
type Mismatch = Extract<ReplicateMessage, { type: 'MISMATCH' }>;

/** A beat that is answered this much later than something was sent says that it was lost. */
const LOST_BEATS = 2;
/** Whoever has not answered for so many beats is not waited for with deleting what is old. */
const PRESENT_BEATS = 100;

export class Leader {
  readonly ballot: Ballot;
  /** The index of the ballot's first entry: nothing is committed by counting below it. */
  readonly ownFirst: number;
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #feed: Feed;
  readonly #followers = new Map<PeerId, Progress>();
  #beatAtMs = NEVER;
  #viewId = -1;

  constructor(
    site: Site,
    replica: Replica,
    reads: LogReads,
    ballot: Ballot,
    how: Accession,
    now: Now,
    out: OrderingOutbox,
  ) {
    this.#site = site;
    this.#replica = replica;
    this.#feed = new Feed(site, replica, reads, ballot);
    this.ballot = ballot;
    this.ownFirst = replica.lastIndex + 1;
    const before = this.#feed.bodyAfter(replica.lastIndex, []);
    const start = this.#encode({ kind: 'epoch-start' }, 0);
    replica.append([start], now, out);
    this.#meetView(now);
    this.#beatAtMs = now.steadyMs + site.options.heartbeatMs;
    const body = { ...must(before, "the log's end is in memory"), entries: [start] };
    const viewId = replica.views.inForce.id;
    const coordinator = { type: 'COORDINATOR', ...this.#feed.head(), ...body, how, viewId } as const;
    for (const follower of this.#followers.values()) {
      follower.probing = body.prevIndex;
      follower.toldCommit = body.commitIndex;
      out.send(follower.member.peer, coordinator, 'stream');
    }
    this.#advance(now, out);
  }

  get wakeAt(): number {
    return this.#beatAtMs;
  }

  get beat(): number {
    return this.#feed.beat;
  }

  get hasOwnCommitted(): boolean {
    return this.#replica.commitIndex >= this.ownFirst;
  }

  followers(): Iterable<Progress> {
    return this.#followers.values();
  }

  follower(member: Pick<GroupMember, 'peer' | 'identity'>): Progress | undefined {
    const known = this.#followers.get(member.peer);
    return known !== undefined && sameIdentity(known.member.identity, member.identity) ? known : undefined;
  }

  wake(now: Now, out: OrderingOutbox): void {
    if (now.steadyMs >= this.#beatAtMs) this.heartbeat(now, out);
  }

  /** Gives the body its place. What it replicates to is told in the same step. */
  propose(body: EntryBody, count: number, now: Now, out: OrderingOutbox): Entry {
    assert(!this.#replica.isSealed, 'nothing follows the end of a group');
    const entry = this.#encode(body, count);
    this.#replica.append([entry], now, out);
    this.#meetView(now);
    this.#pumpAll(now, out);
    return entry;
  }

  appended(now: Now, out: OrderingOutbox): void {
    this.#advance(now, out);
  }

  acknowledged(follower: Progress, ack: Ack, now: Now, out: OrderingOutbox): void {
    if (!sameBallot(ack.ballot, this.ballot)) return;
    const last = this.#replica.lastIndex;
    follower.lastAckMs = now.steadyMs;
    const matched = Math.min(ack.matchedIndex, last);
    const moved = follower.acknowledged(matched, Math.min(ack.durableIndex, last));
    if (follower.state === 'probe' && matched >= follower.next - 1 && matched >= follower.probing) {
      follower.stream();
    }
    // It may have fetched what it was about to be sent.
    if (follower.next <= matched) follower.next = matched + 1;
    follower.judgeLag(this.#replica.lastIndex, this.#site.options.windowBatches, now);
    if (moved) this.#advance(now, out);
    this.#feed.pump(follower, now, out);
  }

  heartbeatAnswered(follower: Progress, ack: HeartbeatAck, now: Now, out: OrderingOutbox): void {
    if (!sameBallot(ack.ballot, this.ballot)) return;
    follower.health = ack.health;
    follower.lastIndex = ack.lastIndex;
    follower.deliveredIndex = ack.deliveredIndex;
    this.#rewindIfLost(follower, ack);
    this.#resumeIfFetched(follower, ack);
    this.acknowledged(follower, ack, now, out);
  }

  mismatched(follower: Progress, message: Mismatch, now: Now, out: OrderingOutbox): void {
    if (!sameBallot(message.ballot, this.ballot)) return;
    follower.lastAckMs = now.steadyMs;
    const { prevIndex, lastIndex, epochs } = message;
    // An answer to something sent before the place was found says nothing.
    if (follower.state === 'probe' && prevIndex !== follower.probing) return;
    if (follower.state === 'fetch' || prevIndex < follower.match) return;
    this.#site.counters.mismatches++;
    const agreed = this.#replica.epochs.agreesUpto(this.#replica.lastIndex, epochs, lastIndex);
    follower.lastIndex = lastIndex;
    // Damage took from its log what it had vouched for. What was committed with it stays committed.
    if (follower.state === 'probe' && lastIndex < follower.match) follower.lost(Math.min(agreed, lastIndex));
    follower.probe(Math.max(Math.min(agreed, prevIndex - 1), follower.match, 0));
    if (this.#isFarBehind(follower)) follower.fetch();
    this.#feed.pump(follower, now, out);
  }

  read(
    follower: Progress,
    before: Entry | null,
    entries: readonly Entry[],
    now: Now,
    out: OrderingOutbox,
  ): void {
    follower.reading = null;
    const first = entries[0];
    if (first === undefined || first.index !== follower.next || follower.state === 'fetch') return;
    this.#feed.send(follower, before, weighing(entries, LIMITS.appendBytesMax), out);
    this.#feed.pump(follower, now, out);
  }

  heartbeat(now: Now, out: OrderingOutbox): void {
    this.#meetView(now);
    this.#feed.beat++;
    this.#beatAtMs = now.steadyMs + this.#site.options.heartbeatMs;
    const { commitIndex, lastIndex, bases, views, disk } = this.#replica;
    const message = {
      type: 'HEARTBEAT',
      ...this.#feed.head(),
      ballot: this.ballot,
      viewId: views.inForce.id,
      beat: this.#feed.beat,
      commitIndex,
      commitChain: must(this.#replica.chainAt(commitIndex), 'the end of what is committed is in memory'),
      lastIndex,
      logStart: bases.start,
      diskAgeMs: Math.round(disk.ageMs(now.steadyMs)),
    } as const;
    for (const follower of this.#followers.values()) {
      if (this.#hearsSeldom(follower.member) && this.#feed.beat % this.#site.options.learnerBeats !== 0)
        continue;
      follower.toldCommit = Math.max(follower.toldCommit, Math.min(commitIndex, follower.matched));
      out.send(follower.member.peer, message, 'stream');
      this.#feed.pump(follower, now, out);
    }
  }

  /** What every member that answers has. */
  leastMatch(): number {
    let least = this.#replica.durableIndex;
    for (const { match, lastAckMs } of this.#followers.values()) {
      if (this.#beatAtMs - lastAckMs <= PRESENT_BEATS * this.#site.options.heartbeatMs)
        least = Math.min(least, match);
    }
    return least;
  }

  #advance(now: Now, out: OrderingOutbox): void {
    const replica = this.#replica;
    const { rules } = this.#site;
    const reached = reachedByQuorum(replica.view, rules.quorum, (member) => this.#durableAt(member));
    if (reached <= replica.commitIndex || !rules.mayCommit(this.ownFirst, reached)) return;
    if (this.#copies(reached) < this.#copiesWanted()) return;
    replica.commitTo(reached, this.ballot, now, out);
    this.#meetView(now);
    for (const follower of this.#followers.values()) {
      this.#feed.pump(follower, now, out);
      this.#feed.tellCommit(follower, out);
    }
  }

  #durableAt(member: GroupMember): number {
    const { self, identity } = this.#site;
    if (member.peer === self) return sameIdentity(member.identity, identity) ? this.#replica.durableIndex : 0;
    return this.follower(member)?.match ?? 0;
  }

  #copies(index: number): number {
    return membersOf(this.#replica.view).filter((member) => this.#durableAt(member) >= index).length;
  }

  /** A tie-break could commit with the highest voter's copy alone. (OR21) */
  #copiesWanted(): number {
    const { tieBreak, voters } = this.#replica.view;
    return tieBreak && highestOf(voters) !== undefined && voters.length > 1
      ? this.#site.options.minCopies
      : 1;
  }

  /** Who is in the view is followed up, who is not any more is forgotten. */
  #meetView(now: Now): void {
    const { id, view } = this.#replica.views.inForce;
    if (id === this.#viewId) return;
    this.#viewId = id;
    const { self, options } = this.#site;
    const members = membersOf(view).filter(({ peer }) => peer !== self);
    const staying = new Set<PeerId>();
    let streamed = 0;
    for (const member of members) {
      staying.add(member.peer);
      if (this.follower(member) === undefined) {
        const follower = new Progress(member, this.ownFirst);
        follower.lastAckMs = now.steadyMs;
        this.#followers.set(member.peer, follower);
      }
      const follower = must(this.#followers.get(member.peer), 'members are followed up');
      if (!this.#isLearner(member)) continue;
      if (++streamed > options.learnersStreamedMax) follower.fetch();
    }
    for (const peer of this.#followers.keys()) if (!staying.has(peer)) this.#followers.delete(peer);
  }

  #isLearner(member: GroupMember): boolean {
    return this.#replica.view.learners.some(({ peer }) => peer === member.peer);
  }

  #pumpAll(now: Now, out: OrderingOutbox): void {
    for (const follower of this.#followers.values()) this.#feed.pump(follower, now, out);
  }

  #encode(body: EntryBody, count: number): Entry {
    const { format, log } = this.#replica;
    const { end } = log;
    const head = { ballot: this.ballot, index: end.index + 1, firstSequence: end.nextSequence, count, body };
    return encodeEntry(head, end.chain, format);
  }

  /** A follower that has answered later beats and still lacks what was sent before them has lost it. */
  #rewindIfLost(follower: Progress, { beat, matchedIndex }: HeartbeatAck): void {
    if (follower.state === 'fetch' || beat < follower.sentBeat + LOST_BEATS) return;
    if (follower.state === 'probe') {
      follower.probing = -1;
    } else if (matchedIndex < follower.next - 1) {
      this.#site.counters.rewinds++;
      follower.probe(Math.max(matchedIndex, follower.match));
    }
  }

  #resumeIfFetched(follower: Progress, { lastIndex }: HeartbeatAck): void {
    if (follower.state !== 'fetch' || this.#isFarBehind(follower)) return;
    if (this.#isLearner(follower.member) && !this.isStreamed(follower.member)) return;
    follower.probe(Math.max(Math.min(lastIndex, this.#replica.lastIndex), follower.match));
  }

  /** Learners that fetch are many, and wait for nothing but what is committed. */
  #hearsSeldom(member: GroupMember): boolean {
    return this.#isLearner(member) && !this.isStreamed(member);
  }

  isStreamed(member: GroupMember): boolean {
    const place = this.#replica.view.learners.findIndex(({ peer }) => peer === member.peer);
    return place >= 0 && place < this.#site.options.learnersStreamedMax;
  }

  #isFarBehind({ lastIndex, next }: Progress): boolean {
    const { bases, commitIndex } = this.#replica;
    const has = Math.max(lastIndex, next - 1);
    return has + 1 < bases.start || commitIndex - has > this.#site.options.fetchBehindEntries;
  }
}
