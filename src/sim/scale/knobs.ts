// The few numbers that curves are drawn over, and the cluster they stand for. SPEC rule SM22.

import { AIR_DEFAULTS, FLEET_DEFAULTS, type FleetOptions } from './options.ts';

export interface Knobs {
  readonly seed: number;
  readonly nodes: number;
  /** Of datagrams and of frames, each for itself. */
  readonly lossPercent: number;
  /** Of gossip. */
  readonly intervalMs: number;
  /** Exchanges a round, and peers that fresh readings are pushed to, at most. */
  readonly fanout: number;
}

export function fleetOptionsOf(knobs: Knobs): FleetOptions {
  const { seed, nodes, lossPercent, intervalMs, fanout } = knobs;
  return {
    ...FLEET_DEFAULTS,
    seed,
    nodes,
    air: { ...AIR_DEFAULTS, lossChance: lossPercent / 100 },
    replication: { ...FLEET_DEFAULTS.replication, gossipIntervalMs: intervalMs, maxFanout: fanout },
  };
}
