// One peer's copy of the log and all that is a function of it: where ballots begin, how far each producer is in,
// the view in force, what is committed and what may be delivered. Leaders, followers and those who fetch all append
// through it. SPEC rules OR4-OR19.
//
//   0 ─────── floor saved ≥ delivered ───── commit ───── durable ───── last
//
// Commit may be ahead of durable: a quorum of others holds it. What is delivered is committed, durable here, and
// covered by a floor that is durable too, so that no later life of this peer can cut it.

import { assert, must } from '../../kit/assert.ts';
import type { Result } from '../../kit/result.ts';
import { type Ballot, compareBallots, NO_BALLOT } from '../../model/ballot.ts';
import type { StreamName } from '../../model/durable.ts';
import type { Base, Chain, Entry, RecoveredLog } from '../../model/entry.ts';
import type { GroupId, GroupRole, GroupView } from '../../model/group-view.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import { Bases } from './bases.ts';
import { DiskQueue } from './disk-queue.ts';
import { Epochs } from './epochs.ts';
import { Log } from './log.ts';
import type { OrderingOutbox } from './port.ts';
import { Producers } from './producers.ts';
import { checked, type Unfit } from './rules.ts';
import type { Site } from './site.ts';
import { roleOf, Views } from './views.ts';

/** What a committed entry means to the peer as a whole. */
export type Committed = (entry: Entry, now: Now, out: OrderingOutbox) => void;

export class Replica {
  readonly group: GroupId;
  readonly log: Log;
  readonly epochs: Epochs;
  readonly producers: Producers;
  readonly views: Views;
  readonly bases: Bases;
  readonly disk = new DiskQueue();
  readonly #site: Site;
  readonly #committed: Committed;

  /** Never goes back. */
  #commitIndex: number;
  /** Goes back only when the log is cut, and never below the floor. */
  #durableIndex: number;
  /** The highest index of which the disk knows that it is committed. Never goes back. */
  #savedFloor: number;
  #delivered: number;
  /** The highest ballot under which something is known to have been committed. */
  #commitBallot: Ballot;
  /** The ballot below which the disk knows that this peer follows nobody. */
  #savedPromise: Ballot = NO_BALLOT;
  /** The site's, when this log was cut last. (OR15) */
  #version: number;
  #format: number;
  /** The index of the base that the log begins with, while the disk owes it. */
  #baseOwed: number | null = null;
  /** Weight of what is above the commit index. */
  #uncommittedBytes = 0;
  /** Nothing follows the entry that ends a group. */
  #sealedBy: Entry | null = null;
  /** Groups that have gone into this one, as far as is committed. */
  #absorbed: readonly GroupId[];

  constructor(site: Site, base: Base, recovered: RecoveredLog | null, floor: number, committed: Committed) {
    this.#site = site;
    this.#committed = committed;
    this.group = base.group;
    this.log = new Log(base);
    this.epochs = new Epochs(base.epochs);
    this.producers = new Producers(base.producers);
    this.views = new Views({ id: base.viewId, view: base.view });
    this.bases = new Bases(base, recovered, site.options.baseEveryBytes);
    this.#format = base.version;
    this.#absorbed = base.absorbed;
    this.#version = site.logVersion;
    this.#commitIndex = base.index;
    for (const entry of recovered?.entries ?? []) this.#take(entry);
    this.#durableIndex = this.log.lastIndex;
    this.#savedFloor = Math.max(base.index, Math.min(floor, this.log.lastIndex));
    this.#delivered = base.index;
    this.#commitBallot = base.ballot;
  }

  get lastIndex(): number {
    return this.log.lastIndex;
  }

