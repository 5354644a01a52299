// How often sensors speak, learned from when their readings arrive. Of each sensor the last eight intervals are kept, in
// columns, so that a hundred thousand sensors cost a few megabytes; the cadence is their median, so that three of eight may
// be anything: an outage, a reading that was lost, two that came together. SPEC rules RE2, RE3.
//
// The surprise: a sensor that speaks when something happens, as a door does, has no cadence that its silence could break.
// Where even the second longest interval is more than three times the median, the longest stands for the cadence.

import { LIMITS } from '../model/limits.ts';

/** Kept of each sensor. */
export const INTERVALS_KEPT = 8;
/** Of fewer nothing is learned. */
const INTERVALS_MIN = 4;
/** Readings that come closer together are one arrival: a device that sends what it has gathered says nothing of its cadence. */
const TOGETHER_MS = 500;
const MISSED_CADENCES = 3;
/** A silence shorter than this may well be the network's. */
const STALE_AFTER_MS_MIN = 3_000;
/** Of a sensor of which nothing is known. */
export const STALE_AFTER_MS_UNKNOWN = 300_000;
const FIRST_ROOM = 64;

export class Cadences {
  #firstSeen = new Float64Array(FIRST_ROOM);
  #lastSeen = new Float64Array(FIRST_ROOM);
  /** When the interval under way began; 0 before the first arrival. */
  #began = new Float64Array(FIRST_ROOM);
  #period = new Float64Array(FIRST_ROOM);
  /** What is learned of the intervals; 0 for nothing yet. */
  #cadence = new Float64Array(FIRST_ROOM);
  /** How many intervals there were; of more than are kept, the oldest is overwritten. */
  #count = new Uint32Array(FIRST_ROOM);
  #intervals = new Float32Array(FIRST_ROOM * INTERVALS_KEPT);
  #size = 0;
  readonly #free: number[] = [];

  get size(): number {
    return this.#size - this.#free.length;
  }

  /** A place for one sensor; null when there are as many as there may be. */
  open(firstSeenMs: number): number | null {
    const slot = this.#free.pop() ?? this.#size;
    if (slot >= LIMITS.registrySensorsMax) return null;
    if (slot === this.#size) this.#size++;
    if (slot >= this.#firstSeen.length) this.#grow();
    this.#firstSeen[slot] = firstSeenMs;
    this.#lastSeen[slot] = firstSeenMs;
    this.#began[slot] = 0;
    this.#period[slot] = 0;
    this.#cadence[slot] = 0;
    this.#count[slot] = 0;
    return slot;
  }

  close(slot: number): void {
    this.#free.push(slot);
  }

  /** A reading arrived at this time, by the clock of where it came in. */
  arrived(slot: number, atMs: number): void {
    if (atMs > at(this.#lastSeen, slot)) this.#lastSeen[slot] = atMs;
    if (atMs < at(this.#firstSeen, slot)) this.#firstSeen[slot] = atMs;
    const began = at(this.#began, slot);
    if (began !== 0 && atMs - began < TOGETHER_MS) return;
    this.#began[slot] = atMs;
    if (began === 0) return;
    const count = at(this.#count, slot);
    this.#intervals[slot * INTERVALS_KEPT + (count % INTERVALS_KEPT)] = atMs - began;
    this.#count[slot] = count + 1;
    this.#cadence[slot] = cadenceOf(this.intervals(slot));
  }

  /** The sensor's origin says how often it speaks; 0 for nothing. */
  declare(slot: number, periodMs: number): void {
    this.#period[slot] = periodMs;
  }

  /** What was learned in an earlier life. */
  recall(slot: number, firstSeenMs: number, lastSeenMs: number, intervals: readonly number[]): void {
    this.#firstSeen[slot] = Math.min(at(this.#firstSeen, slot), firstSeenMs);
    this.#lastSeen[slot] = Math.max(at(this.#lastSeen, slot), lastSeenMs);
    this.#began[slot] = lastSeenMs;
    const kept = intervals.slice(-INTERVALS_KEPT);
    this.#intervals.set(kept, slot * INTERVALS_KEPT);
    this.#count[slot] = kept.length;
    this.#cadence[slot] = cadenceOf(kept);
  }

  firstSeenMs(slot: number): number {
    return at(this.#firstSeen, slot);
  }

  lastSeenMs(slot: number): number {
    return at(this.#lastSeen, slot);
  }

  /** Learned, or else declared; null where neither is there. */
  cadenceMs(slot: number): number | null {
    const cadence = at(this.#cadence, slot) || at(this.#period, slot);
    return cadence > 0 ? cadence : null;
  }

  /** Null: not yet. */
  learnedMs(slot: number): number | null {
    return at(this.#cadence, slot) || null;
  }

  staleAfterMs(slot: number): number {
    const cadence = at(this.#cadence, slot);
    if (cadence > 0) return Math.max(STALE_AFTER_MS_MIN, MISSED_CADENCES * cadence);
    const period = at(this.#period, slot);
    return period > 0 ? MISSED_CADENCES * period : STALE_AFTER_MS_UNKNOWN;
  }

  /** Those kept, the oldest first. */
  intervals(slot: number): number[] {
    const count = at(this.#count, slot);
    const kept = Math.min(count, INTERVALS_KEPT);
    const ring = this.#intervals.subarray(slot * INTERVALS_KEPT, slot * INTERVALS_KEPT + kept);
    const oldest = count > kept ? count % INTERVALS_KEPT : 0;
    return [...ring.subarray(oldest), ...ring.subarray(0, oldest)];
  }

  #grow(): void {
    const room = Math.min(LIMITS.registrySensorsMax, 2 * this.#firstSeen.length);
    this.#firstSeen = wider(this.#firstSeen, new Float64Array(room));
    this.#lastSeen = wider(this.#lastSeen, new Float64Array(room));
    this.#began = wider(this.#began, new Float64Array(room));
    this.#period = wider(this.#period, new Float64Array(room));
    this.#cadence = wider(this.#cadence, new Float64Array(room));
    this.#count = wider(this.#count, new Uint32Array(room));
    this.#intervals = wider(this.#intervals, new Float32Array(room * INTERVALS_KEPT));
  }
}

/** 0 where there are too few. */
function cadenceOf(intervals: readonly number[]): number {
  if (intervals.length < INTERVALS_MIN) return 0;
  const sorted = intervals.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const [secondLongest = 0, longest = 0] = sorted.slice(-2);
  return secondLongest > MISSED_CADENCES * median ? longest : median;
}

function at(column: Float64Array | Uint32Array, slot: number): number {
  return column[slot] ?? 0;
}

function wider<C extends Float64Array | Uint32Array | Float32Array>(old: C, room: C): C {
  room.set(old);
  return room;
}
