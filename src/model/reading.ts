// What sensors say, and what a peer makes of it.

import type { SensorId } from './ids.ts';

export type Scalar = number | boolean | string;
/** A sensor's value: one scalar, or a flat record of named ones (its fields). Numbers are finite. */
export type Value = Scalar | { readonly [field: string]: Scalar };

/** What a sensor said once. `tsMs` is the device's own time of day (Unix, ms); without one, the arrival time counts. */
export interface Reading {
  readonly sensor: SensorId;
  readonly value: Value;
  readonly tsMs?: number;
  /** Meta of the sensor, where the input knows it. */
  readonly unit?: string;
  readonly periodMs?: number;
}

/**
 * A change at one origin. Each takes the origin's next `n` (from 1, no gaps, durable), so that
 * `(origin, identity, n)` names it for ever: its version in gossip, its place in the outbox, its key for
 * exactly-once.
 */
export type Record = ReadingRecord | MetaRecord | TombstoneRecord;

export interface ReadingRecord {
  readonly kind: 'reading';
  readonly n: number;
  readonly sensor: SensorId;
  readonly value: Value;
  /** The time the device gave, or the arrival time where it gave none. */
  readonly tsMs: number;
  /** When the origin took it in, by the origin's corrected clock. */
  readonly ingestTsMs: number;
  /**
   * The time that competes in the last-write-wins view: `tsMs`, unless the device's clock ran ahead of the
   * origin's by more than the allowed skew; then it is smaller, and the reading carries the flag `clock`. It is
   * larger for a reading that brings a forgotten sensor back with an earlier time than that of the forgetting.
   * Judged once, at the origin, so that all peers agree.
   */
  readonly lwwTsMs: number;
}

/** Unit and period of a sensor at one origin. */
export interface MetaRecord {
  readonly kind: 'meta';
  readonly n: number;
  readonly sensor: SensorId;
  readonly unit: string;
  readonly periodMs: number;
}

/** The sensor is forgotten: what is older than `lwwTsMs` is shown no more. */
export interface TombstoneRecord {
  readonly kind: 'tombstone';
  readonly n: number;
  readonly sensor: SensorId;
  readonly lwwTsMs: number;
}

export function isClockSuspect(record: ReadingRecord): boolean {
  return record.lwwTsMs < record.tsMs;
}
