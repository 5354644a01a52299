import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { PastReading, PastStep, RangeQuery } from '../../hub/past.ts';
import type { SensorId } from '../../model/ids.ts';
import type { ReadingRecord, Value } from '../../model/reading.ts';
import { entriesMessage } from '../entry-message.ts';
import { ANN, IDENTITY, MORNING_MS, Order, temporaryDirectory } from '../testing.ts';
import { HistoryDatabase } from './history-database.ts';
import { rangeOf } from './range.ts';
import { rowsOf } from './tables.ts';

const A = 'a' as SensorId;
const SENSORS = [A, 'b' as SensorId, 'c/d' as SensorId];
/** So long is what one order spans; some readings come in late or by a clock that runs ahead. */
const SPAN_MS = 100_000;

const saidArbitrary = fc.record({
  sensor: fc.constantFrom(...SENSORS),
  value: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) },
    { weight: 1, arbitrary: fc.boolean() },
    { weight: 1, arbitrary: fc.constantFrom('on', 'off') },
  ),
  // Few different times, so that many readings share one.
  atMs: fc.integer({ min: 0, max: SPAN_MS / 50 }).map((at) => at * 50),
  delayMs: fc.constantFrom(0, 0, 3, 3, 61_000),
  isAhead: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
});
type SaidPlainly = typeof saidArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Said = Omit<SaidPlainly, 'value'> & { readonly value: Value };

const questionArbitrary = fc.record({
  fromMs: fc.integer({ min: -5_000, max: SPAN_MS }),
  widthMs: fc.integer({ min: 1, max: 2 * SPAN_MS }),
  stepMs: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1_000, max: SPAN_MS })),
  asOf: fc.option(fc.integer({ min: 1, max: 3_000 })),
});

test('[HD9] steps say what the readings say, whatever of them is summed up, late, trimmed or too old', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(saidArbitrary, { minLength: 1, maxLength: 300 }),
      // The same again and again makes more than one block of a sensor.
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 300 }),
      fc.array(questionArbitrary, { minLength: 3, maxLength: 6 }),
      async (said, times, trimmed, questions) => {
        const database = await archivedIn(Array.from({ length: times }, () => said).flat());
        if (trimmed > 0) await database.trim(trimmed);
        const connection = await database.connect();

        for (const { fromMs, widthMs, stepMs, asOf } of questions) {
          const from = MORNING_MS + fromMs;
          const query = { ...RANGE, fromMs: from, toMs: from + widthMs, asOf };
          const { readings } = await rangeOf(connection, { ...query, stepMs: null });
          const { steps } = await rangeOf(connection, { ...query, stepMs });

          expect(steps).toEqual(stepsOf(readings, from, stepMs));
        }
        connection.closeSync();
        database.close();
      },
    ),
    { numRuns: 10 },
  );
}, 60_000);

test('[HD10] what is older than its pattern allows leaves the database, blocks and all, and nothing else does', async () => {
  const said = Array.from({ length: 300 }, (_, at) => ({
    ...saying(at, at * 10),
    sensor: SENSORS[at % 3] ?? A,
  }));
  const database = await archivedIn(said);
  onTestFinished(() => database.close());

  const maxAges = [
    { pattern: 'b', ageMsMax: 1e9 },
    { pattern: 'c/#', ageMsMax: 1_000 },
    { pattern: '+', ageMsMax: 500 },
  ];
  await database.forget({ maxAges, maxRows: [] }, MORNING_MS + 3_000);
  const connection = await database.connect();
  const counts: (number | undefined)[] = [];
  for (const sensor of SENSORS) {
    const { steps } = await rangeOf(connection, { ...RANGE, sensor, stepMs: SPAN_MS });
    const { readings } = await rangeOf(connection, { ...RANGE, sensor });
    counts.push(steps[0]?.count, readings.length);
  }
  connection.closeSync();

  expect(counts).toEqual([16, 16, 100, 100, 34, 34]);
});

test('[HD11] of more rows than a pattern allows the newest stay, however they are archived', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(saidArbitrary, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 120 }),
      async (said, times, percentOfB, percentOfOthers) => {
        const all = Array.from({ length: times }, () => said).flat();
        const sequences = (isB: boolean) =>
          all.flatMap(({ sensor }, at) => ((sensor === 'b') === isB ? at + 1 : []));
        const rowsOfB = Math.ceil((sequences(true).length * percentOfB) / 100) + 1;
        const rowsOfOthers = Math.ceil((sequences(false).length * percentOfOthers) / 100) + 1;
        const database = await archivedIn(all);
        const maxRows = [
          { pattern: 'b', rowsMax: rowsOfB },
          { pattern: '#', rowsMax: rowsOfOthers },
          // Never reached: an earlier one takes all in.
          { pattern: 'a', rowsMax: 1 },
        ];

        await database.forget({ maxAges: [], maxRows }, MORNING_MS);
        const kept = { b: [] as number[], others: [] as number[] };
        const connection = await database.connect();
        for (const sensor of SENSORS) {
          const { readings } = await rangeOf(connection, { ...RANGE, sensor });
          const { steps } = await rangeOf(connection, { ...RANGE, sensor, stepMs: 7_000 });
          kept[sensor === 'b' ? 'b' : 'others'].push(...readings.map(({ sequence }) => sequence));

          expect(steps).toEqual(stepsOf(readings, MORNING_MS, 7_000));
        }
        connection.closeSync();
        database.close();

        expect(kept.b.sort((a, b) => a - b)).toEqual(sequences(true).slice(-rowsOfB));
        expect(kept.others.sort((a, b) => a - b)).toEqual(sequences(false).slice(-rowsOfOthers));
      },
    ),
    { seed: 1, numRuns: 8 },
  );
}, 60_000);