  get lastBallot(): Ballot {
    return this.log.end.ballot;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Nothing is durable behind a base that is not. */
  get durableIndex(): number {
    return this.#baseOwed === null ? this.#durableIndex : 0;
  }

  get deliveredIndex(): number {
    return this.#delivered;
  }

  get savedFloor(): number {
    return this.#savedFloor;
  }

  get commitBallot(): Ballot {
    return this.#commitBallot;
  }

  get version(): number {
    return this.#version;
  }

  get format(): number {
    return this.#format;
  }

  get view(): GroupView {
    return this.views.inForce.view;
  }

  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  /** The group this one has gone into; null while it lives. */
  get dissolvedInto(): GroupId | null {
    const body = this.#sealedBy?.body;
    return body?.kind === 'dissolve' ? body.into : null;
  }

  /** Nothing follows the end of a group, but the first entries of leaders that have yet to commit it. */
  get isSealed(): boolean {
    return this.#sealedBy !== null;
  }

  /** The index of the entry that ends the group, once it is committed. */
  get sealedAt(): number | null {
    const index = this.#sealedBy?.index ?? null;
    return index !== null && index <= this.#commitIndex ? index : null;
  }

  /** Whether all of that group is in this one. */
  hasAbsorbed(group: GroupId | null): boolean {
    return group !== null && this.#absorbed.includes(group);
  }

  role(): GroupRole {
    return roleOf(this.view, this.#site.self, this.#site.identity);
  }

  /** The chain of the prefix up to `index`; null where neither memory reaches nor a base stands. */
  chainAt(index: number): Chain | null {
    return this.log.endAt(index)?.chain ?? this.bases.chainAt(index);
  }

  /** The sequence of the last reading up to the commit index. */
  get watermark(): number {
    return (
      must(this.log.endAt(this.#commitIndex), 'the end of what is committed is in memory').nextSequence - 1
    );
  }

  committedN(name: StreamName): number {
    return this.producers.committedN(name);
  }

  /** Applies what the disk already knows to be committed. */
  start(now: Now, out: OrderingOutbox): void {
    this.commitTo(this.#savedFloor, this.#commitBallot, now, out);
  }

  /** Whether the entry may be the next one. */
  fits(entry: Entry): Result<true, Unfit> {
    const { end } = this.log;
    const { body } = entry;
    if (entry.index !== end.index + 1 || entry.firstSequence !== end.nextSequence) {
      return checked(false, 'unsound');
    }
    if (this.isSealed && body.kind !== 'epoch-start') {
      return checked(false, 'unsound');
    }
    if (body.kind === 'upgrade' && body.version > this.#site.options.format) return checked(false, 'format');
    if (!this.#site.rules.continues(end.chain, entry)) return checked(false, 'chain');
    return checked(this.producers.fits(body), 'unsound');
  }

  /** The leader's own entries: what it makes fits. */
  append(entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    for (const entry of entries) this.#take(entry);
    this.#ask(entries, now, out);
  }

  /** Entries that came from others, as far as they fit; what is wrong with the first that does not. */
  appendFitting(
    entries: readonly Entry[],
    accepts: (entry: Entry) => boolean,
    now: Now,
    out: OrderingOutbox,
  ): { readonly problem: Unfit; readonly entry: Entry } | null {
    let taken = 0;
    let unfit = null;
    for (const entry of entries) {
      if (!accepts(entry)) break;
      const fit = this.fits(entry);
      if (!fit.ok) {
        unfit = { problem: fit.problem, entry };
        break;
      }
      this.#take(entry);
      taken++;
    }
    this.#ask(taken === entries.length ? entries : entries.slice(0, taken), now, out);
    return unfit;
  }

  /** Everything above `after` leaves the log. Whoever calls has asked `mayCut`. */
  cut(after: number, out: OrderingOutbox): void {
    const { lastIndex, end } = this.log;
    if (after >= lastIndex) return;
    const gone = this.log.cut(after);
    for (const entry of gone) this.#uncommittedBytes -= entry.bytes.length;
    this.epochs.cut(after);
    if (this.#sealedBy !== null && this.#sealedBy.index > after) this.#sealedBy = null;
    this.#durableIndex = Math.min(this.#durableIndex, after);
    this.#version = ++this.#site.logVersion;
    this.#site.counters.cuts++;
    this.producers.recall(this.#above(this.#commitIndex));
    const reverted = this.views.cut(after);
    out.cutLog(after, this.#version);
    out.announce({ type: 'log-cut', group: this.group, after, last: lastIndex, ballot: end.ballot });
    if (reverted) this.#announceView(this.views.inForce.id, this.view, this.views.isSettled, out);
  }

  /** The log begins: nothing of it is on the disk yet, and what may be there is none of it. */
  begin(out: OrderingOutbox): void {
    this.#baseOwed = this.lastIndex;
    this.discardAbove(out);
  }

  baseSaved(index: number, out: OrderingOutbox): void {
    if (this.#baseOwed === null || index < this.#baseOwed) return;
    this.#baseOwed = null;
    this.deliver(out);
  }

  /** What the disk may hold behind the log's end leaves it. */
  discardAbove(out: OrderingOutbox): void {
    this.#version = ++this.#site.logVersion;
    out.cutLog(this.lastIndex, this.#version);
  }

  /** Whether the log reaches further on the disk than it did. */
  appended(upto: number, version: number, now: Now, out: OrderingOutbox): boolean {
    const answered = this.disk.answer(upto, version, now.steadyMs);
    if (answered === null) return false;
    this.#savedFloor = Math.max(this.#savedFloor, answered.floor);
    const before = this.durableIndex;
    if (this.#site.rules.stillStands(version, this.#version)) {
      this.#durableIndex = Math.max(this.#durableIndex, Math.min(upto, this.lastIndex));
    }
    this.deliver(out);
    return this.durableIndex > before;
  }

  stateSaved(promised: Ballot, floor: number, out: OrderingOutbox): void {
    this.#savedPromise = promised;
    if (floor <= this.#savedFloor) return;
    this.#savedFloor = Math.min(floor, this.lastIndex);
    this.deliver(out);
  }

  /** Entries up to `index` are committed, as the leader of `ballot` or somebody who followed it says. */
  commitTo(index: number, ballot: Ballot, now: Now, out: OrderingOutbox): void {
    const upto = Math.min(index, this.lastIndex);
    if (compareBallots(ballot, this.#commitBallot) > 0) this.#commitBallot = ballot;
    const from = this.#commitIndex + 1;
    if (upto < from) return;
    this.#commitIndex = upto;
    for (let at = from; at <= upto; at++) {
      const entry = must(this.log.at(at), 'uncommitted entries are in memory');
      this.#uncommittedBytes -= entry.bytes.length;
      this.#site.counters.entriesCommitted++;
      this.#site.counters.readingsCommitted += entry.count;
      this.#commit(entry, out);
      this.#committed(entry, now, out);
    }
    this.deliver(out);
  }

  /** What waits for the floor alone. */
  get awaitsFloor(): boolean {
    return Math.min(this.#commitIndex, this.durableIndex) > this.#savedFloor;
  }

  deliver(out: OrderingOutbox): void {
    const upto = Math.min(this.#commitIndex, this.durableIndex, this.#savedFloor);
    if (upto > this.#delivered) {
      const end = must(this.log.endAt(upto), 'what is not yet delivered is in memory');
      this.#delivered = upto;
      out.announce({ type: 'committed', group: this.group, index: upto, sequence: end.nextSequence - 1 });
    }
    this.bases.deliver(this.#delivered, this.#commitIndex, out);
    this.log.forget(this.#delivered, this.#site.options.cacheBytesMax);
  }

  #ask(entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    let bytes = 0;
    for (const { body, index, bytes: encoded } of entries) {
      bytes += encoded.length;
      if (body.kind === 'view') this.#announceView(index, body.view, false, out);
    }
    this.#site.counters.entriesAppended += entries.length;
    const floor = this.#floorToSave();
    this.disk.ask(last.index, this.#version, floor, bytes, now.steadyMs);
    out.appendLog(entries, this.#version, floor);
  }

  /**
   * A floor says that leaders of lower ballots than that of the commit are none any more, so the disk learns the
   * promise first. Then an entry that differs below the floor is never just an old leader's.
   */
  #floorToSave(): number {
    return compareBallots(this.#savedPromise, this.#commitBallot) >= 0 ? this.#commitIndex : this.#savedFloor;
  }

  #take(entry: Entry): void {
    this.log.append(entry);
    this.epochs.append(entry.ballot, entry.index);
    this.producers.append(entry);
    this.#uncommittedBytes += entry.bytes.length;
    if (entry.body.kind === 'view') this.views.append(entry.index, entry.body.view);
    if (entry.body.kind === 'dissolve') this.#sealedBy = entry;
    if (entry.body.kind === 'trim') this.#trim(entry, entry.body.upto);
  }

  #trim({ index }: Entry, upto: number): void {
    if (this.#site.rules.mayTrim(index, this.#commitIndex)) this.bases.trim(upto);
  }

  #commit(entry: Entry, out: OrderingOutbox): void {
    const { body, index } = entry;
    this.producers.commit(entry);
    switch (body.kind) {
      case 'view':
        this.views.commit(index);
        this.#announceView(index, body.view, true, out);
        break;
      case 'trim':
        this.#trim(entry, body.upto);
        break;
      case 'absorbed':
        // Once more by a leader that did not know what the one before it had proposed.
        if (this.#absorbed.includes(body.group)) break;
        this.#absorbed = [...this.#absorbed, body.group].slice(-LIMITS.absorbedGroupsMax);
        break;
      case 'upgrade':
        this.#format = Math.max(this.#format, body.version);
        break;
      default:
    }
    if (this.bases.isDue(entry)) this.bases.take(this.#baseAt(entry));
  }

  #baseAt({ index, ballot, chain, firstSequence, count }: Entry): Base {
    const { id, view } = this.views.committed;
    return {
      group: this.group,
      index,
      ballot,
      chain,
      nextSequence: firstSequence + count,
      view,
      viewId: id,
      producers: this.producers.rows(),
      epochs: this.epochs.rows.filter(({ first }) => first <= index),
      absorbed: this.#absorbed,
      version: this.#format,
    };
  }

  *#above(index: number): Iterable<Entry> {
    for (let at = index + 1; at <= this.lastIndex; at++) {
      yield must(this.log.at(at), 'uncommitted entries are in memory');
    }
  }

  #announceView(viewId: number, view: GroupView, committed: boolean, out: OrderingOutbox): void {
    assert(view.voters.length > 0, 'a group has voters');
    out.announce({ type: 'group-view', group: this.group, viewId, view, committed });
  }
}
