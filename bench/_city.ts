// The six-node city that `sensorium cluster 6` starts, on ports that are free, with its network faults or without.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topologyNamed } from '../src/cli/cluster/topologies.ts';
import { environmentOf, type NodePlan } from '../src/cli/cluster/topology.ts';
import { freePorts } from '../src/host/network/free-ports.ts';
import { type StartedNode, startNode } from './_nodes.ts';

export interface CityNode extends StartedNode {
  readonly plan: NodePlan;
}

/** `use` gets the city as it starts; it is ended afterwards, and leaves nothing. */
export async function withCity(
  faults: 'with faults' | 'without faults',
  use: (city: readonly CityNode[]) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-'));
  const city = await startCity(faults, directory);
  try {
    await use(city);
  } finally {
    await Promise.all(city.map(({ process: node }) => (node.isRunning ? node.end('SIGTERM') : null)));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startCity(faults: 'with faults' | 'without faults', directory: string): Promise<CityNode[]> {
  const shipped = topologyNamed('6');
  const ports = await freePorts(3 * shipped.length);
  const plans = shipped.map((plan, at): NodePlan => {
    const [port = 0, apiPort = 0, ingestPort = 0] = ports.slice(3 * at);
    const { faults: own, ...rest } = plan;
    const moved = { ...rest, port, apiPort, ingestPort };
    return faults === 'with faults' && own ? { ...moved, faults: own } : moved;
  });
  return plans.map((plan) => ({
    plan,
    ...startNode({
      ...environmentOf(plan, plans),
      NODE_ID: plan.id,
      SITE: 'bench',
      DATA_DIR: directory,
      DISCOVERY: 'off',
    }),
  }));
}