test('[HD11] the fields of one reading leave together', async () => {
  const database = await archivedIn(
    Array.from({ length: 30 }, (_, at) => ({ ...saying(at, at), value: { heat: at, door: at % 2 === 0 } })),
  );
  onTestFinished(() => database.close());

  await database.forget({ maxAges: [], maxRows: [{ pattern: 'a', rowsMax: 25 }] }, MORNING_MS);
  const connection = await database.connect();
  const { readings } = await rangeOf(connection, RANGE);
  connection.closeSync();

  const [heat, door] = ['heat', 'door'].map((name) =>
    readings.filter(({ field }) => field === name).map(({ sequence }) => sequence),
  );
  expect(heat).toEqual([19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
  expect(door).toEqual(heat);
});

test('[HD3] more blocks than are taken apart at once lose their rows as well', async () => {
  const said = Array.from({ length: 15_000 }, (_, at) => ({
    ...saying(at, 0),
    sensor: `many/${at % 5_000}` as SensorId,
  }));
  const database = await archivedIn(said);
  onTestFinished(() => database.close());

  await database.trim(9_801);
  const connection = await database.connect();
  const [left] = await rowsOf(connection, LEFT);
  connection.closeSync();

  expect(left).toEqual({ rows: 200n, blocks: 200n, first: 9_801n, recent: 5_000n });
});

test('[HD3] [HD9] a block that loses some of its rows is summed up again', async () => {
  const said = Array.from({ length: 300 }, (_, at) => saying(at, at * 10));
  const database = await archivedIn(said);
  onTestFinished(() => database.close());

  await database.trim(101);
  const connection = await database.connect();
  const { steps } = await rangeOf(connection, { ...RANGE, stepMs: SPAN_MS });
  connection.closeSync();

  expect(steps).toMatchObject([{ count: 200, min: 100, max: 299, last: 299 }]);
});

const LEFT = `
  SELECT count(*) AS rows, count(DISTINCT block) AS blocks, min(sequence) AS first,
         (SELECT count(*) FROM recent) AS recent
  FROM archive WHERE block IN (SELECT block FROM blocks WHERE first_sequence = last_sequence)`;
const RANGE: RangeQuery = {
  sensor: A,
  field: null,
  fromMs: MORNING_MS,
  toMs: MORNING_MS + SPAN_MS,
  stepMs: null,
  asOf: null,
  rowsMax: 20_000,
};

function saying(value: number, atMs: number): Said {
  return { sensor: A, value, atMs, delayMs: 0, isAhead: false };
}

/** Thirds of it archived one after the other, the last third as it came. */
async function archivedIn(said: readonly Said[]): Promise<HistoryDatabase> {
  const order = new Order();
  const records = said.map(({ sensor, value, atMs, delayMs, isAhead }, at): ReadingRecord => {
    const tsMs = MORNING_MS + atMs;
    const ingestTsMs = tsMs + delayMs;
    return {
      kind: 'reading',
      n: at + 1,
      sensor,
      value,
      tsMs,
      ingestTsMs,
      lwwTsMs: isAhead ? tsMs - 1 : tsMs,
    };
  });
  const third = Math.ceil(records.length / 3);
  for (let from = 0; from < records.length; from += third) {
    order.history.store(ANN, { identity: IDENTITY, records: records.slice(from, from + third) });
  }
  const path = `${temporaryDirectory()}/history.db`;
  const database = await HistoryDatabase.open({ path, memoryMb: 128, threads: 1, maxAges: [], maxRows: [] });
  await database.startGroup(order.history.extent().group ?? '');
  for (const entry of order.entries) {
    const { rows, bytes } = entriesMessage([entry], () => null);
    database.take(rows, bytes);
    await database.commit();
    if (entry.index < order.entries.length) await database.archive();
  }
  return database;
}

/** What steps are, said in the plainest way. Readings come in the order of their times, and of their sequences. */
function stepsOf(readings: readonly PastReading[], fromMs: number, stepMs: number): PastStep[] {
  const bySteps = new Map<number, PastReading[]>();
  for (const reading of readings) {
    const step = Math.floor((reading.tsMs - fromMs) / stepMs);
    bySteps.set(step, [...(bySteps.get(step) ?? []), reading]);
  }
  return [...bySteps].map(([step, all]) => {
    const numbers = all.flatMap(({ value }) => (typeof value === 'string' ? [] : Number(value)));
    const sum = numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0);
    return {
      tsMs: fromMs + step * stepMs,
      field: '',
      count: all.length,
      min: sum === null ? null : Math.min(...numbers),
      max: sum === null ? null : Math.max(...numbers),
      avg: sum === null ? null : sum / numbers.length,
      sum,
      last: all.at(-1)?.value ?? null,
      flags: (['clock', 'late'] as const).filter((flag) => all.some(({ flags }) => flags.includes(flag))),
    };
  });
}
