// The state plane: who is alive, and how readings reach every node.

import { decimal, seconds, whole } from '../kind.ts';
import { option } from '../option.ts';

export const MEMBERSHIP_OPTIONS = {
  heartbeatIntervalMs: option({
    name: 'HEARTBEAT_INTERVAL_MS',
    kind: whole(20, 600_000),
    default: 1_000,
    profiles: { wan: 5_000, slow: 5_000 },
    help: 'Failure-detection round: one member is probed in each.',
  }),
  probeTimeoutMs: option({
    name: 'PROBE_TIMEOUT_MS',
    kind: whole(5, 600_000),
    default: 300,
    profiles: { lan: 500, wan: 2_500, slow: 2_500 },
    help: 'How long a direct probe may stay unanswered before others are asked to probe; by default at most half of HEARTBEAT_INTERVAL_MS.',
  }),
  phiThresholdSuspect: option({
    name: 'PHI_THRESHOLD_SUSPECT',
    kind: decimal(0.1, 100),
    default: 3,
    help: 'Suspicion level (phi) at which a silent member is suspected.',
  }),
  phiThresholdDead: option({
    name: 'PHI_THRESHOLD_DEAD',
    kind: decimal(0.1, 100),
    default: 8,
    help: 'Suspicion level at which a member whose probes failed is dead.',
  }),
  phiInitialIntervalMs: option({
    name: 'PHI_INITIAL_INTERVAL_S',
    kind: seconds(0.01, 600),
    default: 1_000,
    profiles: { wan: 5_000, slow: 5_000 },
    help: 'Seconds between signs of life that are assumed before any were measured.',
  }),
};

export const GOSSIP_OPTIONS = {
  gossipSyncIntervalMs: option({
    name: 'GOSSIP_SYNC_INTERVAL_MS',
    kind: whole(10, 600_000),
    default: 1_000,
    profiles: { wan: 5_000, slow: 5_000 },
    help: 'Replication round.',
  }),
  gossipPushRatio: option({
    name: 'GOSSIP_PUSH_RATIO',
    kind: decimal(0, 1),
    default: 0.35,
    help: 'Share of the live members that a round exchanges with.',
  }),
  gossipPushMinPeers: option({
    name: 'GOSSIP_PUSH_MIN_PEERS',
    kind: whole(0, 1_000),
    default: 1,
    help: 'At least so many, if there are.',
  }),
  gossipPullRatio: option({
    name: 'GOSSIP_PULL_RATIO',
    kind: decimal(0, 1),
    default: 0.05,
    help: 'Share of the live members asked for what they have.',
  }),
  gossipPullMinPeers: option({
    name: 'GOSSIP_PULL_MIN_PEERS',
    kind: whole(0, 1_000),
    default: 1,
    help: 'At least so many, if there are.',
  }),
  gossipPullEveryRounds: option({
    name: 'GOSSIP_PULL_EVERY_ROUNDS',
    kind: whole(1, 1_000_000),
    default: 6,
    help: 'Every how many rounds that happens.',
  }),
  gossipMaxFanout: option({
    name: 'GOSSIP_MAX_FANOUT',
    kind: whole(1, 1_000),
    default: 3,
    help: 'At most so many of each, so that the cost of a node does not grow with the cluster.',
  }),
  replicationDeltaMaxlen: option({
    name: 'REPLICATION_DELTA_MAXLEN',
    kind: whole(16, 1_048_576),
    default: 4_096,
    help: 'Changes kept for /api/updates and live streams to resume from.',
  }),
};
