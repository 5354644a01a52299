import { afterAll, beforeAll, expect, test } from 'vitest';
import { allAlive, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = Array.from({ length: 12 }, (_, at) => `node-${String(at + 1).padStart(2, '0')}`);
/** Generous: how fast it really is, is measured in the benchmarks. */
const NOTICED_MS = 5_000;
const LONG_PAUSE_ROUNDS = 12;

const site = new Site();
let nodes: SiteNode[];

beforeAll(async () => {
  nodes = await site.startAll(IDS);
});
afterAll(() => site.stop());

test("[WS7] a killed process is soon alive in nobody's view, and alive everywhere once it is back", async () => {
  const others = nodes.filter(({ id }) => id !== 'node-07');
  await nodeOf('node-07').kill();

  await nowhereAlive(others, 'node-07');
  nodes = [...others, await site.start('node-07', ['node-01'])];

  await allAlive(nodes);
  expect(saidDead(nodes, 'node-07')).toEqual([]);
});

test("[WS7][HO5] a stopped process is soon alive in nobody's view, and once it goes on it takes nobody for dead", async () => {
  const paused = nodeOf('node-03');
  const others = nodes.filter((node) => node !== paused);
  paused.child.kill('SIGSTOP');
  await nowhereAlive(others, 'node-03');
  const rounds = await nodeOf('node-01').counter('replication_rounds_total');
  await until(
    'others go on for a while',
    () => nodeOf('node-01').counter('replication_rounds_total'),
    (count) => count >= rounds + LONG_PAUSE_ROUNDS,
  );

  paused.child.kill('SIGCONT');

  await allAlive(nodes);
  expect(saidDead(others)).toContain('node-01 took node-03 for dead');
  expect(saidDead(nodes, 'node-03', 'node-07')).toEqual([]);
});

async function nowhereAlive(others: readonly SiteNode[], id: string): Promise<void> {
  await until(
    `${id} is alive in nobody's view`,
    () => Promise.all(others.map((node) => node.statuses())),
    (views) => views.every((view) => view[id] !== 'alive'),
    NOTICED_MS,
  );
}

/** Lines that call a node dead which is not among those that were. */
function saidDead(told: readonly SiteNode[], ...wereDead: string[]): string[] {
  return told.flatMap((node) =>
    node.lines
      .map(({ msg }) => /^(\S+) is dead$/.exec(msg)?.[1])
      .filter((id) => id !== undefined && !wereDead.includes(id))
      .map((id) => `${node.id} took ${id} for dead`),
  );
}

function nodeOf(id: string): SiteNode {
  const node = nodes.find((one) => one.id === id);
  if (!node) throw new Error(`the site has no node ${id}`);
  return node;
}
