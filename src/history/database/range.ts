// One sensor's past, as it is or drawn together in steps. SPEC rules HD4-HD6, HD9.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { PastReading, PastStep, RangeAnswer, RangeQuery } from '../../hub/past.ts';
import { KIND, LATE_MS } from './schema.ts';
import { type JsRow, rowsOf } from './tables.ts';

const TO_THE_END = 2 ** 53 - 1;
const WHERE = 'series = $1 AND ts >= $2 AND ts < $3 AND sequence <= $4';
/** Each table by itself, and origins by number: to plan one statement of all of them takes longer than to answer it. */
const readingsIn = (table: 'archive' | 'recent') => `
  SELECT ts, kind, number, text, sequence, stream, n, ingest_ts, flags
  FROM ${table} WHERE ${WHERE} ORDER BY ts, sequence LIMIT $5`;
/**
 * A block that lies within one step, and ends no later than the question, counts as a whole; of others, and of what is not
 * archived yet, the rows count. For rows of plain blocks two columns say all: each further one costs as much as these.
 * The last value of a step is looked up by its time once that is known: an aggregate that carries it along takes four
 * times as long. Of readings with the same time all are found; the one that was committed last comes last, since the
 * archive has each series in its order.
 */
const STEPS = `
  WITH touched AS MATERIALIZED (
    SELECT *, (first_ts - $2) // $6 AS step,
           first_ts >= $2 AND last_ts < $3 AND last_sequence <= $4
           AND (first_ts - $2) // $6 = (last_ts - $2) // $6 AS is_whole
    FROM blocks WHERE series = $1 AND last_ts >= $2 AND first_ts < $3 AND first_sequence <= $4
    -- A bound that is never reached: without one this is computed again for each condition that is put on it.
    LIMIT 1000000000000),
  edges AS MATERIALIZED (
    SELECT (ts - $2) // $6 AS step, ts, number, NULL AS text, ${KIND.number} AS kind, 0 AS flags, 0 AS delay,
           block, rowid AS place
    FROM archive
    WHERE ${WHERE} AND block IN (SELECT block FROM touched WHERE NOT is_whole AND is_plain)
    UNION ALL
    SELECT (ts - $2) // $6, ts, number, text, kind, flags, ingest_ts - ts, block, rowid
    FROM archive
    WHERE ${WHERE} AND block IN (SELECT block FROM touched WHERE NOT is_whole AND NOT is_plain)
    UNION ALL
    SELECT (ts - $2) // $6, ts, number, text, kind, flags, ingest_ts - ts, ${TO_THE_END}, rowid
    FROM recent WHERE ${WHERE}),
  parts AS (
    SELECT step, count, numbers, min, max, sum, flags, delay, last_ts FROM touched WHERE is_whole
    UNION ALL
    SELECT step, count(*), count(number), min(number), max(number), sum(number), bit_or(flags), max(delay), max(ts)
    FROM edges GROUP BY step),
  steps AS MATERIALIZED (
    SELECT step, sum(count) AS count, min(min) AS min, max(max) AS max, sum(sum) / nullif(sum(numbers), 0) AS avg,
           sum(sum) AS sum, bit_or(flags) AS flags, max(delay) AS delay, max(last_ts) AS last_ts
    FROM parts GROUP BY step ORDER BY step LIMIT $5),
  candidates AS (
    SELECT last_ts, block, 0 AS place, last, last_text, last_kind AS kind FROM touched WHERE is_whole
    UNION ALL
    SELECT ts, block, place, number, text, kind FROM edges),
  lasts AS MATERIALIZED (FROM candidates WHERE last_ts IN (SELECT last_ts FROM steps))
  SELECT steps.* EXCLUDE (last_ts), last, last_text, kind
  FROM lasts JOIN steps USING (last_ts) ORDER BY step, block, place`;

