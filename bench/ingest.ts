// The six-node city, without its network faults, under a load of readings by POST: how old a reading is when each
// node shows it, what that costs, and up to which rate it holds. All on one machine, the load and the watchers too.
// `npm run bench -- ingest`; BENCH_TURNS=1 for a quick look.

import { type CityNode, withCity } from './_city.ts';
import { printTable, quantile, spread } from './_figures.ts';
import type { LoadPlan } from './_load.ts';
import { startLoad } from './_load-process.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { pause } from './_process.ts';
import { Watch } from './_watch.ts';

const TURNS = turnsOf(3);
const RATE = 20_000;
const BATCH = 100;
const GROUPS = 240;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;
const STEPS = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000];
const AGE_MAX_MS = 2_000;
const SETTLE_MS = 3_000;
const STRAGGLERS_MS = 4_000;

interface Outcome {
  readonly rate: number;
  readonly p50Ms: number;
  /** Of the node where it is worst. */
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of what was accepted that appeared at the node that showed least. */
  readonly shown: number;
  readonly accepted: number;
  readonly resets: number;
  /** Per cent of a core, of the average node and of the busiest. */
  readonly cpu: number;
  readonly cpuMost: number;
  readonly loadCpu: number;
  readonly megabytes: number;
  readonly answerP50Ms: number;
  readonly answerP99Ms: number;
  readonly refused: string;
}

console.log(machineText());
console.log(`six nodes with their own sensors, fsync before each answer, ${BATCH} readings a POST,`);
console.log(
  `${GROUPS * BATCH} sensors; ages are of every ${BATCH}th reading, taken from each node's live stream\n`,
);

const first: Outcome[] = [];
const highest: number[] = [];
const steps = new Map<number, Outcome[]>();
for (let turn = 1; turn <= TURNS; turn++) {
  await withCity('without faults', async (city) => {
    await settled(city);
    first.push(await measure(city, RATE));
    console.log(`turn ${turn} at ${RATE}/s done, ${loadText()}`);
  });
  await withCity('without faults', async (city) => {
    await settled(city);
    let held = 0;
    for (const rate of STEPS) {
      const outcome = await measure(city, rate);
      steps.set(rate, [...(steps.get(rate) ?? []), outcome]);
      if (!holds(outcome)) break;
      held = rate;
    }
    highest.push(held);
    console.log(`turn ${turn} of rising rates done, ${loadText()}`);
  });
}
console.log();
printOutcomes();

async function settled(city: readonly CityNode[]): Promise<void> {
  await Promise.all(city.map(({ readyAtMs }) => readyAtMs));
  await pause(SETTLE_MS);
}

async function measure(city: readonly CityNode[], rate: number): Promise<Outcome> {
  const watches = await Promise.all(city.map(({ plan }) => Watch.open(plan.apiPort, 'probe/#')));
  const plan: LoadPlan = {
    ports: city.map((node) => node.plan.ingestPort),
    readingsPerSecond: rate,
    batch: BATCH,
    groups: GROUPS,
    seconds: SECONDS,
    countAfterSeconds: WARM_UP_SECONDS,
  };
  const loading = startLoad(plan);
  await pause(WARM_UP_SECONDS * 1_000);
  const before = city.map((node) => node.process.cpuSeconds());
  const fromMs = performance.now();
  await pause((SECONDS - WARM_UP_SECONDS - 1) * 1_000);
  const seconds = (performance.now() - fromMs) / 1_000;
  const cpus = city.map((node, at) => (100 * (node.process.cpuSeconds() - (before[at] ?? 0))) / seconds);
  const result = await loading.result;
  if (result === null) throw new Error('the load ended without a word');
  await pause(STRAGGLERS_MS);
  for (const watch of watches) watch.close();

  const ages = watches.map(({ shown }) =>
    shown
      .filter(({ tsMs }) => tsMs >= result.fromMs && tsMs < result.toMs)
      .map(({ tsMs, atMs }) => atMs - tsMs),
  );
  const most = (of: (ages: readonly number[]) => number) => Math.max(...ages.map(of));
  return {
    rate,
    p50Ms: most((one) => quantile(one, 0.5)),
    p99Ms: most((one) => quantile(one, 0.99)),
    maxMs: most((one) => one.reduce((max, age) => Math.max(max, age), 0)),
    shown: Math.min(...ages.map((one) => one.length)) / Math.max(1, result.accepted),
    accepted: (result.accepted * BATCH) / (SECONDS - WARM_UP_SECONDS),
    resets: watches.reduce((sum, watch) => sum + watch.resets, 0),
    cpu: cpus.reduce((sum, cpu) => sum + cpu, 0) / cpus.length,
    cpuMost: Math.max(...cpus),
    loadCpu: (100 * result.cpuSeconds) / SECONDS,
    megabytes: Math.max(...city.map((node) => node.process.residentMegabytes())),
    answerP50Ms: result.answerMsP50,
    answerP99Ms: result.answerMsP99,
    refused: Object.entries({ ...result.refused, ...(result.skipped > 0 && { skipped: result.skipped }) })
      .map(([why, count]) => `${why}: ${count}`)
      .join(', '),
  };
}

function holds({ rate, p99Ms, accepted, shown }: Outcome): boolean {
  return p99Ms <= AGE_MAX_MS && accepted >= 0.99 * rate && shown >= 0.99;
}

function printOutcomes(): void {
  const row = (what: string, outcomes: readonly Outcome[]): string[] => {
    const of = (pick: (outcome: Outcome) => number, digits = 0) => spread(outcomes.map(pick), digits);
    return [
      what,
      of((one) => one.accepted),
      of((one) => one.p50Ms),
      of((one) => one.p99Ms),
      of((one) => one.maxMs),
      of((one) => 100 * one.shown, 1),
      of((one) => one.cpu),
      of((one) => one.cpuMost),
      of((one) => one.loadCpu),
      of((one) => one.answerP99Ms),
      of((one) => one.megabytes),
    ];
  };
  printTable([
    [
      'readings/s asked',
      'accepted/s',
      'age p50 ms',
      'age p99 ms',
      'age max ms',
      'shown %',
      'CPU % a node',
      'CPU % busiest',
      'CPU % load',
      'answer p99 ms',
      'MB most',
    ],
    row(`${RATE}, fresh start`, first),
    ...[...steps].map(([rate, outcomes]) => row(`${rate}, rising`, outcomes)),
  ]);
  console.log(`\nages, shown: of the node where they are worst. Turns: ${first.length}.`);
  console.log(
    `highest of these rates at which p99 ≤ ${AGE_MAX_MS} ms and ≥ 99 % are shown: ${spread(highest, 0)}`,
  );
  const refused = [...first, ...[...steps.values()].flat()].filter(
    (one) => one.refused !== '' || one.resets > 0,
  );
  for (const one of refused)
    console.log(`at ${one.rate}/s: ${one.refused} resets of live streams: ${one.resets}`);
}
