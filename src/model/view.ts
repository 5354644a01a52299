// What a peer shows of itself to those who ask: rows for the edges, made of what the protocols hold.

import type { Address } from './address.ts';
import type { Identity, PeerId } from './ids.ts';
import type { MemberStatus } from './member.ts';
import type { ReadingRecord } from './reading.ts';

export interface LatestReading {
  readonly origin: PeerId;
  readonly identity: Identity;
  readonly record: ReadingRecord;
  readonly unit: string;
  readonly periodMs: number;
  /** All origins that hold a reading of this sensor, the winner among them. */
  readonly origins: readonly PeerId[];
}

export interface MemberView {
  readonly peer: PeerId;
  readonly self: boolean;
  readonly identity: Identity;
  readonly incarnation: number;
  readonly address: Address;
  readonly apiPort: number;
  readonly zone: string;
  readonly status: MemberStatus;
  readonly statusSinceMs: number;
  /** Suspicion level (phi accrual, Hayashibara 2004); null without enough samples. */
  readonly phi: number | null;
  readonly samples: number;
  readonly sampleWindow: number;
  /** Wall-clock times; 0 for never. */
  readonly lastDirectMs: number;
  readonly lastEvidenceMs: number;
  readonly lastEvidenceSource: string;
  /** What this peer's own probes say, whatever others say. */
  readonly directStatus: 'alive' | 'suspected' | 'dead' | 'unknown';
  readonly linked: boolean;
  /** The member's clock less this peer's own, ms; null when unknown. */
  readonly clockOffsetMs: number | null;
  readonly roundTripMs: number | null;
}

export interface TopologyView {
  readonly node: PeerId;
  readonly neighbours: readonly PeerId[];
  readonly updatedAtMs: number;
}

export interface StreamView {
  readonly origin: PeerId;
  readonly identity: Identity;
  readonly upto: number;
  readonly registers: number;
  /** When the stream last advanced here (wall clock, 0 for never since start). */
  readonly advancedAtMs: number;
  /** Its origin has been away for so long that digests do not list it. */
  readonly retired: boolean;
  /** Changes that are known to exist and are not here, and for how long some of them have been known of. */
  readonly lagRecords: number;
  readonly staleMs: number;
}
