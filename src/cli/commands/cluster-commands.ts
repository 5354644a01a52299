// `sensorium demo` and `sensorium cluster`: several nodes on this machine, for people to look at. SPEC rules
// CL6-CL8.

import { type Command, InvalidArgumentError } from 'commander';
import { freePorts } from '../../host/network/free-ports.ts';
import { runCluster } from '../cluster/run-cluster.ts';
import { TOPOLOGY_NAMES, type TopologyName, topologyNamed } from '../cluster/topologies.ts';
import { type NodePlan, type SensorPlan, sensor } from '../cluster/topology.ts';

const NODES_MAX = 32;
const PORTS_PER_NODE = 3;

interface ClusterOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

export function addClusterCommands(program: Command): void {
  program
    .command('demo')
    .description('a cluster on free ports of this machine, with real and simulated sensors, until Ctrl-C')
    .option('--nodes <count>', `how many nodes, 1 to ${NODES_MAX}`, nodeCount, 3)
    .option('--data-dir <path>', 'keep the data there; without it, it goes with the demo')
    .option('--json', 'print JSON lines')
    .action(async (options: ClusterOptions & { readonly nodes: number }) => {
      await run(await demoPlans(options.nodes), options);
    });

  program
    .command('cluster')
    .description('a shipped topology as local processes, until Ctrl-C')
    .argument('<topology>', `one of ${TOPOLOGY_NAMES.join(', ')}`, topologyName)
    .option('--data-dir <path>', 'keep the data there; without it, it goes with the cluster')
    .option('--json', 'print JSON lines')
    .action(async (name: TopologyName, options: ClusterOptions) => {
      await run(topologyNamed(name), options);
    });
}

function run(plans: readonly NodePlan[], { dataDir, json }: ClusterOptions): Promise<void> {
  return runCluster({
    plans,
    json: json === true,
    ...(dataDir !== undefined && { dataDirectory: dataDir }),
  });
}

async function demoPlans(nodes: number): Promise<readonly NodePlan[]> {
  const ports = await freePorts(nodes * PORTS_PER_NODE);
  const ids = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  return ids.map((id, index) => {
    const [port = 0, apiPort = 0, ingestPort = 0] = ports.slice(index * PORTS_PER_NODE);
    return {
      id,
      port,
      apiPort,
      ingestPort,
      seeds: ids.filter((other) => other !== id).slice(0, 3),
      sensors: demoSensors(index, nodes),
    };
  });
}

/** The first node tells of this machine; the others are a small greenhouse. With few nodes one takes it all. */
function demoSensors(index: number, nodes: number): readonly SensorPlan[] {
  const machine = [sensor('host', 'machine', 2000)];
  const greenhouse = [
    sensor('climate', 'greenhouse', 1500),
    sensor('wave', 'pump_vibration', 1000, { AMPLITUDE: 4, FREQUENCY: 0.1, UNIT: 'mm/s' }),
    sensor('incremental', 'tank_level', 2000, { START: 60, STEP_PCT: 2, UNIT: '%' }),
    sensor('boolean', 'door_open', 3000, { P_TRUE: 0.2 }),
    sensor('categorical', 'valve', 2500, { VALUES: 'open,closed,throttled' }),
  ];
  if (nodes === 1) return [...machine, ...greenhouse];
  if (index === 0)
    return [...machine, sensor('trend', 'energy_total', 1000, { START: 1200, SLOPE: 0.3, UNIT: 'kWh' })];
  if (index === 1) return nodes === 2 ? greenhouse : greenhouse.slice(0, 3);
  if (index === 2) return greenhouse.slice(3);
  return [sensor('noise', 'soil_moisture', 2000, { BASE: 38, NOISE: 4, UNIT: '%' })];
}

function nodeCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > NODES_MAX) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${NODES_MAX}.`);
  }
  return count;
}

function topologyName(text: string): TopologyName {
  const name = TOPOLOGY_NAMES.find((one) => one === text);
  if (name === undefined)
    throw new InvalidArgumentError(`the topology is one of ${TOPOLOGY_NAMES.join(', ')}.`);
  return name;
}
