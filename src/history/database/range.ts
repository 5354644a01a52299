// One sensor's past, as it is or drawn together in steps. SPEC rules HD4-HD6.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { PastReading, PastStep, RangeAnswer, RangeQuery } from '../../hub/past.ts';
import { KIND } from './schema.ts';
import { type JsRow, rowsOf } from './tables.ts';

/** What came in so long after its time had waited somewhere. */
export const LATE_MS = 60_000;

const WHERE = 'series = $1 AND ts >= $2 AND ts < $3 AND sequence <= $4';
const READINGS = `
  SELECT ts, kind, number, text, sequence, origin, n, ingest_ts, flags
  FROM every_row JOIN streams USING (stream) WHERE ${WHERE} ORDER BY ts, sequence LIMIT $5`;
/**
 * The last value of a step is looked up by its time once that is known: an aggregate that carries it along takes four
 * times as long. Of readings with the same time all are found; the one with the highest sequence comes last.
 */
const STEPS = `
  WITH steps AS MATERIALIZED (
    SELECT (ts - $2) // $6 AS step, count(*) AS count, min(number) AS min, max(number) AS max, avg(number) AS avg,
           sum(number) AS sum, bit_or(flags) AS flags, max(ingest_ts - ts) AS delay, max(ts) AS last_ts
    FROM every_row WHERE ${WHERE} GROUP BY step ORDER BY step LIMIT $5)
  SELECT steps.* EXCLUDE (last_ts), number AS last, text AS last_text, kind
  FROM every_row JOIN steps ON ts = last_ts WHERE ${WHERE} ORDER BY step, sequence`;
const TO_THE_END = 2 ** 53 - 1;

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
      for (const found of await rowsOf(connection, READINGS, values)) readings.push(readingOf(found, name));
    } else {
      const found = await rowsOf(connection, STEPS, [...values, BigInt(stepMs)]);
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

function valuesOf({ fromMs, toMs, asOf }: RangeQuery, series: number, limit: number): (number | bigint)[] {
  return [series, BigInt(fromMs), BigInt(toMs), BigInt(asOf ?? TO_THE_END), limit];
}

function readingOf(row: JsRow, field: string): PastReading {
  const [tsMs, ingestTsMs] = [Number(row.ts), Number(row.ingest_ts)];
  return {
    tsMs,
    field,
    value: scalarOf(row.kind, row.number, row.text) ?? 0,
    sequence: Number(row.sequence),
    origin: String(row.origin),
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
