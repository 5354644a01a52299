// A backup of a running node, and what comes of it: beside the site that went on, and where nothing else is left.

import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkTarget } from '../../src/cli/backup/backup.ts';
import { restore } from '../../src/cli/backup/restore.ts';
import { run } from './run.ts';
import { allAlive, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface LogPage {
  readonly watermark: number;
  readonly readings: readonly {
    readonly sequence: number;
    readonly sensor: string;
    readonly origin: string;
    readonly n: number;
  }[];
}

const IDS = ['ann', 'bob', 'cat'];
const THREE = { EXPECT_NODES: '3' };
const directory = mkdtempSync(join(tmpdir(), 'sensorium-backup-'));
const site = new Site();
let nodes: SiteNode[];

beforeAll(async () => {
  nodes = await site.startAll(IDS, THREE);
});
afterAll(async () => {
  await site.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('[SK22] [SK23] a backup that was taken under load holds what was committed, and a site goes on from it alone', async () => {
  const [ann] = nodes as [SiteNode];
  const target = join(directory, 'ann');
  const other = new Site();
  try {
    await until(
      'readings are committed',
      async () => {
        await ann.write(readings(50));
        return (await logOf(ann)).watermark;
      },
      (watermark) => watermark >= 200,
    );
    let isOver = false;
    const load = (async () => {
      while (!isOver) await ann.write(readings(20));
    })();
    const before = await logOf(ann);
    const taken = await run(['backup', target, '--data-dir', site.directory, '--node-id', 'ann', '--json']);
    isOver = true;
    await load;

    const restored = await run(['restore', target, '--data-dir', other.directory, '--json']);
    const begun = await run([
      'recover',
      'ann',
      '--data-dir',
      other.directory,
      '--commit',
      '--yes',
      '--force',
    ]);
    const lone = await other.start('ann', [], { EXPECT_NODES: '1' });
    const page = await until(
      'the lone node leads',
      () => logOf(lone),
      ({ watermark }) => watermark > 0,
    );
    await lone.write(readings(1));
    await until(
      'it goes on',
      () => logOf(lone),
      ({ watermark }) => watermark > page.watermark,
    );

    expect([taken.err, taken.code]).toEqual(['', 0]);
    expect([restored.err, restored.code]).toEqual(['', 0]);
    expect([begun.err, begun.code]).toEqual(['', 0]);
    expect(JSON.parse(taken.out).watermark).toBeGreaterThanOrEqual(before.watermark);
    expect(page.watermark).toBeGreaterThanOrEqual(before.watermark);
    expect(rowsOf(page).slice(0, before.readings.length)).toEqual(rowsOf(before));
    expect(readdirSync(join(site.directory, 'ann'))).not.toContain('backup.staging');
  } finally {
    await other.stop();
  }
}, 120_000);

test('[SK23] a node restored beside the site that went on is another disk, and loses and doubles nothing', async () => {
  const [ann, bob, cat] = nodes as [SiteNode, SiteNode, SiteNode];
  const target = join(directory, 'cat');
  const taken = await run(['backup', target, '--data-dir', site.directory, '--node-id', 'cat']);
  await cat.write(readings(30));
  await until(
    'what cat wrote is committed',
    async () => countOf(await logOf(ann), 'cat'),
    (count) => count === 30,
  );
  await cat.kill();
  rmSync(join(site.directory, 'cat'), { recursive: true });

  const restored = await run(['restore', target, '--data-dir', site.directory]);
  const back = await site.start('cat', IDS, THREE);
  await allAlive([ann, bob, back]);
  await back.write(readings(10));
  await until(
    'all have all',
    async () =>
      (await Promise.all([ann, bob, back].map(logOf))).map((page) => [page.watermark, countOf(page, 'cat')]),
    (all) => all.every(([watermark, ofCat]) => watermark === all[0]?.[0] && ofCat === 40),
    60_000,
  );
  const pages = await Promise.all([ann, bob, back].map(logOf));

  expect([taken.code, restored.code, restored.err]).toEqual([0, 0, '']);
  expect(rowsOf(pages[2])).toEqual(rowsOf(pages[0]));
  expect(rowsOf(pages[1])).toEqual(rowsOf(pages[0]));
}, 120_000);

test('[SK22] [SK23] nothing is written over, and a backup that is not what was taken leaves nothing', async () => {
  const [whole, target] = [join(directory, 'ann'), join(directory, 'cat')];
  const other = mkdtempSync(join(tmpdir(), 'sensorium-restored-'));
  const silent = () => {};
  appendFileSync(join(target, 'store', 'superblock'), 'x');

  await expect(checkTarget(whole)).rejects.toThrow('is not empty');
  await expect(restore(target, other, silent)).rejects.toThrow('its check sum is another');
  rmSync(join(target, 'sensorium-backup.json'));
  await expect(restore(target, other, silent)).rejects.toThrow('holds no backup');
  expect(readdirSync(other)).toEqual([]);
  await restore(whole, other, silent);
  await expect(restore(whole, other, silent)).rejects.toThrow('is not empty');
  rmSync(other, { recursive: true });
});

function readings(count: number) {
  return Array.from({ length: count }, (_, at) => ({ sensor: `hall/${at % 5}`, value: at }));
}

async function logOf(node: SiteNode): Promise<LogPage> {
  const page = await node.get<LogPage>('/api/v1/log?from=1&limit=10000');
  // What nodes write down for themselves is in the order as well.
  return { ...page, readings: page.readings.filter(({ sensor }) => sensor.startsWith('hall/')) };
}

function rowsOf(page: LogPage | undefined): readonly string[] {
  return (page?.readings ?? []).map(({ sequence, origin, n }) => `${sequence} ${origin} ${n}`);
}

function countOf(page: LogPage | undefined, origin: string): number {
  return (page?.readings ?? []).filter((reading) => reading.origin === origin).length;
}
