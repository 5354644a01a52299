// The port to a peer's disk. `done` is called once the bytes would survive a crash, in the order of the calls.
// An error that makes this impossible goes to `failed` (given at opening), once, and then nothing is answered any
// more: a peer that cannot remember must not promise.

import type { Batch, HardState, KnownAddress, Snapshot } from '../model/durable.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import type { Identity } from '../model/ids.ts';

export interface Store {
  /** `stored`: as it stands in the outbox, where that serves the order. */
  append(batch: Batch, done: (stored?: StoredBatch) => void): void;
  saveHardState(state: HardState, done: () => void): void;
  /** Afterwards the outbox is trimmed to what the snapshot does not cover. */
  saveSnapshot(snapshot: Snapshot, done: () => void): void;
  counters(): { readonly [name: string]: number };
  /** Finishes what is under way, then closes the files. */
  close(): Promise<void>;
}

/** The address book. Nothing is answered, and no error told: nothing hangs on it but time. */
export interface AddressStore {
  saveAddresses(addresses: readonly KnownAddress[]): void;
}

/** The part of the port that the order uses: the history log, its hard state, and the outbox as it is drained. */
export interface OrderStore {
  /** Shares the superblock with `saveHardState`; states asked for while one is being written are saved as one. */
  saveOrderState(state: OrderState, done: () => void): void;
  /** Entries that continue the log, and the highest index known committed. Answered in order. */
  appendLog(entries: readonly Entry[], floor: number, done: () => void): void;
  /** Everything above `after` leaves the log and is kept aside. In order with appends; never at or below the floor. */
  cutLog(after: number, done: () => void): void;
  /** Entries that are durable, from `from` to `to` and a first one whatever it weighs; none where none stand. */
  readLog(from: number, to: number, bytesMax: number, done: (entries: readonly Entry[]) => void): void;
  /** The index of the entry that gave this sequence, or null where it is not (or no longer) here. */
  findSequence(sequence: number, done: (index: number | null) => void): void;
  /** A base beyond the log, or of another group, empties the log, which then goes on behind it. */
  saveBase(base: Base, done: () => void): void;
  /** Whole segments up to `upto` go, as far as a base covers them and no pin holds them. */
  trimLog(upto: number): void;
  /** Writes a damaged range anew, from entries that others had. False: they do not fit what stands around them. */
  mendLog(entries: readonly Entry[], done: (mended: boolean) => void): void;
  /** Keeps the log from `from` on until the steady time `untilMs`, whatever is trimmed. A later call replaces it. */
  pinLog(name: string, from: number, untilMs: number): void;
  unpinLog(name: string): void;
  /** Looks at about so many bytes of what was written long ago, whether they are still right. */
  scrubLog(budgetBytes: number, done: () => void): void;
  /** The oldest index that can be read, and the highest durable one. */
  readonly logStart: number;
  readonly logEnd: number;
  /** Entries that were acknowledged once and are wrong or gone, until others have given them back. */
  readonly logHoles: readonly { readonly from: number; readonly to: number }[];
  /**
   * Own batches in order, a first one whatever it weighs. It begins at `fromN`, or where the outbox does if that is
   * later; a batch that contains `fromN` is cut there.
   */
  readOutbox(
    identity: Identity,
    fromN: number,
    bytesMax: number,
    done: (batches: readonly StoredBatch[]) => void,
  ): void;
  /** Own records of this identity up to `upto` are committed. Remembered, though not at once. */
  ordered(identity: Identity, upto: number): void;
}

/** A batch of own records as it stands in the outbox. */
export interface StoredBatch {
  readonly identity: Identity;
  readonly firstN: number;
  readonly lastN: number;
  /** How many of its records are readings. */
  readonly readings: number;
  /** The batch, encoded. */
  readonly payload: Uint8Array;
}

/** What happens on the disk without being asked. */
export type StoreEvent =
  /**
   * There is no space for the log to grow: readings should not be ordered here until there is. What is asked
   * nevertheless waits; entries without readings still find room. Told once each time.
   */
  | { readonly type: 'full'; readonly detail: string }
  /** There is space again. */
  | { readonly type: 'space' }
  /** Entries that were durable are wrong or gone; `mendLog` wants them. */
  | { readonly type: 'log-damaged'; readonly from: number; readonly to: number; readonly why: string }
  /** A segment of the log has ended with this index: a base of it makes the next start quick. */
  | { readonly type: 'log-sealed'; readonly upto: number }
  /** Somebody held the log beyond the time that was set for it. */
  | { readonly type: 'pin-expired'; readonly name: string }
  /** The outbox is as large as it may be; what is appended waits. */
  | { readonly type: 'outbox-full'; readonly bytes: number; readonly bytesMax: number }
  | { readonly type: 'outbox-room' }
  /** Own records that were never ordered are gone, by policy: a GAP is to be proposed. */
  | {
      readonly type: 'outbox-dropped';
      readonly identity: Identity;
      readonly firstN: number;
      readonly lastN: number;
    };
