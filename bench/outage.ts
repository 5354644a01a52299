// How long a site takes no readings for good when the node that orders them goes: killed, stopped as by a debugger, or
// asked to hand over. Three whole nodes; a client that has its readings committed one by one and goes to another node
// when one does not answer; the longest time it goes without an acknowledgement. `npm run bench -- outage`;
// BENCH_TURNS shortens it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askNode } from '../src/control/control-client.ts';
import { freePorts } from '../src/host/network/free-ports.ts';
import { parsePeerId } from '../src/model/ids.ts';
import { CommittedWriter } from './_committed-writer.ts';
import { printTable, quantile } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { type StartedNode, startOneOf } from './_nodes.ts';
import { fail } from './_ordered.ts';
import { pause } from './_process.ts';

const KINDS = ['killed', 'stopped', 'handed over'] as const;
type Kind = (typeof KINDS)[number];

/** Turns of a kill; of the others a fifth. */
const TURNS = turnsOf(20);
const NODES = ['ann', 'bob', 'cat'];
const WARM_UP_MS = 1_500;
/** An outage begins within this time, and is over soon. */
const WATCHED_MS = 1_500;
const SETTLED_WITHIN_MS = 30_000;
/** What a stopped process is left alone for. */
const STOPPED_MS = 1_200;

interface View {
  readonly leader: string | null;
  readonly present: readonly string[];
  readonly voters: readonly string[];
}

const directory = mkdtempSync(join(tmpdir(), 'bench-outage-'));
const ports = await freePorts(3 * NODES.length);
const nodes: StartedNode[] = NODES.map((_, at) => start(at));
const tookMs = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
console.log(machineText());
console.log(`three nodes, PROFILE=local, one reading at a time with ack=committed; ${TURNS} turns\n`);
try {
  await Promise.all(nodes.map(({ readyAtMs }) => readyAtMs));
  for (let turn = 1; turn <= TURNS; turn++) {
    for (const kind of KINDS) if (kind === 'killed' || turn % 5 === 1) await measure(kind);
    if (turn % 5 === 0) console.log(`turn ${turn}; ${loadText()}`);
  }
} finally {
  await Promise.all(nodes.map(({ process: node }) => (node.isRunning ? node.end() : null)));
  rmSync(directory, { recursive: true });
}
console.log();
printTable([
  ['longest time without an acknowledgement, ms', 'turns', 'p50', 'p90', 'most'],
  ...KINDS.map((kind) => {
    const values = tookMs.get(kind) ?? [];
    if (values.length === 0) fail(`no leader was ${kind}`);
    const of = (share: number): string => quantile(values, share).toFixed(0);
    return [`the leader was ${kind}`, String(values.length), of(0.5), of(0.9), of(1)];
  }),
]);

async function measure(kind: Kind): Promise<void> {
  while (!(await isMeasured(kind)));
}

/** False where the lead went to another node by itself meanwhile, as it does when a higher one has caught up. */
async function isMeasured(kind: Kind): Promise<boolean> {
  const leader = await settledLeader();
  // The client of a node that is lost is the one that must notice.
  const writer = new CommittedWriter(ingestPorts());
  writer.turnTo(leader);
  await writer.acknowledged();
  await pause(WARM_UP_MS);
  writer.mark();
  if (!(await isStruck(kind, leader))) {
    writer.end();
    return false;
  }
  await pause(WATCHED_MS);
  await writer.acknowledged();
  tookMs.get(kind)?.push(writer.longestMs);
  writer.end();
  await restore(kind, leader);
  return true;
}

async function isStruck(kind: Kind, leader: number): Promise<boolean> {
  const node = nodes[leader] ?? fail('a leader is one of the nodes');
  if ((await viewOf(leader))?.leader !== NODES[leader]) return false;
  if (kind === 'killed') await node.process.end('SIGKILL');
  else if (kind === 'stopped') node.process.signal('SIGSTOP');
  else {
    const to = parsePeerId(NODES[(leader + 1) % NODES.length] ?? '');
    if (!to.ok) fail(to.problem);
    const path = join(directory, NODES[leader] ?? '', 'control.sock');
    const answer = await askNode(path, { act: 'transfer', to: to.value });
    return answer.ok;
  }
  return true;
}

async function restore(kind: Kind, leader: number): Promise<void> {
  if (kind === 'stopped') {
    await pause(STOPPED_MS);
    nodes[leader]?.process.signal('SIGCONT');
  } else if (kind === 'killed') {
    nodes[leader] = start(leader);
    await nodes[leader].readyAtMs;
  }
}

/** Which node leads, once all are present and see the same one. */
async function settledLeader(): Promise<number> {
  const untilMs = performance.now() + SETTLED_WITHIN_MS;
  let seen = '';
  while (performance.now() < untilMs) {
    const views = await Promise.all(NODES.map((_, at) => viewOf(at)));
    const [first] = views;
    seen = JSON.stringify(views);
    const isSettled =
      first != null &&
      first.leader !== null &&
      first.voters.length === NODES.length &&
      views.every((view) => view?.leader === first.leader && view.present.length === NODES.length);
    if (isSettled) return NODES.indexOf(first.leader ?? '');
    await pause(100);
  }
  return fail(`the three do not agree on a leader: ${seen}`);
}

async function viewOf(at: number): Promise<View | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${ports[3 * at + 1]}/api/v1/view`, {
      signal: AbortSignal.timeout(1_000),
    });
    return response.ok ? ((await response.json()) as View) : null;
  } catch {
    return null;
  }
}

function ingestPorts(): number[] {
  return NODES.map((_, at) => ports[3 * at + 2] ?? 0);
}

function start(at: number): StartedNode {
  return startOneOf(NODES, at, directory, ports);
}
