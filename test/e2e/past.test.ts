// The past in columns on running nodes: asked at any of them, over HTTP and in SQL, also after kill -9 at random moments.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface Row {
  readonly ts_ms: number;
  readonly value?: unknown;
  readonly count?: number;
  readonly max?: number | null;
  readonly sequence?: number;
}

interface LogPage {
  readonly watermark: number;
  readonly readings: readonly { readonly sequence: number; readonly value: unknown }[];
}

const MORNING_MS = Date.UTC(2026, 1, 11, 8, 30);
const KILLS = 3;
const BATCHES = 40;

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
});
afterAll(() => site.stop());

test('[HD4] [HD5] what one node took in is read at the other, as it is and in steps', async () => {
  const readings = Array.from({ length: 60 }, (_, at) => ({
    sensor: 'oven',
    value: at,
    ts: MORNING_MS + at * 1_000,
  }));
  await ann.write(readings);
  const range = `/api/v1/history?sensor=oven&from=${MORNING_MS}&to=${MORNING_MS + 120_000}`;

  const rows = await until(
    'the history of the other node has all of it',
    () => bob.get<readonly Row[]>(range),
    (all) => all.length === 60,
  );
  const steps = await bob.get<readonly Row[]>(`${range}&step=30s&agg=count,max`);
  const csv = await (await fetch(bob.url(`${range}&format=csv`))).text();

  expect(rows.map(({ value }) => value)).toEqual(readings.map(({ value }) => value));
  expect(steps.map(({ ts_ms, count, max }) => [ts_ms - MORNING_MS, count, max])).toEqual([
    [0, 30, 29],
    [30_000, 30, 59],
    [60_000, 0, null],
    [90_000, 0, null],
  ]);
  expect(csv.split('\n')[1]).toMatch(/^2026-02-11T08:30:00\.000Z,0,\d+,ann,\d+,/);
});

test.each([
  ['from=now-1h', 'sensor names the sensor'],
  ['sensor=a&from=yesterday', 'from is milliseconds since 1970'],
  ['sensor=a&step=1m&points=5', 'step and points exclude each other'],
  ['sensor=a&points=0', 'points is a whole number from 1 to 20000'],
  ['sensor=a&agg=median', 'agg lists some of avg, min, max, last, sum, count'],
  ['sensor=a&from=2&to=1', 'from lies before to'],
])('[HD4] [HD5] %s is refused, and what is allowed is said', async (query, detail) => {
  const response = await fetch(ann.url(`/api/v1/history?${query}`));

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining(detail) });
});

test('[CL16] [CL17] [HD7] a chart and SQL on the command line', async () => {
  const chart = await run([
    'history',
    'oven',
    '--node',
    ann.url(),
    '--from',
    String(MORNING_MS),
    '--to',
    String(MORNING_MS + 60_000),
  ]);
  const where = ['--data-dir', site.directory, '--node-id', 'ann'];
  const sql = await run([
    'sql',
    "SELECT count(*) AS rows FROM readings WHERE sensor = 'oven'",
    ...where,
    '--csv',
  ]);
  const refused = await run(['sql', 'DELETE FROM recent', ...where]);

  expect(chart.out).toContain('60 readings');
  expect(chart.out).toContain('●');
  expect(sql.out).toBe('rows\n60\n');
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('only SELECT and EXPLAIN are answered'),
  });
});

test('[HD1] [HD8] after kill -9 at random moments it has each committed reading once and in order', async () => {
  let node = bob;
  for (let kill = 0; kill < KILLS; kill++) {
    const writing = (async () => {
      for (let batch = 0; batch < BATCHES; batch++) {
        await ann.write([
          { sensor: 'burst', value: kill * BATCHES + batch },
          { sensor: 'burst', value: -1 },
        ]);
      }
    })();
    await until(
      'it is in the midst of it',
      () => node.counter('database_sequence'),
      (sequence) => sequence > 60 + kill * BATCHES,
    );
    await node.kill();
    await writing;
    node = await site.start('bob', ['ann']);
  }
  bob = node;
  const { watermark } = await until(
    'everything is committed',
    () => ann.get<LogPage>('/api/v1/log?from=1&limit=1'),
    (page) => page.watermark >= 60 + 2 * BATCHES * KILLS,
  );
  await until(
    'the database has all of it',
    () => node.counter('database_sequence_durable'),
    (at) => at >= watermark,
  );

  const log = await ann.get<LogPage>('/api/v1/log?from=1&limit=1000');
  const where = ['--data-dir', site.directory, '--node-id', 'bob'];
  const rows = await run([
    'sql',
    'SELECT sequence, number FROM every_row ORDER BY sequence',
    ...where,
    '--json',
  ]);

  const there = rows.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { sequence: string; number: number });
  expect(there.map(({ sequence, number }) => [Number(sequence), number])).toEqual(
    log.readings.map(({ sequence, value }) => [sequence, value]),
  );
});

test('[HD11] a node that is started with a bound in rows keeps the newest of them, the others and the log all', async () => {
  await bob.kill();
  bob = await site.start('bob', ['ann'], { HISTORY_DB_MAX_ROWS: 'oven=10' });
  const range = `/api/v1/history?from=${MORNING_MS}&sensor=`;

  const kept = await until(
    'the rest has left it',
    () => bob.get<readonly Row[]>(`${range}oven`),
    (rows) => rows.length <= 10,
  );
  const others = await bob.get<readonly Row[]>(`${range}burst`);
  const elsewhere = await ann.get<readonly Row[]>(`${range}oven`);
  const log = await bob.get<LogPage>('/api/v1/log?from=1&limit=1000');

  expect(kept.map(({ value }) => value)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
  expect(others).toHaveLength(2 * BATCHES * KILLS);
  expect(elsewhere).toHaveLength(60);
  expect(log.readings).toHaveLength(60 + 2 * BATCHES * KILLS);
});

test('[HD8] a node that is stopped with questions under way and rows to write ends in time, and with code 0', async () => {
  const slow = 'SELECT count(*) FROM range(200000) a, range(200000) b';
  const asking = [1, 2, 3].map(() => run(['sql', slow, '--data-dir', site.directory, '--node-id', 'ann']));
  const writing = Array.from({ length: 20 }, (_, at) =>
    ann.post([{ sensor: 'last', value: at }]).catch(() => null),
  );

  await writing[0];
  const code = await ann.kill('SIGTERM');

  expect(code).toBe(0);
  await Promise.all([...asking, ...writing]);
});
