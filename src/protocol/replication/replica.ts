// All that a peer has of the state plane: the streams, its own among them, and the view over them. It takes deltas
// and own changes in, and knows nothing of messages. SPEC rules RP1-RP19.

import { assert } from '../../kit/assert.ts';
import type { StreamName, StreamSnapshot } from '../../model/durable.ts';
import { compareIdentities } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Record } from '../../model/reading.ts';
import type { Now } from '../../model/time.ts';
import type { StreamView } from '../../model/view.ts';
import type { Delta } from '../../wire/messages.ts';
import { Registers, type Slots } from './registers.ts';
import { type Stream, sameName } from './stream.ts';
import { Streams } from './streams.ts';
import { View } from './view.ts';

/** `behind`: tombstones this peer never saw were dropped, so what it shows may have been forgotten elsewhere. */
type Taken = readonly Record[] | 'behind';

const NOTHING: readonly Record[] = [];

export class Replica {
  readonly streams = new Streams();
  readonly view = new View();
  #own: Stream;
  /** Slots that hold, or lately held, a tombstone. */
  readonly #tombstones = new Set<Slots>();
  #recordsRefused = 0;
  #streamsRefused = 0;

  constructor(own: StreamName) {
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
    return this.#tombstones.size;
  }

  /** Whether everything it has is its own. */
  get isBare(): boolean {
    return this.streams.sorted.every((stream) => stream.upto === 0 || stream.origin === this.#own.origin);
  }

  restore(snapshot: StreamSnapshot): void {
    const stream = this.streams.find(snapshot) ?? this.streams.add(snapshot);
    for (const record of snapshot.records) this.#put(stream.registers, record);
    stream.droppedUpto = snapshot.droppedUpto;
    this.streams.setUpto(stream, snapshot.upto);
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
      const state = own.registers.slotsOf(record.sensor)?.state;
      const late = record.kind !== 'meta' && state && record.lwwTsMs < state.record.lwwTsMs;
      if (!late && this.#put(own.registers, record)) taken.push(record);
      this.streams.setUpto(own, record.n);
    }
    if (isFirst) this.#limitIdentities(own);
    own.advancedAtMs = wallMs;
    return taken;
  }

  /** Takes what somebody else has of a stream. Gives the records that were not shown before. */
  take(delta: Delta, now: Now): Taken {
    if (sameName(delta, this.#own)) return NOTHING;
    const stream = this.streams.find(delta) ?? this.#open(delta);
    if (stream === null) return NOTHING;
    if (stream.upto > 0 && delta.droppedUpto > Math.max(stream.upto, stream.droppedUpto)) return 'behind';
    if (delta.after <= stream.upto) return this.#continue(stream, delta, now);
    return this.#putAhead(stream, delta.records, now);
  }

  /** Whether a peer that has so much of a stream could give something that would be taken. */
  wants(name: StreamName, stream: Stream | null, upto: number): boolean {
    if (stream === null) return upto > 0 && this.#hasRoomFor(name);
    return stream !== this.#own && upto > stream.upto;
  }

  /** Drops what others wrote; what this peer wrote under whatever identity stays. (RP16) */
  forgetForeign(): void {
    for (const stream of [...this.streams.sorted]) {
      if (stream.origin !== this.#own.origin) this.#forget(stream);
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

  /**
   * Drops the tombstones that lie so many changes back in their stream. By count and not by a clock, so that all
   * who have as much of a stream have dropped the same. (RP15)
   */
  collect(span: number): void {
    for (const slots of this.#tombstones) {
      const record = slots.state?.record;
      const { stream } = slots.home;
      const waits =
        record?.kind === 'tombstone' && (record.n > stream.upto - span || slots.home === stream.ahead);
      if (waits) continue;
      this.#tombstones.delete(slots);
      if (record?.kind !== 'tombstone') continue;
      stream.droppedUpto = Math.max(stream.droppedUpto, record.n);
      const { meta } = slots;
      if (meta !== null && meta.record.n < record.n) slots.home.dropMeta(slots);
      slots.home.dropState(slots);
      this.view.withdraw(slots);
    }
  }

  snapshot(): StreamSnapshot[] {
    const snapshots: StreamSnapshot[] = [];
    for (const { origin, identity, upto, droppedUpto, registers } of this.streams.sorted) {
      if (upto > 0) snapshots.push({ origin, identity, upto, droppedUpto, records: registers.records() });
    }
    return snapshots;
  }

  rows(): StreamView[] {
    return this.streams.sorted.map(({ origin, identity, upto, registers, advancedAtMs }) => {
      return { origin, identity, upto, registers: registers.size, advancedAtMs };
    });
  }

  #continue(stream: Stream, delta: Delta, now: Now): readonly Record[] {
    if (delta.droppedUpto > stream.upto) stream.droppedUpto = Math.max(stream.droppedUpto, delta.droppedUpto);
    if (delta.upto <= stream.upto) return NOTHING;

    const taken: Record[] = [];
    for (const record of delta.records) {
      if (record.n <= stream.upto) continue;
      const shown = stream.ahead?.holds(record) ?? false;
      if (this.#put(stream.registers, record) && !shown) taken.push(record);
    }
    this.streams.setUpto(stream, delta.upto);
    stream.advancedAtMs = now.wallMs;
    if (stream.ahead !== null) this.#closeGap(stream, stream.ahead, now);
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
    for (let it = ahead.oldest; it !== null && it.record.n <= stream.upto; it = ahead.oldest) {
      const slots = ahead.slotsOf(it.record.sensor);
      assert(slots !== null, 'every register is in slots');
      if (slots.state === it) {
        ahead.dropState(slots);
        this.view.withdraw(slots);
      } else ahead.dropMeta(slots);
    }
    if (ahead.size === 0) stream.ahead = null;
    this.streams.aheadChanged(stream);
  }

  /** Whether the record is what its slot holds afterwards. */
  #put(registers: Registers, record: Record): boolean {
    if (registers.sensors >= LIMITS.slotsPerStreamMax && registers.slotsOf(record.sensor) === null) {
      this.#recordsRefused++;
      return false;
    }
    const slots = registers.put(record);
    if (slots === null) return false;
    if (record.kind === 'meta') return true;
    this.view.offer(slots);
    if (record.kind === 'tombstone') this.#tombstones.add(slots);
    // A tombstone of another stream may have beaten it at once.
    return slots.state?.record === record;
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
    return this.streams.sorted.length < LIMITS.originsMax;
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
    for (const registers of [stream.registers, stream.ahead]) {
      for (const slots of registers?.slots() ?? []) {
        this.#tombstones.delete(slots);
        slots.state = null;
        this.view.withdraw(slots);
      }
    }
  }
}
