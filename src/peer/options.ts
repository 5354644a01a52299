import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import type { MembershipOptions } from '../protocol/membership/options.ts';
import type { ReplicationOptions } from '../protocol/replication/options.ts';
import type { HistoryOptions } from './history-options.ts';
import type { TopologyPolicy } from './topology.ts';

export interface PeerOptions {
  readonly peer: PeerId;
  /** What others are told to dial. */
  readonly address: Address;
  /** Port of the read-only HTTP listener, 0 for none. */
  readonly apiPort: number;
  /** Where the peer stands: exchanges are mostly with peers of the same zone. */
  readonly zone: string;
  /** Dialled for ever: the way into the cluster. */
  readonly seeds: readonly Address[];
  readonly topology: TopologyPolicy;
  readonly membership: MembershipOptions;
  readonly replication: ReplicationOptions;
  /** Null: the peer keeps the state plane alone and takes no part in the order. */
  readonly history: Omit<HistoryOptions, 'peer' | 'identity' | 'address'> | null;
  /** By how much a device's clock may run ahead of this peer's before its time competes no longer as given. */
  readonly maxClockSkewMs: number;
  readonly snapshotIntervalMs: number;
  /** A snapshot is taken early when this many records were appended since the last. */
  readonly snapshotAfterRecords: number;
}
