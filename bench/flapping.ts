// How often the lead changes while the node that would have it comes and goes: of three whole nodes the highest is killed
// and started again, three seconds each, while readings are committed at the others. `npm run bench -- flapping`;
// BENCH_FOR=60 for a minute instead of ten.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { CommittedWriter } from './_committed-writer.ts';
import { printTable } from './_figures.ts';
import { loadText, machineText } from './_machine.ts';
import { type StartedNode, startOneOf } from './_nodes.ts';
import { fail } from './_ordered.ts';
import { pause } from './_process.ts';

const FOR_MS = Number(process.env.BENCH_FOR ?? 600) * 1_000;
const HALF_PERIOD_MS = 3_000;
const LOOK_MS = 20;
const NODES = ['ann', 'bob', 'cat'];
const FLAPPING = 2;

interface View {
  readonly leader: string | null;
  readonly quorum: boolean;
  readonly ballot: unknown;
}

const directory = mkdtempSync(join(tmpdir(), 'bench-flapping-'));
const ports = await freePorts(3 * NODES.length);
const nodes: StartedNode[] = NODES.map((_, at) => start(at));
console.log(machineText());
try {
  await Promise.all(nodes.map(({ readyAtMs }) => readyAtMs));
  // It takes the lead ten seconds after it has caught up, if it does not have it at once.
  await untilLeads(NODES[FLAPPING] ?? '');
  const writer = new CommittedWriter(NODES.slice(0, FLAPPING).map((_, at) => ports[3 * at + 2] ?? 0));
  await writer.acknowledged();
  writer.mark();
  const watch = watched();
  const cycles = await flap();
  const { leaders, ballots } = await watch.end();
  await writer.acknowledged();
  writer.end();
  console.log(`the highest of three nodes was killed ${cycles} times; ${loadText()}\n`);
  printTable([
    ['seen by the lowest', ''],
    ['changes of the leader', String(leaders.length)],
    ['ballots', String(ballots)],
    ['longest time without an acknowledgement, ms', writer.longestMs.toFixed(0)],
  ]);
  console.log(`\nleaders, one after the other: ${leaders.join(', ')}`);
} finally {
  await Promise.all(nodes.map(({ process: node }) => (node.isRunning ? node.end() : null)));
  rmSync(directory, { recursive: true });
}

async function flap(): Promise<number> {
  const untilMs = performance.now() + FOR_MS;
  let cycles = 0;
  for (; performance.now() < untilMs; cycles++) {
    await nodes[FLAPPING]?.process.end('SIGKILL');
    await pause(HALF_PERIOD_MS);
    nodes[FLAPPING] = start(FLAPPING);
    await pause(HALF_PERIOD_MS);
  }
  return cycles;
}

/** Looks all the time at who leads in the eyes of the lowest, until it is ended. */
function watched() {
  const leaders: string[] = [];
  const ballots = new Set<string>();
  let isOver = false;
  const looking = (async () => {
    let last: string | null = NODES[FLAPPING] ?? null;
    while (!isOver) {
      const view = await viewOfLowest();
      if (view !== null) ballots.add(JSON.stringify(view.ballot));
      if (view !== null && view.leader !== null && view.leader !== last) {
        last = view.leader;
        leaders.push(last);
      }
      await pause(LOOK_MS);
    }
  })();
  return {
    async end() {
      isOver = true;
      await looking;
      return { leaders, ballots: ballots.size };
    },
  };
}

async function untilLeads(id: string): Promise<void> {
  const untilMs = performance.now() + 30_000;
  while ((await viewOfLowest())?.leader !== id) {
    if (performance.now() > untilMs) fail(`${id} does not lead`);
    await pause(100);
  }
}

async function viewOfLowest(): Promise<View | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${ports[1]}/api/v1/view`, {
      signal: AbortSignal.timeout(1_000),
    });
    return response.ok ? ((await response.json()) as View) : null;
  } catch {
    return null;
  }
}

function start(at: number): StartedNode {
  return startOneOf(NODES, at, directory, ports);
}
