// The contract at the targets that need no server: memory, and Parquet files.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, test } from 'vitest';
import { ParquetSink } from './parquet-sink.ts';
import { reading, readings, type SinkRow, sinkContract } from './sink.contract.ts';
import { MemoryTarget } from './testing.ts';

const GROUP = '00000000000000a1';
const directory = mkdtempSync(join(tmpdir(), 'sensorium-parquet-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('in memory', () => {
  let target = new MemoryTarget();
  sinkContract('memory', () => ({
    open: () => target.open(),
    rows: async () => [...target.rows].sort((a, b) => a.n - b.n),
    clear: async () => {
      target = new MemoryTarget();
    },
    noticesOthers: true,
    keepsOnce: true,
  }));
});

describe('Parquet files', () => {
  const path = join(directory, 'sink');
  sinkContract('parquet', () => ({
    open: () => new ParquetSink({ type: 'parquet', path }),
    rows: () => rowsIn(path),
    clear: async () => rmSync(path, { recursive: true, force: true }),
    noticesOthers: false,
    keepsOnce: true,
  }));

  test('[SK14] readings are in the files of their days, whatever the order they came in', async () => {
    const days = join(directory, 'days');
    const sink = new ParquetSink({ type: 'parquet', path: days });
    await sink.connect();
    const times = ['2026-02-11', '2026-02-12', '2026-02-11'].map((day) => Date.parse(`${day}T08:00:00Z`));

    await sink.write({ group: GROUP, readings: times.map((tsMs, at) => reading(at + 1, at, tsMs)), upto: 3 });
    await sink.close();

    expect(readdirSync(days, { recursive: true }).map(String).sort()).toEqual([
      'day=2026-02-11',
      `day=2026-02-11/${GROUP}-0000000000000001-0000000000000003.parquet`,
      'day=2026-02-12',
      `day=2026-02-12/${GROUP}-0000000000000002-0000000000000002.parquet`,
      'sensorium.place',
    ]);
  });

  test('[SK14] what a crash left behind the place is removed before it is written again', async () => {
    const crashed = join(directory, 'crashed');
    const first = new ParquetSink({ type: 'parquet', path: crashed });
    await first.connect();
    await first.write({ group: GROUP, readings: readings(1, 2), upto: 2 });
    await first.write({ group: GROUP, readings: readings(3, 5), upto: 5 });
    await first.close();
    writeFileSync(join(crashed, 'sensorium.place'), `${GROUP}:4\n`);
    writeFileSync(join(crashed, 'day=2026-02-11', 'half.parquet.new'), 'half');

    const second = new ParquetSink({ type: 'parquet', path: crashed });
    const place = await second.connect();
    await second.write({ group: GROUP, readings: readings(5, 6), upto: 6 });
    await second.close();

    const found = await rowsIn(crashed);

    expect(place).toEqual({ group: GROUP, sequence: 4 });
    expect(found.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

async function rowsIn(path: string): Promise<readonly SinkRow[]> {
  const files = readdirSync(path, { recursive: true }).map(String);
  if (!files.some((name) => name.endsWith('.parquet'))) return [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT sensor, n, number, text, fields FROM read_parquet('${path}/*/*.parquet') ORDER BY n`,
  );
  const rows = reader.getRows().map(([sensor, n, number, text, fields]) => ({
    sensor: String(sensor),
    n: Number(n),
    value: valueIn(number, text, fields),
  }));
  connection.closeSync();
  instance.closeSync();
  return rows;
}

function valueIn(number: unknown, text: unknown, fields: unknown): SinkRow['value'] {
  if (fields !== null) return JSON.parse(String(fields)) as SinkRow['value'];
  if (text === null) return Number(number);
  return number === null ? String(text) : text === 'true';
}
