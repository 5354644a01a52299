// A site whose machines get a later program one after the other, while devices write to all of them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { laterRelease } from './later-release.ts';
import { run } from './run.ts';
import { type Environment, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface View {
  readonly leader: string | null;
  readonly quorum: boolean;
  readonly watermark: number;
  readonly outbox: number;
}

interface LogPage {
  readonly readings: readonly {
    readonly sequence: number;
    readonly sensor: string;
    readonly value: unknown;
  }[];
}

const IDS = ['ann', 'bob', 'cat'];
const SETTINGS: Environment = { EXPECT_NODES: '3', HISTORY_DB: 'off' };

const scratch = mkdtempSync(join(tmpdir(), 'sensorium-rolling-'));
const site = new Site();
const nodes = new Map<string, SiteNode>();
/** What was answered with 200: no two are alike. */
const accepted: string[] = [];
let tries = 0;
let later: Environment;

beforeAll(async () => {
  later = { ...SETTINGS, SENSORIUM_PROGRAM: laterRelease(join(scratch, 'later')) };
  for (const node of await site.startAll(IDS, SETTINGS)) nodes.set(node.id, node);
  await agreed();
});
afterAll(async () => {
  await site.stop();
  rmSync(scratch, { recursive: true, force: true });
});

test('[OP13] [OR48] machine by machine the site goes over to a later program, takes readings all along and loses none', async () => {
  const writing = new AbortController();
  const writers = IDS.map((id) => write(id, writing.signal));

  for (const id of IDS) {
    await nodes.get(id)?.kill('SIGTERM');
    nodes.set(id, await site.start(id, IDS, later));
    // One after the other: the next machine waits until this one has caught up.
    await until(
      'it follows the order',
      () => viewOf(id),
      ({ quorum, outbox }) => quorum && outbox < 50,
    );
    await allCommitOne();
  }
  writing.abort();
  await Promise.all(writers);
  await agreed();
  const ordered = await inOrderAt('ann');
  const verified = await run([
    'verify',
    '--all',
    '--json',
    '--node',
    nodes.get('ann')?.url() ?? '',
    '--data-dir',
    site.directory,
  ]);

  expect(accepted.filter((reading) => !ordered.includes(reading))).toEqual([]);
  expect(new Set(ordered).size).toBe(ordered.length);
  expect(verified.err).toBe('');
  expect(verified.code).toBe(0);
  expect(accepted.length).toBeGreaterThan(100);
}, 120_000);

test('[OP12] [OP13] who goes back once all have gone over is told so in one line, and loses nothing', async () => {
  const id = 'bob';
  await nodes.get(id)?.kill('SIGTERM');

  const back = await site.spawn(id, IDS, SETTINGS);
  const code = await back.exited;
  nodes.set(id, await site.start(id, IDS, later));
  await allCommitOne();
  await agreed();
  const ordered = await inOrderAt(id);

  expect(code).toBe(2);
  expect(back.errors.trim().split('\n')).toHaveLength(1);
  expect(back.errors).toMatch(/format 2/);
  expect(accepted.filter((reading) => !ordered.includes(reading))).toEqual([]);
});

/** Posts a reading after the other to the node of that name, whichever process that is just then. */
async function write(id: string, signal: AbortSignal): Promise<void> {
  for (let value = 0; !signal.aborted; value++) {
    const sensor = `load/${id}`;
    const response = await nodes
      .get(id)
      ?.post({ sensor, value })
      .catch(() => null);
    if (response?.status === 200) accepted.push(`${sensor}=${value}`);
    else
      await until(
        'it is there again',
        async () => nodes.get(id)?.child.exitCode ?? null,
        (code) => code === null,
      );
  }
}

/** Every reading of the order, as that node has it. */
async function inOrderAt(id: string): Promise<string[]> {
  const ordered: string[] = [];
  for (let next = 1; ; ) {
    const path = `/api/v1/log?from=${next}&limit=1000`;
    const { readings } = await (nodes.get(id) as SiteNode).get<LogPage>(path);
    if (readings.length === 0) return ordered;
    for (const { sensor, value } of readings) ordered.push(`${sensor}=${value}`);
    next = (readings.at(-1)?.sequence ?? 0) + 1;
  }
}

/** Each node has a reading of its own committed, and takes nothing that the others say for nonsense. */
async function allCommitOne(): Promise<void> {
  for (const node of nodes.values()) {
    const sensor = `hall/${node.id}`;
    // What is answered 503 is stored, and asked again it would be another reading.
    const commit = async () => {
      const value = tries++;
      const body = JSON.stringify({ sensor, value });
      const { status } = await fetch(node.ingestUrl('/ingest?ack=committed'), { method: 'POST', body });
      return { status, reading: `${sensor}=${value}` };
    };
    const { reading } = await until(`${node.id} commits`, commit, ({ status }) => status === 200);
    accepted.push(reading);
  }
  const misread = [...nodes.values()].map((node) => node.counter('peer_refused_wrong_version_total'));
  expect(await Promise.all(misread)).toEqual([0, 0, 0]);
}

function viewOf(id: string): Promise<View> {
  return (nodes.get(id) as SiteNode).get<View>('/api/v1/view');
}

async function agreed(): Promise<View> {
  const views = await until(
    'all nodes have one history',
    () => Promise.all(IDS.map(viewOf)),
    (all) =>
      all.every(
        ({ quorum, outbox, leader, watermark }) =>
          quorum && outbox === 0 && leader === all[0]?.leader && watermark === all[0]?.watermark,
      ),
    60_000,
  );
  return views[0] as View;
}
