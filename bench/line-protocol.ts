// Fields a second that one node takes by line protocol, each request on its disk (fsync) before it is answered, with all
// that a node does beside it: gossip, order, CSV files, database. The load is a process of its own on the same cores.
// Also what reading the lines alone takes of a processor. `npm run bench -- line-protocol`; BENCH_TURNS=1 for a quick look.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { decodeLines } from '../src/ingest/line-protocol/lines.ts';
import { SeriesNames } from '../src/ingest/line-protocol/series.ts';
import { printTable, spread } from './_figures.ts';
import type { LineLoad, LineResult } from './_line-load.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { startNode } from './_nodes.ts';

const TURNS = turnsOf(3);
const LOAD = {
  connections: 4,
  linesPerRequest: 1_000,
  fieldsPerLine: 10,
  series: 100,
  seconds: 10,
  warmUpSeconds: 3,
} as const;
const CASES = [
  { name: 'all of a node', settings: {} },
  { name: 'without the database', settings: { HISTORY_DB: 'off' } },
];

interface Outcome extends LineResult {
  /** Per cent of a core, and what the node keeps in memory. */
  readonly cpu: number;
  readonly megabytes: number;
}

console.log(machineText());
console.log(
  `${LOAD.connections} connections, ${LOAD.linesPerRequest} lines of ${LOAD.fieldsPerLine} fields a request, ` +
    `${LOAD.seconds} s, ${TURNS} turns: median (least–most)\n`,
);

const outcomes = new Map<string, Outcome[]>();
for (let turn = 1; turn <= TURNS; turn++) {
  for (const { name, settings } of CASES) {
    outcomes.set(name, [...(outcomes.get(name) ?? []), await measured(settings)]);
  }
  console.log(`turn ${turn} done, ${loadText()}`);
}
const parsed = Array.from({ length: 2 * TURNS }, parsedPerCpuSecond).slice(TURNS);
console.log();
printTable([
  ['', 'fields/s', 'request p50 ms', 'p99 ms', 'cpu %', 'MB', 'refused'],
  ...[...outcomes].map(([name, all]) => {
    const of = (pick: (outcome: Outcome) => number, digits = 0) => spread(all.map(pick), digits);
    return [
      ...[name, of((one) => one.fieldsPerSecond), of((one) => one.requestP50Ms, 1)],
      ...[of((one) => one.requestP99Ms, 1), of((one) => one.cpu), of((one) => one.megabytes)],
      of((one) => one.refused),
    ];
  }),
  ['reading the lines alone, of a processor', spread(parsed, 0)],
]);

async function measured(settings: { readonly [name: string]: string }): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-lines-'));
  const [port = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const node = startNode({
    ...{ NODE_ID: 'ann', SITE: 'bench-lines', DATA_DIR: directory, DISCOVERY: 'off', EXPECT_NODES: '1' },
    ...{ PORT: String(peerPort), WEB_API_PORT: String(apiPort), INGEST_PORT: String(port) },
    ...settings,
  });
  try {
    await node.readyAtMs;
    const before = node.process.cpuSeconds();
    const result = await loaded({ port, ...LOAD });
    const cpu = (100 * (node.process.cpuSeconds() - before)) / (LOAD.seconds + LOAD.warmUpSeconds);
    return { ...result, cpu, megabytes: node.process.residentMegabytes() };
  } finally {
    node.process.signal('SIGKILL');
    await node.process.exited;
    rmSync(directory, { recursive: true, force: true });
  }
}

function loaded(load: LineLoad): Promise<LineResult> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '_line-load.ts')], {
    env: { ...process.env, BENCH_LOAD: JSON.stringify(load) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`the load ended with code ${code}`));
    });
  });
}

function parsedPerCpuSecond(): number {
  const { linesPerRequest, fieldsPerLine, series: seriesCount } = LOAD;
  const lines = Array.from({ length: linesPerRequest }, (_, at) => {
    const fields = Array.from(
      { length: fieldsPerLine },
      (_, field) => `usage_${field}=${at / 1_000 + field}`,
    );
    return `cpu,host=machine,cpu=cpu${at % seriesCount} ${fields.join(',')} 1700000000123456789`;
  });
  const body = Buffer.from(lines.join('\n'));
  const series = new SeriesNames();
  const before = process.cpuUsage().user;
  const REQUESTS = 50;
  for (let request = 0; request < REQUESTS; request++) decodeLines(body, 'ns', series);
  const tookS = (process.cpuUsage().user - before) / 1e6;
  return (REQUESTS * linesPerRequest * fieldsPerLine) / tookS;
}
