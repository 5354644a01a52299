// What a peer keeps on its disk.

import type { Identity, PeerId } from './ids.ts';
import type { Record } from './reading.ts';

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
}

/** Changes that came in together: encoded once, stored together. Their `n` follow each other without a gap. */
export interface Batch {
  readonly identity: Identity;
  readonly records: readonly Record[];
  readonly receipt?: Receipt;
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

/** What a host found on its disk at start. */
export interface Recovered {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  /** Batches not covered by the snapshot, oldest first. */
  readonly batches: readonly Batch[];
}
