// `sensorium drill`: starts a cluster of its own on free ports, takes its leader away under load, and reports what it
// cost. SPEC rule CL14.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { freePorts } from '../../host/network/free-ports.ts';
import { LocalCluster } from '../cluster/local-cluster.ts';
import type { NodePlan } from '../cluster/topology.ts';
import { DRILLS, type DrillName } from '../drill/desk-state.ts';
import { type DrillReport, drill } from '../drill/drill.ts';
import { DrillGround } from '../drill/drill-ground.ts';
import { EXIT, Failure } from '../failure.ts';

const NODES_MAX = 9;
const PORTS_PER_NODE = 3;
const PAUSE_MS = 2;

export function addDrillCommand(program: Command): void {
  program
    .command('drill')
    .description('take the leader of a local cluster away under load, and report what it cost')
    .addArgument(new Argument('<drill>', 'what happens to the leader').choices(DRILLS))
    .option('--nodes <count>', `how many nodes, 3 to ${NODES_MAX}`, nodeCount, 3)
    .option('--json', 'print JSON')
    .action(run);
}

async function run(
  name: DrillName,
  options: { readonly nodes: number; readonly json?: true },
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void LocalCluster.stopAll().then(() => process.exit(EXIT.failed)));
  }
  try {
    const cluster = await LocalCluster.start({
      plans: await plansOf(options.nodes),
      dataDirectory: directory,
      environment: { SITE: `drill-${randomBytes(4).toString('hex')}`, DISCOVERY: 'off', LOG_LEVEL: 'DEMO' },
      heard: () => {},
      ended: () => {},
    });
    const tell = (text: string) => {
      if (!options.json) process.stdout.write(`${text}\n`);
    };
    const report = await drill(name, new DrillGround(cluster, directory), PAUSE_MS, tell);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `\n${textOf(report)}\n`);
    if (report.lost + report.doubled > 0 || !report.equal) {
      throw new Failure('the history is not what it must be');
    }
  } finally {
    await LocalCluster.stopAll();
    rmSync(directory, { recursive: true, force: true });
  }
}

function textOf(report: DrillReport): string {
  const digests = Object.entries(report.digests).map(([node, digest]) => `${node} ${digest.slice(0, 16)}`);
  return [
    `leader      ${report.leader_before}, then ${report.leader_after}`,
    `outage      ${report.outage_ms} ms without a commit anywhere`,
    `committed   ${report.committed} readings were answered so`,
    `pending     ${report.pending} were answered as stored and committed later`,
    `unanswered  ${report.unanswered}`,
    `recovered   ${report.recovered_ms} ms after healing all nodes were equal`,
    `lost        ${report.lost}`,
    `doubled     ${report.doubled}`,
    `digests     ${digests.join(', ')}${report.equal ? ': equal' : ': DIFFERENT'}`,
  ].join('\n');
}

async function plansOf(nodes: number): Promise<readonly NodePlan[]> {
  const ports = await freePorts(nodes * PORTS_PER_NODE);
  const ids = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  return ids.map((id, index) => {
    const [port = 0, apiPort = 0, ingestPort = 0] = ports.slice(index * PORTS_PER_NODE);
    return { id, port, apiPort, ingestPort, seeds: ids.filter((other) => other !== id), sensors: [] };
  });
}

function nodeCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 3 && count <= NODES_MAX) return count;
  throw new InvalidArgumentError(`a whole number from 3 to ${NODES_MAX}`);
}