export async function rangeOf(connection: DuckDBConnection, query: RangeQuery): Promise<RangeAnswer> {
  const { sensor, field, stepMs, rowsMax } = query;
  const [progress] = await rowsOf(connection, 'SELECT "group", sequence FROM progress');
  const series = await rowsOf(
    connection,
    'SELECT series, field, unit FROM series WHERE sensor = $1 ORDER BY field',
    [sensor],
  );
  const readings: PastReading[] = [];
  const steps: PastStep[] = [];
  for (const row of series) {
    const name = String(row.field);
    if (field !== null && field !== name) continue;
    const values = valuesOf(query, Number(row.series), rowsMax + 1 - readings.length - steps.length);
    if (stepMs === null) {
      for (const found of await readingsOf(connection, values, name)) readings.push(found);
    } else {
      const found = await rowsOf(connection, STEPS, [...values, stepMs]);
      for (const [at, step] of found.entries()) {
        if (step.step !== found[at + 1]?.step) steps.push(stepOf(step, name, query.fromMs, stepMs));
      }
    }
    if (readings.length + steps.length > rowsMax) break;
  }
  return {
    group: typeof progress?.group === 'string' ? progress.group : null,
    watermark: Math.min(query.asOf ?? TO_THE_END, Number(progress?.sequence ?? 0)),
    unit: String(series[0]?.unit ?? ''),
    readings: readings.slice(0, rowsMax),
    steps: steps.slice(0, rowsMax),
    isCut: readings.length + steps.length > rowsMax,
  };
}

function valuesOf({ fromMs, toMs, asOf }: RangeQuery, series: number, limit: number): number[] {
  return [series, fromMs, toMs, asOf ?? TO_THE_END, limit];
}

async function readingsOf(
  connection: DuckDBConnection,
  values: number[],
  field: string,
): Promise<readonly PastReading[]> {
  const archived = await rowsOf(connection, readingsIn('archive'), values);
  const recent = await rowsOf(connection, readingsIn('recent'), values);
  if (archived.length + recent.length === 0) return [];
  const streams = await rowsOf(connection, 'SELECT stream, origin FROM streams');
  const origins = new Map(streams.map(({ stream, origin }) => [stream, String(origin)]));
  const all = [...archived, ...recent].map((row) =>
    readingOf(row, origins.get(row.stream ?? null) ?? '', field),
  );
  return all.sort((a, b) => a.tsMs - b.tsMs || a.sequence - b.sequence);
}

function readingOf(row: JsRow, origin: string, field: string): PastReading {
  const [tsMs, ingestTsMs] = [Number(row.ts), Number(row.ingest_ts)];
  return {
    tsMs,
    field,
    value: scalarOf(row.kind, row.number, row.text) ?? 0,
    sequence: Number(row.sequence),
    origin,
    n: Number(row.n),
    ingestTsMs,
    flags: flagsOf(Number(row.flags), ingestTsMs - tsMs),
  };
}

function stepOf(row: JsRow, field: string, fromMs: number, stepMs: number): PastStep {
  return {
    tsMs: fromMs + Number(row.step) * stepMs,
    field,
    count: Number(row.count),
    min: numberOrNull(row.min),
    max: numberOrNull(row.max),
    avg: numberOrNull(row.avg),
    sum: numberOrNull(row.sum),
    last: scalarOf(row.kind, row.last, row.last_text),
    flags: flagsOf(Number(row.flags), Number(row.delay)),
  };
}

function scalarOf(kind: unknown, number: unknown, text: unknown): number | boolean | string | null {
  if (kind === KIND.text) return typeof text === 'string' ? text : null;
  if (typeof number !== 'number') return null;
  return kind === KIND.boolean ? number !== 0 : number;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function flagsOf(flags: number, delayMs: number): readonly ('clock' | 'late')[] {
  const all: ('clock' | 'late')[] = [];
  if ((flags & 1) !== 0) all.push('clock');
  if (delayMs > LATE_MS) all.push('late');
  return all;
}
