import { afterEach, beforeEach, expect, type TestContext, test } from 'vitest';
import { Namespaces, whyNoNamespaces } from './namespaces.ts';
import { allShow, type Written, writeAt } from './readings.ts';
import { allAlive, type Environment, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = ['ann', 'bob', 'cat', 'dan', 'eve'];
const TS_MS = 1_700_000_000_000;
const HEALED_MS = 30_000;
const ROUNDS_WATCHED = 12;

let namespaces: Namespaces | null = null;
let site: Site | null = null;

beforeEach((context: TestContext) => {
  const why = whyNoNamespaces();
  if (why !== null) context.skip(why);
  namespaces = new Namespaces(IDS, 2);
});

afterEach(async () => {
  await site?.stop();
  namespaces?.remove();
  site = null;
  namespaces = null;
});

test("[WS8] both sides of a split take readings, and after it all show the contract's winners", async () => {
  const [ann, bob, cat, dan, eve] = await siteOf(IDS);
  namespaces?.cut();
  await until('ann knows', () => ann.statuses(), sees('dead', 'cat', 'dan', 'eve'));
  await until('cat knows', () => cat.statuses(), sees('dead', 'ann', 'bob'));
  const minority = [
    await writeAt(ann, 'tie', 1, TS_MS),
    await writeAt(bob, 'earlier', 2, TS_MS),
    await writeAt(bob, 'later', 3, TS_MS + 1),
    await writeAt(ann, 'ann/only', 4, TS_MS),
  ];
  const majority = [
    await writeAt(dan, 'tie', 5, TS_MS),
    await writeAt(cat, 'tie', 6, TS_MS),
    await writeAt(eve, 'earlier', 7, TS_MS + 1),
    await writeAt(eve, 'later', 8, TS_MS),
  ];
  await allShow([ann, bob], minority);
  await allShow([cat, dan, eve], majority);

  namespaces?.heal();

  await allShow([ann, bob, cat, dan, eve], [...minority, ...majority], HEALED_MS);
  await allAlive([ann, bob, cat, dan, eve], HEALED_MS);
});

test('[WS9][HO8] nodes that were told of nobody find each other by broadcast, at the addresses of their hosts', async () => {
  const nodes = await siteOf(IDS.slice(0, 3), { DISCOVERY: 'on', BOOTSTRAP_PEERS: '' });
  const [ann, bob] = nodes;

  const written: Written[] = [await writeAt(bob, 'door', 1, TS_MS)];
  await allShow(nodes, written);

  const { peers } = await ann.get<{ peers: { peer_id: string; host: string }[] }>('/api/membership');
  expect(peers.map(({ host }) => host)).toEqual(['bob', 'cat'].map((id) => namespaces?.addressOf(id)));
});

test('[WS10] while one node cannot reach another, nobody is taken for dead and readings reach all', async () => {
  const nodes = await siteOf(IDS.slice(0, 4));
  const [ann, , , dan] = nodes;
  const before = nodes.map(({ lines }) => lines.length);

  namespaces?.cutOneWay('ann', 'dan');
  const rounds = await ann.counter('replication_rounds_total');
  await until(
    'rounds go by',
    () => ann.counter('replication_rounds_total'),
    (count) => count >= rounds + ROUNDS_WATCHED,
  );

  const flaps = nodes.flatMap(({ id, lines }, at) =>
    lines.slice(before[at]).flatMap(({ msg }) => (/ is (dead|left)$/.test(msg) ? [`${id}: ${msg}`] : [])),
  );
  expect(flaps).toEqual([]);
  const written = [await writeAt(ann, 'from ann', 1, TS_MS), await writeAt(dan, 'from dan', 2, TS_MS)];
  await allShow(nodes, written);
  namespaces?.healOneWay('ann', 'dan');
  await allAlive(nodes);
});

test('[HO4] a node whose name server is silent is ready at once, and ends in less than 2 s', async () => {
  if (namespaces === null) throw new Error('there are no namespaces');
  site = new Site(namespaces.places);
  const environment = { HOST: '0.0.0.0', INSECURE: 'true', BOOTSTRAP_PEERS: 'ghost.example:9000' };
  const startedAt = performance.now();
  const ann = await site.start('ann', [], environment);
  const readyMs = performance.now() - startedAt;

  const askedAt = performance.now();
  const code = await ann.kill('SIGTERM');
  const endMs = performance.now() - askedAt;

  expect(code).toBe(0);
  expect(readyMs).toBeLessThan(5_000);
  expect(endMs).toBeLessThan(2_000);
});

async function siteOf(ids: readonly string[], environment: Environment = {}) {
  if (namespaces === null) throw new Error('there are no namespaces');
  site = new Site(namespaces.places);
  const nodes = await site.startAll(ids, { HOST: '0.0.0.0', INSECURE: 'true', ...environment });
  return nodes as [SiteNode, SiteNode, SiteNode, SiteNode, SiteNode];
}

function sees(status: string, ...ids: string[]) {
  return (statuses: { readonly [peer: string]: string }) => ids.every((id) => statuses[id] === status);
}
