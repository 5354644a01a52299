// The past in columns: how many committed readings a second the database of a node takes in from a log that is full, as
// when it is made anew, and how long two questions take there: ten million readings of one sensor drawn together in a
// thousand points, and the last day of one sensor among ten thousand. Through the thread that a node has for it, without
// HTTP. The order is made beforehand and held in memory. Processor time is that of all threads: on a machine that is busy
// with something else it says more than the clock.
// `npm run bench -- query`; BENCH_ROWS=1000000 for a quick look.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DatabaseFollower } from '../src/history/database/database-follower.ts';
import type { RangeQuery } from '../src/hub/past.ts';
import { silentLog } from '../src/kit/testing.ts';
import { printTable, quantile, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { MadeOrder } from './_made-order.ts';
import { pause } from './_process.ts';

const ROWS = Number(process.env.BENCH_ROWS ?? 10_000_000);
const ASKED = 20 * turnsOf(1);
const SENSORS = 10_000;
const DAY_MS = 86_400_000;
const POINTS = 1_000;
const MEMORY_MB = 256;
const THREADS = 2;

interface Asked {
  readonly took: readonly number[];
  readonly processor: readonly number[];
  readonly rows: number;
}

console.log(machineText());
console.log(`${ROWS} readings of one sensor, and as many of ${SENSORS} sensors within a day\n`);

const order = new MadeOrder();
const one = order.add(ROWS, 1, 10);
const many = order.add(ROWS, SENSORS, DAY_MS / ROWS);
console.log(`the order is made, ${loadText()}`);

const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-query-'));
const path = join(directory, 'history.db');
const worker = new URL('../dist/history/database/database-worker.js', import.meta.url);
const past = new DatabaseFollower(silentLog, {
  ...{ path, memoryMb: MEMORY_MB, threads: THREADS, maxAges: [], maxRows: [], source: order },
  startThread: (workerData) => new Worker(worker, { workerData }),
});
try {
  const { rates, processorUs } = await followed();
  const megabytes = (statSync(path).size / 2 ** 20).toFixed(0);
  console.log(`followed, ${megabytes} MiB on the disk, ${loadText()}\n`);

  // Their borders fall where they may: in the midst of what is summed up.
  const stepMs = Math.ceil((one.toMs - one.fromMs) / POINTS);
  const whole = { ...askedOf(one.sensor(0)), fromMs: one.fromMs - 7, toMs: one.toMs, stepMs };
  const day = { ...askedOf(many.sensor(4_321)), fromMs: many.toMs - DAY_MS, toMs: many.toMs, stepMs: null };
  const wholeAsked = await asked(whole);
  const dayAsked = await asked(day);
  const minutesAsked = await asked({ ...day, stepMs: 60_000 });
  const row = (what: string, target: string, { took, processor }: Asked) => [
    ...[what, target, spread(took.slice(1), 1), quantile(took.slice(1), 0.95).toFixed(1)],
    ...[(took[0] ?? 0).toFixed(1), spread(processor.slice(1), 1)],
  ];
  printTable([
    ['', 'target', 'measured', 'processor, µs each'],
    ['committed readings a second', '>= 500000', spread(rates, 0), processorUs.toFixed(2)],
  ]);
  console.log();
  printTable([
    ['', 'target', 'ms', 'p95', 'the first', 'processor, ms'],
    row(`${ROWS} readings in ${wholeAsked.rows} points`, '<= 100', wholeAsked),
    row(`one of ${SENSORS} sensors, a day: ${dayAsked.rows} readings`, '<= 20', dayAsked),
    row('the same by the minute', '<= 20', minutesAsked),
  ]);
} finally {
  await past.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Readings a second, each tenth of the way, and what one cost. */
async function followed(): Promise<{ readonly rates: readonly number[]; readonly processorUs: number }> {
  const { watermark } = order.extent();
  const rates: number[] = [];
  const before = process.cpuUsage();
  let [atMs, from] = [performance.now(), 0];
  past.committed();
  while (from < watermark) {
    await pause(20);
    past.committed();
    const durable = past.counters().database_sequence_durable ?? 0;
    if (durable - from < watermark / 10 && durable < watermark) continue;
    const nowMs = performance.now();
    rates.push((1_000 * (durable - from)) / (nowMs - atMs));
    [atMs, from] = [nowMs, durable];
  }
  const { user, system } = process.cpuUsage(before);
  return { rates, processorUs: (user + system) / watermark };
}

/** How long each took, what it cost, and how many rows there were. */
async function asked(query: RangeQuery): Promise<Asked> {
  const took: number[] = [];
  const processor: number[] = [];
  let rows = 0;
  for (let turn = 0; turn < ASKED; turn++) {
    const before = process.cpuUsage();
    const fromMs = performance.now();
    const { steps, readings: found } = await past.range(query);
    took.push(performance.now() - fromMs);
    const { user, system } = process.cpuUsage(before);
    processor.push((user + system) / 1_000);
    rows = steps.length + found.length;
  }
  return { took, processor, rows };
}

function askedOf(sensor: RangeQuery['sensor']) {
  return { sensor, field: null, asOf: null, rowsMax: 20_000 } as const;
}
