import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseSensorId, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { entriesMessage } from '../entry-message.ts';
import { ANN, IDENTITY, MORNING_MS, Order, temporaryDirectory } from '../testing.ts';
import { HistoryDatabase } from './history-database.ts';
import { answerSql } from './people-sql.ts';
import { rangeOf } from './range.ts';

test('[HD1] [HD2] what was committed is in it once and in order, with names, kinds and fields', async () => {
  const order = new Order()
    .batch(['bed1', 21.5], ['door', true])
    .meta('bed1')
    .batch(['weather', { temp: -4, note: 'snow' }]);
  const database = await databaseIn(temporaryDirectory());
  await follow(database, order);

  const { columns, rows } = await sql(
    database,
    'SELECT sequence, sensor, field, number, text, origin, n FROM readings ORDER BY sequence, field',
  );

  expect(columns).toEqual(['sequence', 'sensor', 'field', 'number', 'text', 'origin', 'n']);
  expect(rows).toEqual([
    ['1', 'bed1', '', 21.5, null, 'ann', '1'],
    ['2', 'door', '', 1, null, 'ann', '2'],
    ['3', 'weather', 'note', null, 'snow', 'ann', '4'],
    ['3', 'weather', 'temp', -4, null, 'ann', '4'],
  ]);
});

test('[HD1] what was not committed to the disk is taken again after a restart, and nothing twice', async () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['bed1', 1]).batch(['bed1', 2]);
  const first = await HistoryDatabase.open(optionsIn(directory));
  await follow(first, order);
  order.batch(['bed1', 3]).batch(['bed2', 4]);
  take(first, order);
  // As when the process ends: what is in memory alone is gone.
  first.close();

  const database = await databaseIn(directory);
  expect(database.progress).toMatchObject({ next: 3, sequence: 2 });
  await follow(database, order);

  const { rows } = await sql(database, 'SELECT sequence, sensor, number FROM readings ORDER BY sequence');
  expect(rows).toEqual([
    ['1', 'bed1', 1],
    ['2', 'bed1', 2],
    ['3', 'bed1', 3],
    ['4', 'bed2', 4],
  ]);
});

test('[HD1] [HD11] what left it by a bound is not taken again after a restart, and a database made anew drops it again', async () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['bed1', 1]).batch(['bed1', 2], ['bed2', 3]).batch(['bed1', 4]);
  const bounds = { maxAges: [], maxRows: [{ pattern: 'bed1', rowsMax: 1 }] };
  const first = await HistoryDatabase.open(optionsIn(directory));
  await follow(first, order);
  await first.forget(bounds, MORNING_MS);
  first.close();

  const database = await databaseIn(directory);
  await follow(database, order.batch(['bed1', 5]));
  const anew = await databaseIn(temporaryDirectory());
  await follow(anew, order);
  for (const one of [database, anew]) await one.forget(bounds, MORNING_MS);

  const left = 'SELECT sequence, number FROM readings ORDER BY sequence';
  expect((await sql(database, left)).rows).toEqual([
    ['3', 3],
    ['5', 5],
  ]);
  expect((await sql(anew, left)).rows).toEqual((await sql(database, left)).rows);
  expect(database.progress).toEqual(anew.progress);
});

test('[HD11] one that is about to be closed drops nothing more', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['bed1', 1], ['bed1', 2]));
  database.interrupt();

  const forgetting = database.forget({ maxAges: [], maxRows: [{ pattern: '#', rowsMax: 1 }] }, MORNING_MS);

  await expect(forgetting).rejects.toThrow('interrupted');
  expect((await sql(database, 'SELECT count(*) FROM readings')).rows).toEqual([['2']]);
});

test('[HD3] a file that is no database, or of another order, is made anew', async () => {
  const directory = temporaryDirectory();
  writeFileSync(optionsIn(directory).path, 'no database at all');
  const database = await databaseIn(directory);
  await follow(database, new Order().batch(['old', 1]));

  await database.startGroup('another-group');

  expect(database.progress).toEqual({ group: 'another-group', next: 1, sequence: 0 });
  expect((await sql(database, 'SELECT * FROM readings')).rows).toEqual([]);
});

test('[HD3] what is trimmed leaves it', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['a', 1], ['a', 2]).batch(['a', 3]));

  await database.trim(3);

  expect((await sql(database, 'SELECT sequence FROM readings')).rows).toEqual([['3']]);
});

test('[HD4] a range has its readings in the order of their times, and no others', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['a', 1], ['b', 9], ['a', 2], ['a', true], ['a', 'text']));

  const answer = await rangeOf(await database.connect(), {
    ...RANGE,
    fromMs: MORNING_MS + 1,
    toMs: MORNING_MS + 5,
  });

  expect(answer.readings.map(({ tsMs, value, sequence }) => [tsMs - MORNING_MS, value, sequence])).toEqual([
    [1, 1, 1],
    [3, 2, 3],
    [4, true, 4],
  ]);
  expect(answer).toMatchObject({ watermark: 5, isCut: false, steps: [] });
});

