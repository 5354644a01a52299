import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/kit/random.ts';
import { allShow, type Written, writeAt } from './readings.ts';
import { allAlive, type Environment, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const START_TS_MS = 1_700_000_000_000;
const AGAIN_WITHIN_MS = 35_000;

describe('six nodes with finite sensors', () => {
  const IDS = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];
  const site = new Site();
  const written: Written[] = IDS.flatMap((id, at) => finiteSensors(id, at).written);
  let nodes: SiteNode[];

  beforeAll(async () => {
    nodes = await site.startAll(IDS, (id) => finiteSensors(id, IDS.indexOf(id)).environment);
  });
  afterAll(() => site.stop());

  test('[WS1] when the sensors have stopped, every node shows the same winners', async () => {
    await allShow(nodes, written);
  });

  test('[WS2] a node that is killed and started again has what was written meanwhile, and is alive everywhere', async () => {
    const [ann, bob] = pair(nodes);
    await nodes[4]?.kill();
    written.push(await writeAt(ann, 'door', 1, START_TS_MS));
    written.push(await writeAt(bob, 'shared@1', 2, START_TS_MS + 1_000_000));

    nodes[4] = await site.start('eve', IDS, finiteSensors('eve', 4).environment);

    await allShow(nodes, written, AGAIN_WITHIN_MS);
    await allAlive(nodes, AGAIN_WITHIN_MS);
  });
});

describe('two nodes, of which one was told of nobody', () => {
  const site = new Site();
  const written: Written[] = [];
  let ann: SiteNode;
  let bob: SiteNode;

  beforeAll(async () => {
    ann = await site.start('ann', []);
    bob = await site.start('bob', ['ann']);
    await allAlive([ann, bob]);
  });
  afterAll(() => site.stop());

  test('[WS2] the one that was killed is found again by the other', async () => {
    written.push(await writeAt(ann, 'door', 1, START_TS_MS));
    await allShow([ann, bob], written);
    await ann.kill();
    written.push(await writeAt(bob, 'gate', 2, START_TS_MS));

    ann = await site.start('ann', []);

    await allShow([ann, bob], written, AGAIN_WITHIN_MS);
    await allAlive([ann, bob], AGAIN_WITHIN_MS);
  });

  test('[WS5] what a restored node writes before it meets the other, and what that one kept, both stand', async () => {
    await bob.kill('SIGTERM');
    cpSync(site.directoryOf('bob'), join(site.directory, 'backup'), { recursive: true });
    bob = await site.start('bob', ['ann']);
    for (let at = 0; at < 5; at++) written.push(await writeAt(bob, `lost-${at}`, at, START_TS_MS));
    await allShow([ann, bob], written);
    await Promise.all([ann.kill('SIGTERM'), bob.kill()]);
    rmSync(site.directoryOf('bob'), { recursive: true });
    cpSync(join(site.directory, 'backup'), site.directoryOf('bob'), { recursive: true });

    bob = await site.start('bob', ['ann']);
    for (let at = 0; at < 3; at++) written.push(await writeAt(bob, `new-${at}`, at, START_TS_MS));
    ann = await site.start('ann', []);

    await allShow([ann, bob], written, AGAIN_WITHIN_MS);
    expect(bob.lines.map(({ msg }) => msg)).toContain('took a new identity');
  });
});

