// What a peer keeps on its disk.

import type { Address } from './address.ts';
import type { OrderState, RecoveredLog } from './entry.ts';
import type { Identity, PeerId } from './ids.ts';
import type { ReadingRecord, Record } from './reading.ts';

/** One writer's stream of records: an origin's life with one disk. */
export interface StreamName {
  readonly origin: PeerId;
  readonly identity: Identity;
}

/** What a peer must never forget. */
export interface HardState {
  readonly identity: Identity;
  /** Rises at every start and at every refutation, never goes back within one identity. */
  readonly incarnation: number;
  /** Absent where the peer never had to do with the order; a save without it leaves it as it was. */
  readonly order?: OrderState;
}

/** Changes that came in together: encoded once, stored together. Their `n` follow each other without a gap. */
export interface Batch {
  readonly identity: Identity;
  readonly records: readonly Record[];
  /**
   * The unit of each record's sensor at that place in the stream, '' for none; left out where none has one. With
   * it a batch explains itself: who reads it needs nothing that came before.
   */
  readonly units?: readonly string[];
  /**
   * What stands here was stored under an earlier name of this peer, and is or will be ordered under that name: it says
   * again what the state is and adds nothing to the history.
   */
  readonly copies?: true;
  readonly receipt?: Receipt;
}

/** Whether the order counts the record as a reading, which takes a sequence. */
export function isOrdered({ copies }: Pick<Batch, 'copies'>, record: Record): record is ReadingRecord {
  return record.kind === 'reading' && copies !== true;
}

/** The client's `Idempotency-Key` and the edge's answer to it, kept as long as the key is remembered. */
export interface ReceiptKey {
  readonly key: string;
  /** Opaque to the peer: what the edge will answer again, apart from `firstN`. */
  readonly answer: string;
}

export interface Receipt extends ReceiptKey {
  readonly firstN: number;
  readonly atMs: number;
}

/** All registers a peer has, its own and others', and how far it has each stream. */
export interface Snapshot {
  /** The highest own `n` (of the hard state's identity) it covers: the outbox may forget up to here. */
  readonly identity: Identity;
  readonly ownN: number;
  readonly streams: readonly StreamSnapshot[];
  readonly receipts: readonly Receipt[];
}

export interface StreamSnapshot extends StreamName {
  readonly upto: number;
  readonly droppedUpto: number;
  readonly records: readonly Record[];
}

/** Where a member listened when it was seen last, by the time of day. */
export interface KnownAddress {
  readonly peer: PeerId;
  readonly address: Address;
  readonly seenMs: number;
}

/** What a host found on its disk at start. */
export interface Recovered {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  /** The address book; left out where none was written down. */
  readonly addresses?: readonly KnownAddress[];
  /** Batches not covered by the snapshot, oldest first. */
  readonly batches: readonly Batch[];
  /** Absent where the host keeps no log of the order. */
  readonly order?: RecoveredOrder;
}

export interface RecoveredOrder {
  readonly log: RecoveredLog;
  /** Oldest identity first. */
  readonly outbox: readonly OutboxRest[];
}

/** What an outbox held of one identity at start, that is not known ordered. */
export interface OutboxRest {
  readonly identity: Identity;
  /** All up to here is known ordered. */
  readonly ordered: number;
  /** The oldest record that is still here. */
  readonly firstN: number;
  readonly lastN: number;
}
