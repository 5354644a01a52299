// All that a peer has of the state plane: the streams, its own among them, and the view over them. It takes deltas
// and own changes in, and knows nothing of messages. SPEC rules RP1-RP19.

import { assert } from '../../kit/assert.ts';
import type { StreamName, StreamSnapshot } from '../../model/durable.ts';
import { compareIdentities, type PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { Names } from '../../model/names.ts';
import type { Record } from '../../model/reading.ts';
import type { Now } from '../../model/time.ts';
import type { StreamView } from '../../model/view.ts';
import type { Delta } from '../../wire/messages.ts';
import { Registers, type StateRecord } from './registers.ts';
import { type Stream, sameName } from './stream.ts';
import { Streams } from './streams.ts';
import { Tombstones } from './tombstones.ts';
import { View } from './view.ts';

/** `behind`: tombstones this peer never saw were dropped, so what it shows may have been forgotten elsewhere. */
type Taken = readonly Record[] | 'behind';

const NOTHING: readonly Record[] = [];

export class Replica {
  readonly streams: Streams;
  readonly view = new View();
  #own: Stream;
  readonly #tombstones: Tombstones;
  #recordsRefused = 0;
  #streamsRefused = 0;

  /** Tombstones stay for `tombstoneSpan` changes of their stream. */
  constructor(own: StreamName, tombstoneSpan: number, names: Names = new Names()) {
    this.streams = new Streams(names);
    this.#tombstones = new Tombstones(tombstoneSpan);
    this.#own = this.streams.add(own);
  }

  get own(): Stream {
    return this.#own;
  }

  get recordsRefused(): number {
    return this.#recordsRefused;
  }

  get streamsRefused(): number {
    return this.#streamsRefused;
  }

  get tombstones(): number {
    return this.#tombstones.count;
  }

  /** Whether tombstones were ever dropped, here or by those it has its streams from. */
  get anyDropped(): boolean {
    return this.streams.sorted.some(({ droppedUpto }) => droppedUpto > 0);
  }

  /** Whether everything it has was written under its name, by whichever identity. */
  get isBare(): boolean {
    return this.streams.sorted.every((stream) => stream.upto === 0 || stream.origin === this.#own.origin);
  }

  get #hasOnlyOwn(): boolean {
    return this.streams.sorted.every((stream) => stream.upto === 0 || stream === this.#own);
  }

  restore(snapshot: StreamSnapshot): void {
    const stream = this.streams.find(snapshot) ?? this.streams.add(snapshot);
    for (const record of snapshot.records) this.#put(stream.registers, record);
    stream.droppedUpto = snapshot.droppedUpto;
    this.#advance(stream, snapshot.upto);
  }

  /**
   * Takes own changes, which continue without a gap. Gives those that a register holds: a state whose time is
   * before the register's takes its `n` and is gone. (RP7)
   */
  record(records: readonly Record[], wallMs: number): readonly Record[] {
    const own = this.#own;
    const isFirst = own.upto === 0;
    const taken: Record[] = [];
    for (const record of records) {
      if (record.n <= own.upto) continue;
      assert(record.n === own.upto + 1, 'own changes come without a gap');
      const state = own.registers.state(record.sensor);
      const late = record.kind !== 'meta' && state !== null && record.lwwTsMs < state.lwwTsMs;
      if (!late && this.#put(own.registers, record)) taken.push(record);
      this.#advance(own, record.n);
    }
    if (isFirst) this.#limitIdentities(own);
    own.advancedAtMs = wallMs;
    return taken;
  }

  /** Takes what somebody else has of a stream. Gives the records that were not shown before. */
  take(delta: Delta, now: Now): Taken {
    return this.#take(delta, now, false);
  }

  /** The same where everything is fetched from one giver, who has dropped already what its tombstones hid. */
  takeAnew(delta: Delta, now: Now): Taken {
    return this.#take(delta, now, true);
  }

  /** Whether a peer that has so much of a stream could give something that would be taken. */
  wants(name: StreamName, stream: Stream | null, upto: number): boolean {
    if (stream === null) return upto > 0 && this.#hasRoomFor(name);
    return stream !== this.#own && upto > stream.upto;
  }

  /**
   * Drops all but the stream that is being written. Also those of this peer's former identities, which others may have
   * told it of: whatever of them is still its own is written again under the new one. (RP16)
   */
  forgetForeign(): void {
    for (const stream of [...this.streams.sorted]) {
      if (stream !== this.#own) this.#forget(stream);
    }
  }

  /** Drops what was taken of one stream. */
  forget(name: StreamName): void {
    const stream = this.streams.find(name);
    if (stream !== null && stream !== this.#own) this.#forget(stream);
  }

  /**
   * Writes under another name from here on. Of the former stream, the changes above `keepUpto` were written under
   * numbers that others know as something else: they go, and the stream is fetched anew, since they may have
   * superseded what others still have. What remains is shown meanwhile. (RP19)
   */
  rename(own: StreamName, keepUpto: number, now: Now): void {
    const former = this.#own;
    this.#own = this.streams.find(own) ?? this.streams.add(own);
    if (former !== this.#own && former.upto > keepUpto) {
      const kept = former.registers.records().filter((record) => record.n <= keepUpto);
      this.#forget(former);
      if (kept.length > 0) this.#putAhead(this.streams.add(former), kept, now);
    } else if (former !== this.#own && former.upto === 0) {
      // Nothing was written there, so nobody else knows of it: it must not count among the identities. (RP4)
      this.#forget(former);
    }
    this.#limitIdentities(own);
  }

  /** The origin of these streams has been away for long, or is back. (RP50) */
  retire(origin: PeerId, retired: boolean): void {
    for (const stream of this.streams.ofOrigin(origin)) this.streams.retire(stream, retired);
  }

  snapshot(): StreamSnapshot[] {
    const snapshots: StreamSnapshot[] = [];
    for (const { origin, identity, upto, droppedUpto, registers } of this.streams.sorted) {
      if (upto > 0) snapshots.push({ origin, identity, upto, droppedUpto, records: registers.records() });
    }
    return snapshots;
  }

  rows(nowMs: number): StreamView[] {
    return this.streams.sorted.map((stream) => {
      const { origin, identity, upto, registers, advancedAtMs, retired } = stream;
      const lag = this.streams.lagOf(stream, nowMs);
      return {
        origin,
        identity,
        upto,
        registers: registers.size,
        advancedAtMs,
        retired,
        lagRecords: lag.records,
        staleMs: lag.staleMs,
      };
    });
  }

  #take(delta: Delta, now: Now, anew: boolean): Taken {
    if (sameName(delta, this.#own)) return NOTHING;
    const stream = this.streams.find(delta) ?? this.#open(delta);
    if (stream === null) return NOTHING;
    if (this.#missedTombstones(stream, delta, anew)) return 'behind';
    if (delta.after <= stream.upto) return this.#continue(stream, delta, now);
    return this.#putAhead(stream, delta.records, now);
  }

  /**
   * Also of a stream that nothing was known of: its tombstones may have hidden what other streams still show here.
   * Who has nothing but what it is writing has nothing to forget. (RP16)
   */
  #missedTombstones(stream: Stream, { after, droppedUpto }: Delta, anew: boolean): boolean {
    if (droppedUpto <= Math.max(stream.upto, stream.droppedUpto)) return false;
    if (stream.upto > 0) return true;
    return after === 0 && !anew && !this.#hasOnlyOwn;
  }

  #continue(stream: Stream, delta: Delta, now: Now): readonly Record[] {
    if (delta.droppedUpto > stream.upto) stream.droppedUpto = Math.max(stream.droppedUpto, delta.droppedUpto);
    if (delta.upto <= stream.upto) return NOTHING;

    const continues = delta.after === stream.upto && stream.ahead === null;
    const taken = continues
      ? this.#putAll(stream.registers, delta.records)
      : this.#putNew(stream, stream.registers, delta.records);
    this.#advance(stream, delta.upto);
    // What another delta would be made of, unless something of this one was refused, or superseded by its own rest.
    const { records } = delta;
    stream.lastDelta =
      continues && stream.registers.countAfter(delta.after) === records.length ? delta : null;
    stream.advancedAtMs = now.wallMs;
    if (stream.ahead !== null) this.#closeGap(stream, stream.ahead, now);
    return taken;
  }

  /** Records all of which are above the watermark. Gives the same list where all of them are shown, as they mostly are. */
  #putAll(registers: Registers, records: readonly Record[]): readonly Record[] {
    let left: Record[] | null = null;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as Record;
      if (this.#put(registers, record)) left?.push(record);
      else left ??= records.slice(0, i);
    }
    return left ?? records;
  }

  #putNew(stream: Stream, registers: Registers, records: readonly Record[]): readonly Record[] {
    const taken: Record[] = [];
    for (const record of records) {
      if (record.n <= stream.upto) continue;
      const shown = stream.ahead?.holds(record) ?? false;
      if (this.#put(registers, record) && !shown) taken.push(record);
    }
    return taken;
  }

  /** Shown, but never claimed: something before it may be missing. (RP9) */
  #putAhead(stream: Stream, records: readonly Record[], now: Now): readonly Record[] {
    const ahead = stream.ahead ?? new Registers(stream);
    const taken: Record[] = [];
    for (const record of records) {
      if (record.n > stream.upto && this.#put(ahead, record)) taken.push(record);
    }
    if (taken.length === 0) return NOTHING;
    if (stream.ahead === null) stream.gapSinceMs = now.steadyMs;
    stream.ahead = ahead;
    this.streams.aheadChanged(stream);
    return taken;
  }

  /** What lay beyond the gap is covered by the registers as far as they reach. */
  #closeGap(stream: Stream, ahead: Registers, now: Now): void {
    stream.gapSinceMs = now.steadyMs;
    for (let it = ahead.oldest; it !== null && it.n <= stream.upto; it = ahead.oldest) {
      if (it.kind === 'meta') ahead.dropMeta(it.sensor);
      else {
        ahead.dropState(it.sensor);
        this.view.withdraw(ahead, it.sensor);
      }
    }
    if (ahead.size === 0) {
      this.#release(ahead);
      stream.ahead = null;
    }
    this.streams.aheadChanged(stream);
  }

  /** Whether the record is what its register holds afterwards. */
  #put(registers: Registers, record: Record): boolean {
    if (registers.sensors >= LIMITS.slotsPerStreamMax && !registers.has(record.sensor)) {
      this.#recordsRefused++;
      return false;
    }
    const put = registers.put(record);
    if (put === 'older') return false;
    if (record.kind === 'meta') return true;
    this.view.offer(registers, record, put === 'opened');
    if (record.kind === 'tombstone') this.#tombstones.note(registers, record);
    // A tombstone of another stream may have beaten it at once.
    return !this.view.anyHidden || registers.state(record.sensor) === record;
  }

  /** Moves the watermark, and drops the tombstones that have had their time. (RP15) */
  #advance(stream: Stream, upto: number): void {
    this.streams.setUpto(stream, upto);
    const { registers } = stream;
    for (const spent of this.#tombstones.takeSpent(registers, upto)) this.#dropTombstone(registers, spent);
  }

  #dropTombstone(home: Registers, { sensor, n }: StateRecord): void {
    const { stream } = home;
    stream.droppedUpto = Math.max(stream.droppedUpto, n);
    const meta = home.meta(sensor);
    if (meta !== null && meta.n < n) home.dropMeta(sensor);
    home.dropState(sensor);
    this.view.withdraw(home, sensor);
  }

  #open(name: StreamName): Stream | null {
    if (!this.#hasRoomFor(name)) {
      this.#streamsRefused++;
      return null;
    }
    const stream = this.streams.add(name);
    this.#limitIdentities(name);
    return stream;
  }

  #hasRoomFor(name: StreamName): boolean {
    const siblings = this.streams.ofOrigin(name.origin).filter((stream) => stream !== this.#own);
    const eldest = siblings.at(-1);
    if (eldest !== undefined && siblings.length >= this.#identitiesMax(name)) {
      return compareIdentities(name.identity, eldest.identity) > 0;
    }
    return this.streams.sorted.length < LIMITS.originsMax && this.streams.hasRoomFor(name);
  }

  /** Of too many identities of one origin the oldest goes, at every peer the same. (RP4) */
  #limitIdentities(name: StreamName): void {
    const siblings = this.streams.ofOrigin(name.origin).filter((stream) => stream !== this.#own);
    for (const stream of siblings.slice(this.#identitiesMax(name))) this.#forget(stream);
  }

  /** The stream that is being written is one of them, once others can have heard of it. */
  #identitiesMax(name: StreamName): number {
    const countsOwn = name.origin === this.#own.origin && this.#own.upto > 0;
    return LIMITS.identitiesPerOriginMax - (countsOwn ? 1 : 0);
  }

  #forget(stream: Stream): void {
    assert(stream !== this.#own, 'the stream that is being written stays');
    this.streams.remove(stream);
    for (const home of [stream.registers, stream.ahead]) {
      if (home === null) continue;
      for (const record of home.records()) {
        if (record.kind === 'meta') continue;
        home.dropState(record.sensor);
        this.view.withdraw(home, record.sensor);
      }
      this.#release(home);
    }
  }

  #release(home: Registers): void {
    this.#tombstones.release(home);
    this.view.release(home);
  }
}
