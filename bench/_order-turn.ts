// One turn of one ordered system: started fresh, driven as hard as it goes, then at steady rates, and stopped.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushHard, pushSteadily } from './_drive.ts';
import { quantile } from './_figures.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';

/** How many readings a batch has, its bytes, and how many are under way where it is driven hard. */
export interface Load {
  readonly readings: number;
  readonly batch: Uint8Array;
  readonly depth: number;
  /** Batches a second where the rate is steady. */
  readonly perSecond: number;
}

export interface Outcome {
  readonly perSecond: number;
  /** Of the three processes together, in microseconds a batch, while driven hard. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const WARM_UP_MS = 1_500;
const HARD_MS = 5_000;
const STEADY_MS = 5_000;

/** One outcome a load, each with a cluster of its own. */
export async function turnOf(
  systemFor: (load: Load) => OrderedSystem,
  loads: readonly Load[],
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const load of loads) {
    const system = systemFor(load);
    const directory = mkdtempSync(join(tmpdir(), 'bench-order-'));
    let cluster: OrderedCluster | null = null;
    try {
      cluster = await system.start(directory);
      const client = await cluster.connect();
      outcomes.push(await measure(system.name, cluster, client, load));
      client.close();
    } finally {
      await cluster?.stop();
      await rm(directory, { recursive: true });
    }
  }
  return outcomes;
}

async function measure(
  name: string,
  cluster: OrderedCluster,
  client: OrderedClient,
  { batch, depth, perSecond: rate }: Load,
): Promise<Outcome> {
  await pushHard(client, batch, depth, WARM_UP_MS);
  const before = cluster.cpuSeconds();
  const { perSecond } = await pushHard(client, batch, depth, HARD_MS);
  const batches = (perSecond * HARD_MS) / 1_000;
  const cpuUs = ((cluster.cpuSeconds() - before) * 1e6) / batches;
  const tookMs = await pushSteadily(client, batch, rate, STEADY_MS);
  if (batches < 1 || tookMs.length === 0) fail(`${name} acknowledged nothing`);
  return { perSecond, cpuUs, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
}
