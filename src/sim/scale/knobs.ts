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
  /** All else, as at a certain site. */
  readonly like?: Likeness;
}

export type Likeness = Pick<FleetOptions, 'membership' | 'replication' | 'topology'> & {
  readonly latencyMs: FleetOptions['air']['latencyMs'];
};

export function fleetOptionsOf(knobs: Knobs): FleetOptions {
  const { seed, nodes, lossPercent, intervalMs, fanout, like } = knobs;
  const { membership, replication, topology } = like ?? FLEET_DEFAULTS;
  const latencyMs = like?.latencyMs ?? AIR_DEFAULTS.latencyMs;
  return {
    ...FLEET_DEFAULTS,
    seed,
    nodes,
    membership,
    topology,
    air: { ...AIR_DEFAULTS, latencyMs, lossChance: lossPercent / 100 },
    replication: { ...replication, gossipIntervalMs: intervalMs, maxFanout: fanout },
  };
}
