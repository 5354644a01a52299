import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = ['ann', 'bob', 'cat'];
const THREE = { EXPECT_NODES: '3' };

interface View {
  readonly group: string | null;
  readonly leader: string | null;
  readonly voters: readonly string[];
  readonly quorum: boolean;
  readonly watermark: number;
}

const sites: Site[] = [];

afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.stop()));
});

test('[CL20] [OR50] of a group that lost two of three directories the third begins it anew, and loses no reading', async () => {
  const site = new Site();
  sites.push(site);
  const nodes = await site.startAll(IDS, THREE);
  const before = await viewOf(nodes, ({ quorum, voters }) => quorum && voters.length === 3);
  for (let turn = 0; turn < 20; turn++) {
    await committed(nodes[turn % 3] as SiteNode, [
      { sensor: 'hall', value: turn },
      { sensor: 'door', value: turn % 2 === 0 },
    ]);
  }
  const rows = await rowsOf(nodes, 40);
  const recover = ['recover', 'ann', '--data-dir', site.directory];

  const whileItRuns = await run([...recover, '--commit', '--yes']);
  await nodes[0]?.kill();
  const whileOthersRun = await run([...recover, '--commit', '--yes']);
  await Promise.all(nodes.map((node) => node.kill()));
  for (const id of ['bob', 'cat']) rmSync(join(site.directory, id), { recursive: true });
  const shown = await run([...recover, '--json']);
  const unconfirmed = await run([...recover, '--commit']);
  const done = await run([...recover, '--commit', '--yes']);
  const anew = [await site.start('ann', IDS, THREE)];
  for (const id of ['bob', 'cat']) anew.push(await site.start(id, IDS, THREE));
  const after = await viewOf(anew, ({ quorum, voters }) => quorum && voters.length === 3);
  await committed(anew[1] as SiteNode, [{ sensor: 'hall', value: 20 }]);
  const rowsAnew = await rowsOf(anew, 41);
  const verified = await run([
    'verify',
    '--all',
    '--node',
    anew[2]?.url() ?? '',
    '--data-dir',
    site.directory,
  ]);

  expect([whileItRuns.code, whileOthersRun.code, unconfirmed.code]).toEqual([2, 2, 2]);
  expect(whileItRuns.err).toContain('is in use by process');
  expect(whileOthersRun.err).toContain('are a quorum with ann');
  expect(unconfirmed.err).toContain('--yes');
  expect(JSON.parse(shown.out)).toMatchObject({
    node: 'ann',
    group: before.group,
    voters: IDS,
    quorum_answers: false,
    last_sequence: 40,
  });
  expect([done.err, done.code]).toEqual(['', 0]);
  expect(after.group).toBe(`${before.group?.slice(0, -2)}01`);
  expect(after.watermark).toBeGreaterThanOrEqual(40);
  for (const page of rowsAnew) expect(page.slice(0, 40)).toEqual(rows[0]);
  expect([verified.err, verified.code]).toEqual(['', 0]);
}, 120_000);

test('[CL20] a node whose directory survived rejoins the group that was begun anew, with what it had stored', async () => {
  const site = new Site();
  sites.push(site);
  const pair = { EXPECT_NODES: '2' };
  const nodes = await site.startAll(['ann', 'bob'], pair);
  const [ann, bob] = nodes as [SiteNode, SiteNode];
  await viewOf(nodes, ({ quorum, voters }) => quorum && voters.length === 2);
  await committed(ann, [{ sensor: 'hall', value: 1 }]);
  await ann.kill();
  await bob.write([{ sensor: 'yard', value: 2 }]);
  await bob.kill();

  const begun = await run(['recover', 'ann', '--data-dir', site.directory, '--commit', '--yes']);
  const rejoined = await run([
    'recover',
    'bob',
    '--rejoin',
    '--data-dir',
    site.directory,
    '--commit',
    '--yes',
  ]);
  const anew = [await site.start('ann', ['bob'], pair), await site.start('bob', ['ann'], pair)];
  const pages = await rowsOf(anew, 2);

  expect([begun.err, begun.code]).toEqual(['', 0]);
  expect([rejoined.err, rejoined.code]).toEqual(['', 0]);
  expect(pages[0]).toMatchObject([{ sensor: 'hall' }, { sensor: 'yard', origin: 'bob' }]);
  expect(pages[1]).toEqual(pages[0]);
}, 120_000);

/** Until all have one view in which this holds. */
async function viewOf(nodes: readonly SiteNode[], holds: (view: View) => boolean): Promise<View> {
  const views = await until(
    'all nodes are of one group',
    () => Promise.all(nodes.map((node) => node.get<View>('/api/v1/view'))),
    (all) =>
      all.every((view) => holds(view) && view.group === all[0]?.group && view.leader === all[0]?.leader),
    60_000,
  );
  return views[0] as View;
}

/** Until all show so many rows. */
function rowsOf(nodes: readonly SiteNode[], count: number): Promise<unknown[][]> {
  return until(
    `all have ${count} readings in their order`,
    () =>
      Promise.all(
        nodes.map(async (node) => (await node.get<{ readings: unknown[] }>('/api/v1/log')).readings),
      ),
    (pages) => pages.every((page) => page.length === count),
    60_000,
  );
}

/** Asks until it can be committed: a voter that just came may not have a leader yet. */
async function committed(node: SiteNode, readings: unknown): Promise<void> {
  await until(
    'it is committed',
    async () => {
      const response = await fetch(`http://127.0.0.1:${node.ports.ingestPort}/ingest?ack=committed`, {
        method: 'POST',
        headers: { 'Idempotency-Key': `${node.id}-${JSON.stringify(readings)}` },
        body: JSON.stringify(readings),
      });
      return response.status;
    },
    (status) => status === 200,
    30_000,
  );
}
