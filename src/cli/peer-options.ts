// The options of a peer from the options of a node.

import type { Config } from '../config/config.ts';
import type { RetentionLimits } from '../host/retention.ts';
import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { HISTORY_PROFILES } from '../peer/history-options.ts';
import type { PeerOptions } from '../peer/options.ts';
import { MEMBERSHIP_DEFAULTS, type MembershipOptions } from '../protocol/membership/options.ts';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from '../protocol/replication/options.ts';

/** A snapshot before its time when the outbox has grown by this much: replaying it takes about a second. */
const SNAPSHOT_AFTER_RECORDS = 500_000;

export function peerOptionsOf(config: Config, peer: PeerId, address: Address, apiPort: number): PeerOptions {
  return {
    peer,
    address,
    apiPort,
    zone: config.zone,
    seeds: config.bootstrapPeers,
    topology: config.topologyPolicy,
    membership: membershipOf(config),
    replication: replicationOf(config),
    history: historyOf(config),
    maxClockSkewMs: config.maxClockSkewMs,
    snapshotIntervalMs: config.snapshotIntervalMs,
    snapshotAfterRecords: SNAPSHOT_AFTER_RECORDS,
  };
}

/** All timings that an operator does not set follow the heartbeat that he does. */
function membershipOf(config: Config): MembershipOptions {
  const stretch = config.heartbeatIntervalMs / MEMBERSHIP_DEFAULTS.heartbeatIntervalMs;
  const scaled = (ms: number) => Math.max(1, Math.round(ms * stretch));
  return {
    ...MEMBERSHIP_DEFAULTS,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    probeTimeoutMs: config.probeTimeoutMs,
    indirectTimeoutMs: scaled(MEMBERSHIP_DEFAULTS.indirectTimeoutMs),
    suspicionMinMs: scaled(MEMBERSHIP_DEFAULTS.suspicionMinMs),
    suspicionMaxMs: scaled(MEMBERSHIP_DEFAULTS.suspicionMaxMs),
    phiThresholdSuspect: config.phiThresholdSuspect,
    phiThresholdDead: config.phiThresholdDead,
    phiInitialIntervalMs: config.phiInitialIntervalMs,
  };
}

function replicationOf(config: Config): ReplicationOptions {
  return {
    ...REPLICATION_DEFAULTS,
    gossipIntervalMs: config.gossipSyncIntervalMs,
    fullSyncTimeoutMs: Math.max(REPLICATION_DEFAULTS.fullSyncTimeoutMs, config.gossipSyncIntervalMs / 2),
    pushRatio: config.gossipPushRatio,
    pushMinPeers: config.gossipPushMinPeers,
    pullRatio: config.gossipPullRatio,
    pullMinPeers: config.gossipPullMinPeers,
    pullEveryRounds: config.gossipPullEveryRounds,
    maxFanout: config.gossipMaxFanout,
  };
}

export function retentionOf({ historyMaxBytes, historyMaxAgeMs }: Config): RetentionLimits {
  return {
    bytesMax: historyMaxBytes === 'never' ? Number.POSITIVE_INFINITY : historyMaxBytes,
    ageMsMax: historyMaxAgeMs === 'never' ? Number.POSITIVE_INFINITY : historyMaxAgeMs,
  };
}

function historyOf(config: Config): PeerOptions['history'] {
  const { election, ordering } = HISTORY_PROFILES[config.profile];
  return {
    priority: config.priority === 'never' ? null : config.priority,
    expectNodes: config.expectNodes ?? config.bootstrapPeers.length + 1,
    election: { ...election, suspectMs: config.heartbeatTimeoutMs, okMs: config.electionTimeoutMs },
    ordering: {
      ...ordering,
      heartbeatMs: config.orderHeartbeatMs,
      maxVoters: config.orderMaxVoters,
      evictAfterMs: config.evictAfterMs === 'never' ? Number.POSITIVE_INFINITY : config.evictAfterMs,
    },
  };
}