describe('three nodes', () => {
  const IDS = ['ann', 'bob', 'cat'];
  const site = new Site();
  const written: Written[] = [];
  let nodes: SiteNode[];

  beforeAll(async () => {
    nodes = await site.startAll(IDS);
  });
  afterAll(() => site.stop());

  test('[WS3] a node that is started again at other ports is followed there', async () => {
    const [ann] = pair(nodes);
    await nodes[2]?.kill();
    written.push(await writeAt(ann, 'door', 1, START_TS_MS));
    const { port } = await site.portsOf('cat', true);

    nodes[2] = await site.start('cat', IDS);

    await allShow(nodes, written, AGAIN_WITHIN_MS);
    await allAlive(nodes, AGAIN_WITHIN_MS);
    await until(
      'ann names the new port',
      () => portOf(ann, 'cat'),
      (known) => known === port,
    );
  });

  test('[WS4] a node whose directory was deleted has what it wrote before from the others', async () => {
    const [, bob] = pair(nodes);
    written.push(await writeAt(third(nodes), 'cat/before', 1, START_TS_MS));
    await allShow(nodes, written);
    await third(nodes).kill();
    written.push(await writeAt(bob, 'door', 2, START_TS_MS));
    rmSync(site.directoryOf('cat'), { recursive: true });

    nodes[2] = await site.start('cat', IDS);
    written.push(await writeAt(third(nodes), 'cat/after', 3, START_TS_MS));

    await allShow(nodes, written, AGAIN_WITHIN_MS);
    await allAlive(nodes, AGAIN_WITHIN_MS);
  });

  test('[WS5] a node restored from a backup keeps what it wrote after it, and what it writes from then on', async () => {
    const [ann] = pair(nodes);
    await third(nodes).kill('SIGTERM');
    cpSync(site.directoryOf('cat'), join(site.directory, 'backup'), { recursive: true });
    nodes[2] = await site.start('cat', IDS);
    for (let at = 0; at < 4; at++) written.push(await writeAt(third(nodes), `since-${at}`, at, START_TS_MS));
    await allShow(nodes, written, AGAIN_WITHIN_MS);
    await third(nodes).kill();
    written.push(await writeAt(ann, 'door', 4, START_TS_MS));
    rmSync(site.directoryOf('cat'), { recursive: true });
    cpSync(join(site.directory, 'backup'), site.directoryOf('cat'), { recursive: true });

    nodes[2] = await site.start('cat', IDS);
    written.push(await writeAt(third(nodes), 'since-0', 5, START_TS_MS + 1));
    written.push(await writeAt(third(nodes), 'restored', 6, START_TS_MS));

    await allShow(nodes, written, AGAIN_WITHIN_MS);
    await allAlive(nodes, AGAIN_WITHIN_MS);
  });
});

/** One sensor of the node's own, one that ties with all others', and one whose clock differs at every node. */
function finiteSensors(id: string, at: number): { environment: Environment; written: Written[] } {
  const updates = 30;
  const periodMs = 50;
  const environment: { [name: string]: string } = { SENSORS: '3' };
  const written: Written[] = [];
  const starts = [START_TS_MS, START_TS_MS, START_TS_MS + ((at * 5) % 6) * 10_000];
  [`${id}_own`, 'shared', 'offset'].forEach((name, index) => {
    const seed = at * 10 + index;
    const startTsMs = starts[index] ?? 0;
    const parameters = {
      TYPE: 'finite_test',
      NAME: name,
      PERIOD_MS: periodMs,
      SEED: seed,
      MAX_UPDATES: updates,
      START_TS_MS: startTsMs,
    };
    for (const [key, value] of Object.entries(parameters))
      environment[`SENSOR_${index}_${key}`] = String(value);
    const random = new Random(seed);
    for (let k = 0; k < updates; k++) {
      const value = random.between(0, 100);
      written.push({ origin: id, sensor: `${name}@${index}`, value, tsMs: startTsMs + k * periodMs });
    }
  });
  return { environment, written };
}

async function portOf(node: SiteNode, peer: string): Promise<number | undefined> {
  const { peers } = await node.get<{ peers: { peer_id: string; port: number }[] }>('/api/membership');
  return peers.find((one) => one.peer_id === peer)?.port;
}

function pair(nodes: readonly SiteNode[]): readonly [SiteNode, SiteNode] {
  const [first, second] = nodes;
  if (!first || !second) throw new Error('the site has fewer nodes than the test needs');
  return [first, second];
}

function third(nodes: readonly SiteNode[]): SiteNode {
  const node = nodes[2];
  if (!node) throw new Error('the site has fewer nodes than the test needs');
  return node;
}
