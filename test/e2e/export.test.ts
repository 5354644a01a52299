// What is exported of a site, and brought into another one, by the program as people run it.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient } from '../../src/cli/api-client.ts';
import { Exporter } from '../../src/cli/export/exporter.ts';
import { Importer } from '../../src/cli/export/importer.ts';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface LogPage {
  readonly group: string;
  readonly watermark: number;
  readonly readings: readonly { readonly sensor: string; readonly ts_ms: number; readonly value: unknown }[];
}

const ALL = { format: 'json', sensor: '#', from: '', to: '' } as const;
const ALONE = { EXPECT_NODES: '1' };
const START_MS = Date.parse('2026-02-11T08:30:00Z');
const directory = mkdtempSync(join(tmpdir(), 'sensorium-export-'));
const [here, there] = [new Site(), new Site()];
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = await Promise.all([here.start('ann', [], ALONE), there.start('bob', [], ALONE)]);
  await until(
    'both lead',
    () => Promise.all([ann, bob].map((node) => node.get<{ readonly quorum: boolean }>('/api/v1/view'))),
    (views) => views.every(({ quorum }) => quorum),
  );
  const values = [21.5, true, 'a "text", with\nlines', { x: 1, y: 'z' }, -0.25, 'true'];
  await ann.write(
    Array.from({ length: 60 }, (_, at) => ({
      sensor: `${at % 2 === 0 ? 'hall' : 'attic'}/s${at % 6}`,
      value: values[at % 6],
      ts: START_MS + at * 1_000,
      ...(at % 6 === 0 && { unit: 'Cel' }),
    })),
  );
  await until(
    'all is committed',
    () => logOf(ann),
    ({ readings }) => readings.length === 60,
  );
});
afterAll(async () => {
  await Promise.all([here.stop(), there.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

test('[SK20] an export has the readings of the sensors and the time that were asked for, in each format', async () => {
  const chosen = ['--sensor', 'hall/#', '--from', '2026-02-11T08:30:10Z', '--to', '2026-02-11T08:30:50Z'];
  const [json, csv, parquet] = ['json', 'csv', 'parquet'].map((format) =>
    join(directory, `chosen.${format}`),
  ) as [string, string, string];

  const ran = await Promise.all([
    run(['export', json, '--format', 'json', '--node', ann.url(), ...chosen]),
    run(['export', csv, '--format', 'csv', '--node', ann.url(), ...chosen]),
    run(['export', parquet, '--format', 'parquet', '--node', ann.url(), ...chosen, '--json']),
  ]);

  const { readings } = await logOf(ann);
  const wanted = readings.filter(
    ({ sensor, ts_ms }) =>
      sensor.startsWith('hall/') && ts_ms >= START_MS + 10_000 && ts_ms < START_MS + 50_000,
  );
  const lines = readFileSync(json, 'utf8').trimEnd().split('\n');
  expect(ran.map(({ code, err }) => [code, err])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ]);
  expect(wanted).toHaveLength(20);
  expect(lines.map((line) => JSON.parse(line))).toEqual(wanted.map((row) => expect.objectContaining(row)));
  expect(readFileSync(csv, 'utf8').trimEnd().split('\n')).toHaveLength(21);
  expect(JSON.parse(ran[2]?.out ?? '')).toMatchObject({ readings: 20, resumed: false });
  expect(await parquetRows(parquet)).toEqual(wanted.map(({ sensor, ts_ms }) => [sensor, BigInt(ts_ms)]));
});

test('[SK20] an export that was broken off goes on where it stopped, and what it lacked is there once', async () => {
  const whole = join(directory, 'whole.json');
  const broken = join(directory, 'broken.json');
  await exported(whole);
  const lines = readFileSync(whole, 'utf8').split('\n');
  const have = `${lines.slice(0, 20).join('\n')}\n`;
  writeFileSync(`${broken}.part`, `${have}{"half of a line`);
  const { group, watermark: upto } = await logOf(ann);
  const [fromMs, toMs] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const next = JSON.parse(lines[19] ?? '').sequence + 1;
  const state = { ...ALL, group, fromMs, toMs, next, upto, readings: 20 };
  writeFileSync(`${broken}.part.json`, JSON.stringify({ ...state, bytes: Buffer.byteLength(have) }));

  const done = await exported(broken);

  expect(done).toEqual({ readings: 60, group, upto, resumed: true });
  expect(readFileSync(broken, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  expect(readdirSync(directory).filter((name) => name.includes('part'))).toEqual([]);
});

test('[SK21] what is imported is in the other site once, however often, from JSON and from CSV', async () => {
  const [json, csv, half] = [
    join(directory, 'all.json'),
    join(directory, 'all.csv'),
    join(directory, 'half.json'),
  ];
  await exported(json);
  await exported(csv, 'csv');
  writeFileSync(half, readFileSync(json, 'utf8').split('\n').slice(0, 25).join('\n'));

  const first = await run(['import', half, '--node', bob.url(), '--ingest', bob.ingestUrl(), '--json']);
  const counts = [await imported(json), await imported(csv), await imported(json)];

  const said = async (node: SiteNode) => {
    const { readings } = await logOf(node);
    return readings.map(({ sensor, ts_ms, value }) => JSON.stringify([sensor, ts_ms, value])).sort();
  };
  expect(first.err).toBe('');
  expect(JSON.parse(first.out)).toMatchObject({ readings: 25, added: 25, present: 0 });
  expect(counts).toEqual([
    { readings: 60, added: 35, present: 25 },
    { readings: 60, added: 0, present: 60 },
    { readings: 60, added: 0, present: 60 },
  ]);
  expect(await said(bob)).toEqual(await said(ann));
});

test('[SK21] a file with a line that makes no sense is refused with its number, and nothing of it is written', async () => {
  const file = join(directory, 'wrong.json');
  const right = '{"sensor": "new/one", "value": 1, "ts_ms": 1}';
  writeFileSync(file, `${right}\n${right.replace('1,', '[1],')}\n`);
  const before = (await logOf(bob)).watermark;

  await expect(imported(file)).rejects.toThrow('line 2');

  expect((await logOf(bob)).watermark).toBe(before);
});

function exported(file: string, format: 'json' | 'csv' = 'json') {
  const range = { match: null, fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  return new Exporter(new ApiClient(ann.url()), file, { ...ALL, format }, range).run(() => {});
}

function imported(file: string) {
  return new Importer(new ApiClient(bob.url()), bob.ingestUrl(), file).run(() => {});
}

async function logOf(node: SiteNode): Promise<LogPage> {
  const page = await node.get<LogPage>('/api/v1/log?from=1&limit=10000');
  // What nodes write down for themselves is in the order as well.
  return { ...page, readings: page.readings.filter(({ sensor }) => !sensor.startsWith('$')) };
}

async function parquetRows(path: string): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT sensor, ts_ms FROM '${path}' ORDER BY sequence`);
  const rows = reader.getRows();
  connection.closeSync();
  instance.closeSync();
  return rows;
}
