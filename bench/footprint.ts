// What one node takes: from start to `ready`, and what it holds and does when it has had nothing to do for a minute,
// alone and as one of a group of three. `npm run bench -- footprint`; BENCH_TURNS=1 for a quick look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { printTable, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { startNode } from './_nodes.ts';
import { pause } from './_process.ts';

const TURNS = turnsOf(3);
const STARTS_PER_TURN = 4;
const IDLE_MS = 60_000;
/** Of that, when all have met and founded their group, until its end. */
const WATCHED_MS = 40_000;

console.log(machineText());
console.log(
  `no sensors, discovery off, PROFILE=local; ${TURNS} turns, memory after ${IDLE_MS / 1_000} s idle\n`,
);

interface Idle {
  readonly megabytes: number;
  readonly cpuPercent: number;
  /** Received from each of the two others, as the nodes count it: payload. */
  readonly bytesPerLinkSecond: number;
}

const alone = { readyMs: [] as number[], againMs: [] as number[], idle: [] as Idle[] };
const three = { readyMs: [] as number[], idle: [] as Idle[] };
for (let turn = 1; turn <= TURNS; turn++) {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-'));
  const nodes: Started[] = [];
  try {
    // One after the other, so that each has the machine to itself.
    for (let start = 0; start < STARTS_PER_TURN; start++) {
      const again = await started('alone', [], directory);
      (start === 0 ? alone.readyMs : alone.againMs).push(again.tookMs);
      if (start === STARTS_PER_TURN - 1) nodes.push(again);
      else await again.node.process.end('SIGTERM');
    }
    const ports: number[] = [];
    for (const id of ['ann', 'bob', 'cat']) {
      const one = await started(id, ports, directory);
      ports.push(one.port);
      nodes.push(one);
      three.readyMs.push(one.tookMs);
    }
    await pause(IDLE_MS - WATCHED_MS);
    const before = await Promise.all(nodes.map(spentBy));
    await pause(WATCHED_MS);
    const after = await Promise.all(nodes.map(spentBy));
    for (const [at, { node }] of nodes.entries()) {
      const [from, to] = [before[at], after[at]];
      if (from === undefined || to === undefined) continue;
      const seconds = (to.atMs - from.atMs) / 1_000;
      (at === 0 ? alone : three).idle.push({
        megabytes: node.process.residentMegabytes(),
        cpuPercent: (100 * (to.cpuSeconds - from.cpuSeconds)) / seconds,
        bytesPerLinkSecond: (to.bytes - from.bytes) / 2 / seconds,
      });
    }
  } finally {
    await Promise.all(nodes.map(({ node }) => node.process.end('SIGTERM')));
    rmSync(directory, { recursive: true, force: true });
  }
  console.log(`turn ${turn} done, ${loadText()}`);
}

console.log();
printTable([
  ['median (min–max)', 'alone', 'one of three'],
  ['first start to ready, ms', spread(alone.readyMs, 0), spread(three.readyMs, 0)],
  ['start of an existing directory to ready, ms', spread(alone.againMs, 0), '–'],
  ['idle: resident memory, MB', ...idleRow('megabytes', 0)],
  ['idle: processor, per cent of a core', ...idleRow('cpuPercent', 2)],
  ['idle: received over each link, B/s', '–', ...idleRow('bytesPerLinkSecond', 0).slice(1)],
]);

function idleRow(what: keyof Idle, digits: number): string[] {
  return [alone, three].map(({ idle }) =>
    spread(
      idle.map((one) => one[what]),
      digits,
    ),
  );
}

type Started = Awaited<ReturnType<typeof started>>;

async function spentBy({ node, apiPort }: Started) {
  const response = await fetch(`http://127.0.0.1:${apiPort}/api/introspection/metrics`);
  const { metrics } = (await response.json()) as { metrics: { counters: { [name: string]: number } } };
  const bytes = metrics.counters.peer_bytes_received_total ?? 0;
  return { atMs: performance.now(), cpuSeconds: node.process.cpuSeconds(), bytes };
}

async function started(id: string, seeds: readonly number[], directory: string) {
  const [port = 0, apiPort = 0, ingestPort = 0] = await freePorts(3);
  const fromMs = performance.now();
  const node = startNode({
    NODE_ID: id,
    SITE: id === 'alone' ? 'bench-alone' : 'bench-three',
    EXPECT_NODES: id === 'alone' ? '1' : '3',
    DATA_DIR: directory,
    PORT: String(port),
    WEB_API_PORT: String(apiPort),
    INGEST_PORT: String(ingestPort),
    DISCOVERY: 'off',
    BOOTSTRAP_PEERS: seeds.map((seed) => `127.0.0.1:${seed}`).join(','),
  });
  const tookMs = (await node.readyAtMs) - fromMs;
  return { node, tookMs, port, apiPort };
}
