// What the history plane asks of its host besides messages and facts: a log, a few words that must never be
// forgotten, and its own outbox back. Every request is answered by an input, and nothing is promised to
// anybody before that.

import type { Base, Entry, OrderState } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import type { Outbox } from '../outbox.ts';

export interface OrderingOutbox extends Outbox, OrderRequests {}

export interface OrderRequests {
  /** Answered by `orderStateSaved`. A later state takes the place of an earlier one. */
  saveOrderState(state: OrderState): void;
  /**
   * Entries that continue the log. Answered by `logAppended(index of the last, version)`, in order. `floor`: the
   * highest index known committed, kept beside them.
   */
  appendLog(entries: readonly Entry[], version: number, floor: number): void;
  /** Everything above `after` leaves the log and is kept aside. Appends that follow carry the version given. */
  cutLog(after: number, version: number): void;
  /** Answered by `logRead`: entries from `from` on, at least one if there is any, at most `bytesMax` beyond that. */
  readLog(read: LogRead): void;
  /**
   * Recovery may start from here. Answered by `baseSaved`, which only the base that a log begins with waits for: of
   * the others an older one does as well. Of the earlier ones those at or above the log's beginning are kept, so that
   * who joins can begin there. A base above the log's end: the log begins anew behind it. A base of another group:
   * the former group's log is kept aside, and the log begins anew.
   */
  saveBase(base: Base): void;
  /**
   * Entries that others gave for a stretch that the disk had lost. Answered by the disk's word on it, `mended` or
   * `not-mended`.
   */
  mendLog(entries: readonly Entry[]): void;
  /** Entries up to `upto` are needed no more, apart from what a follower of the order still reads. */
  trimLog(upto: number): void;
  /**
   * Answered by `outboxRead`: own batches in order, the first beginning at `fromN`, or where the outbox does if
   * that is later. A batch that contains `fromN` is cut there.
   */
  readOutbox(read: OutboxRead): void;
  /** Own records of this identity up to `upto` are committed: the outbox need not keep them for the order. */
  ordered(identity: Identity, upto: number): void;
}

export interface LogRead {
  readonly id: number;
  readonly from: number;
  /** Not beyond this index. */
  readonly to: number;
  readonly bytesMax: number;
}

export interface OutboxRead {
  readonly id: number;
  readonly identity: Identity;
  readonly fromN: number;
  readonly bytesMax: number;
}

/** A batch of own records that is durable in the outbox, as it goes to the leader. */
export interface OutboxBatch {
  readonly identity: Identity;
  readonly firstN: number;
  readonly lastN: number;
  /** How many of its records are readings. */
  readonly readings: number;
  /** The batch, encoded. */
  readonly payload: Uint8Array;
}
