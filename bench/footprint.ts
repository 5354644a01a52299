// What one node takes: from start to `ready`, and its memory when it has had nothing to do for a minute, alone and
// as one of three. `npm run bench -- footprint`; BENCH_TURNS=1 for a quick look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { printTable, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { type StartedNode, startNode } from './_nodes.ts';
import { pause } from './_process.ts';

const TURNS = turnsOf(3);
const STARTS_PER_TURN = 4;
const IDLE_MS = 60_000;

console.log(machineText());
console.log(
  `no sensors, discovery off, PROFILE=local; ${TURNS} turns, memory after ${IDLE_MS / 1_000} s idle\n`,
);

const alone = { readyMs: [] as number[], againMs: [] as number[], megabytes: [] as number[] };
const three = { readyMs: [] as number[], megabytes: [] as number[] };
for (let turn = 1; turn <= TURNS; turn++) {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-'));
  const nodes: StartedNode[] = [];
  try {
    // One after the other, so that each has the machine to itself.
    for (let start = 0; start < STARTS_PER_TURN; start++) {
      const again = await started('alone', [], directory);
      (start === 0 ? alone.readyMs : alone.againMs).push(again.tookMs);
      if (start === STARTS_PER_TURN - 1) nodes.push(again.node);
      else await again.node.process.end('SIGTERM');
    }
    const ports: number[] = [];
    for (const id of ['ann', 'bob', 'cat']) {
      const { node, tookMs, port } = await started(id, ports, directory);
      ports.push(port);
      nodes.push(node);
      three.readyMs.push(tookMs);
    }
    await pause(IDLE_MS);
    const [single, ...others] = nodes.map((node) => node.process.residentMegabytes());
    alone.megabytes.push(single ?? Number.NaN);
    three.megabytes.push(...others);
  } finally {
    await Promise.all(nodes.map((node) => node.process.end('SIGTERM')));
    rmSync(directory, { recursive: true, force: true });
  }
  console.log(`turn ${turn} done, ${loadText()}`);
}

console.log();
printTable([
  ['median (min–max)', 'alone', 'one of three'],
  ['first start to ready, ms', spread(alone.readyMs, 0), spread(three.readyMs, 0)],
  ['start of an existing directory to ready, ms', spread(alone.againMs, 0), '–'],
  ['resident memory idle, MB', spread(alone.megabytes, 0), spread(three.megabytes, 0)],
]);

async function started(id: string, seeds: readonly number[], directory: string) {
  const [port = 0, apiPort = 0, ingestPort = 0] = await freePorts(3);
  const fromMs = performance.now();
  const node = startNode({
    NODE_ID: id,
    SITE: id === 'alone' ? 'bench-alone' : 'bench-three',
    DATA_DIR: directory,
    PORT: String(port),
    WEB_API_PORT: String(apiPort),
    INGEST_PORT: String(ingestPort),
    DISCOVERY: 'off',
    BOOTSTRAP_PEERS: seeds.map((seed) => `127.0.0.1:${seed}`).join(','),
  });
  const tookMs = (await node.readyAtMs) - fromMs;
  return { node, tookMs, port };
}