test('[HD4] an answer is cut at its bound, and says so', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['a', 1], ['a', 2], ['a', 3]));

  const answer = await rangeOf(await database.connect(), { ...RANGE, rowsMax: 2 });

  expect(answer.readings.map(({ value }) => value)).toEqual([1, 2]);
  expect(answer.isCut).toBe(true);
});

test('[HD5] steps draw together what was said within them, by field', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(
    database,
    new Order().batch(['a', { t: 1, s: 'x' }], ['a', { t: 3, s: 'y' }], ['b', 0], ['a', { t: 8, s: 'z' }]),
  );

  const { steps } = await rangeOf(await database.connect(), { ...RANGE, fromMs: MORNING_MS, stepMs: 3 });

  expect(steps.map(({ flags: _, ...step }) => step)).toEqual([
    { tsMs: MORNING_MS, field: 's', count: 2, min: null, max: null, avg: null, sum: null, last: 'y' },
    { tsMs: MORNING_MS + 3, field: 's', count: 1, min: null, max: null, avg: null, sum: null, last: 'z' },
    { tsMs: MORNING_MS, field: 't', count: 2, min: 1, max: 3, avg: 2, sum: 4, last: 3 },
    { tsMs: MORNING_MS + 3, field: 't', count: 1, min: 8, max: 8, avg: 8, sum: 8, last: 8 },
  ]);
});

test('[HD5] of readings with the same time the one that was committed last is the last of its step', async () => {
  const order = new Order();
  const times = { tsMs: MORNING_MS, ingestTsMs: MORNING_MS, lwwTsMs: MORNING_MS };
  const records = [7, 9, 8].map((value, at) => ({
    ...{ kind: 'reading' as const, n: at + 1, sensor: sensorOf('a'), value, ...times },
  }));
  order.history.store(ANN, { identity: IDENTITY, records });
  const database = await databaseIn(temporaryDirectory());
  await follow(database, order);

  const { steps } = await rangeOf(await database.connect(), { ...RANGE, fromMs: MORNING_MS, stepMs: 3 });

  expect(steps).toMatchObject([{ count: 3, min: 7, max: 9, last: 8 }]);
});

test('[HD6] as it was when it ended with a sequence', async () => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['a', 1], ['a', 2], ['a', 3]));

  const answer = await rangeOf(await database.connect(), { ...RANGE, asOf: 2 });

  expect(answer.readings.map(({ value }) => value)).toEqual([1, 2]);
  expect(answer.watermark).toBe(2);
});

test.each([
  ['DELETE FROM recent', 'only SELECT and EXPLAIN are answered'],
  ["COPY recent TO '/tmp/x'", 'disabled by configuration'],
  ["SELECT * FROM read_csv('/etc/passwd')", 'disabled'],
  ["ATTACH '/tmp/other.db'", 'only SELECT and EXPLAIN are answered'],
  ['SET memory_limit = 1', 'only SELECT and EXPLAIN are answered'],
  ['SELECT 1; SELECT 2', 'one statement at a time, got 2'],
  ['SELEC', 'syntax error'],
])('[HD7] %s is refused, and why is said', async (text, why) => {
  const database = await databaseIn(temporaryDirectory());
  await follow(database, new Order().batch(['a', 1]));

  await expect(sql(database, text)).rejects.toThrow(why);

  expect((await sql(database, 'SELECT count(*) AS c FROM recent')).rows).toEqual([['1']]);
});

test('[HD7] an answer in SQL is cut at its bound, and says so', async () => {
  const database = await databaseIn(temporaryDirectory());

  const answer = await sql(database, 'SELECT * FROM range(100000)');

  expect(answer.rows.length).toBe(LIMITS.sqlRowsMax);
  expect(answer.isCut).toBe(true);
});

const RANGE = {
  sensor: sensorOf('a'),
  field: null,
  fromMs: 0,
  toMs: Number.MAX_SAFE_INTEGER,
  stepMs: null,
  asOf: null,
  rowsMax: 100,
} as const;

function sensorOf(text: string): SensorId {
  const sensor = parseSensorId(text);
  if (!sensor.ok) throw new Error(sensor.problem);
  return sensor.value;
}

function optionsIn(directory: string) {
  return { path: join(directory, 'history.db'), memoryMb: 128, threads: 1, maxAges: [], maxRows: [] };
}

async function databaseIn(directory: string): Promise<HistoryDatabase> {
  const database = await HistoryDatabase.open(optionsIn(directory));
  onTestFinished(() => database.close());
  return database;
}

async function sql(database: HistoryDatabase, text: string) {
  return answerSql(await database.connect(), text);
}

function take(database: HistoryDatabase, { history, entries }: Order): void {
  const { index } = history.extent();
  const wanted = entries.filter((entry) => entry.index >= database.progress.next && entry.index <= index);
  const { rows, bytes } = entriesMessage(wanted, () => null);
  database.take(rows, bytes);
}

async function follow(database: HistoryDatabase, order: Order): Promise<void> {
  await database.startGroup(order.history.extent().group ?? '');
  take(database, order);
  await database.commit();
}
