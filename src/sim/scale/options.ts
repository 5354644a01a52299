// What a measured cluster is made of: how many peers, with which knobs, on what network. SPEC rules SM20-SM22.

import type { TopologyPolicy } from '../../peer/topology.ts';
import { MEMBERSHIP_DEFAULTS, type MembershipOptions } from '../../protocol/membership/options.ts';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from '../../protocol/replication/options.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly nodes: number;
  /**
   * `joined`: all know all from the start, and have a connection to all if `linked`. `cold`: each knows the first
   * `seeds` of them.
   */
  readonly start:
    | { readonly kind: 'joined'; readonly linked: boolean }
    | { readonly kind: 'cold'; readonly seeds: number };
  readonly air: AirOptions;
  readonly membership: MembershipOptions;
  readonly replication: ReplicationOptions;
  readonly topology: TopologyPolicy;
  /** The stations stand in so many zones, one after the other; with 1, nobody says where it stands. */
  readonly zones: number;
  /** How long a write and its sync take. */
  readonly diskMs: number;
  /** Wall clocks are off true time by up to this, each by its own amount. */
  readonly clockSkewMs: number;
  /** Whether each message crosses as bytes; otherwise by reference. */
  readonly codec: boolean;
  /** One message in so many of each type is encoded to learn its size, and counts for all of these. */
  readonly sizeEvery: number;
}

/** The network between the stations. */
export interface AirOptions {
  /** Each pair of stations has a latency of its own from here, the same both ways. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** A datagram takes up to this share longer, so that datagrams overtake each other. */
  readonly jitter: number;
  /** Of what is sent, each packet and each frame for itself. */
  readonly lossChance: number;
  /**
   * What a lost frame means. `lost`: it never arrives, nobody is told, and the connection stands. `late`: it is
   * repeated after 200 ms, 400 ms and so on until it arrives, and what follows on its connection waits.
   */
  readonly lostFrames: 'lost' | 'late';
  readonly dialTimeoutMs: number;
  /** A connection into which something was sent in vain is given up by both its ends after so long. */
  readonly silenceMs: { readonly min: number; readonly max: number };
}

export const AIR_DEFAULTS: AirOptions = {
  latencyMs: { min: 0.5, max: 2 },
  jitter: 0.25,
  lossChance: 0,
  lostFrames: 'lost',
  dialTimeoutMs: 1_000,
  silenceMs: { min: 3_000, max: 20_000 },
};

export const FLEET_DEFAULTS: FleetOptions = {
  seed: 1,
  nodes: 100,
  start: { kind: 'joined', linked: true },
  air: AIR_DEFAULTS,
  membership: MEMBERSHIP_DEFAULTS,
  replication: REPLICATION_DEFAULTS,
  topology: 'full_mesh',
  zones: 1,
  diskMs: 1,
  clockSkewMs: 5,
  codec: false,
  sizeEvery: 1,
};
