// What is to leave the database by patterns of sensors: readings that are too old, and the oldest rows of what is too much.
// Of several patterns that take a sensor in the first counts. SPEC rules HD10, HD11.

import type { DuckDBConnection } from '@duckdb/node-api';
import { matchesTopic } from '../../model/topic-filter.ts';
import { type MaxAge, type MaxRows, rowsOf } from './tables.ts';

/** Which rows came in longer ago than their sensors' pattern allows: conditions in SQL. */
export async function tooOld(
  writer: DuckDBConnection,
  maxAges: readonly MaxAge[],
  nowMs: number,
): Promise<readonly string[]> {
  await assignSeries(writer, maxAges);
  return maxAges.map(({ ageMsMax }, rule) => `ingest_ts < ${nowMs - ageMsMax} AND ${seriesOf(rule)}`);
}

/** Which rows are the oldest of more than their sensors' pattern allows. */
export async function tooMany(
  writer: DuckDBConnection,
  maxRows: readonly MaxRows[],
): Promise<readonly string[]> {
  await assignSeries(writer, maxRows);
  const conditions: string[] = [];
  for (const { rule, rows } of await rowsOf(writer, ROWS_BY_RULE)) {
    const surplus = Number(rows) - (maxRows[Number(rule)]?.rowsMax ?? 0);
    if (surplus <= 0) continue;
    const last = await sequenceOfNth(writer, Number(rule), surplus);
    // The rows of one reading go together.
    conditions.push(`sequence <= ${last} AND ${seriesOf(Number(rule))}`);
  }
  return conditions;
}

/**
 * What stands together in the order: a block, or one row that is in none. How many rows each has is known without reading
 * them.
 */
const PIECES = `
  SELECT rule, count, first_sequence AS first, last_sequence AS last FROM blocks JOIN ruled USING (series)
  UNION ALL
  SELECT rule, 1, sequence, sequence FROM recent JOIN ruled USING (series)`;
const ROWS_BY_RULE = `SELECT rule, sum(count) AS rows FROM (${PIECES}) GROUP BY rule ORDER BY rule`;

/**
 * Pieces overlap. Before `low` there are fewer than `nth` rows even if all of each piece that begins there is; up to
 * `high` there are as many even if none is of a piece that ends later. So the row is between, and those of pieces that
 * end before `low` need not be read.
 */
async function sequenceOfNth(writer: DuckDBConnection, rule: number, nth: number): Promise<number> {
  const [span] = await rowsOf(
    writer,
    `WITH ranked AS MATERIALIZED (
       SELECT count, first, last, sum(count) OVER (ORDER BY first) AS begun, sum(count) OVER (ORDER BY last) AS ended
       FROM (${PIECES}) WHERE rule = ${rule}),
     span AS (
       SELECT min(first) FILTER (begun >= ${nth}) AS low, min(last) FILTER (ended >= ${nth}) AS high FROM ranked)
     SELECT low, high, coalesce(sum(count) FILTER (last < low), 0) AS before FROM ranked, span GROUP BY low, high`,
  );
  const { low, high, before } = span ?? {};
  const [row] = await rowsOf(
    writer,
    `SELECT sequence FROM (
       SELECT sequence FROM archive WHERE sequence <= ${high} AND block IN (
         SELECT block FROM blocks
         WHERE first_sequence <= ${high} AND last_sequence >= ${low} AND ${seriesOf(rule)})
       UNION ALL
       SELECT sequence FROM recent WHERE sequence >= ${low} AND sequence <= ${high} AND ${seriesOf(rule)})
     ORDER BY sequence LIMIT 1 OFFSET ${nth - Number(before) - 1}`,
  );
  return Number(row?.sequence ?? 0);
}

async function assignSeries(
  writer: DuckDBConnection,
  rules: readonly { readonly pattern: string }[],
): Promise<void> {
  await writer.run('CREATE OR REPLACE TEMP TABLE ruled (series INTEGER, rule INTEGER)');
  if (rules.length === 0) return;
  const bySensor = await rowsOf(writer, 'SELECT series, sensor FROM series');
  const appender = await writer.createAppender('ruled', 'main', 'temp');
  for (const { series, sensor } of bySensor) {
    const rule = rules.findIndex(({ pattern }) => matchesTopic(pattern, String(sensor)));
    if (rule < 0) continue;
    appender.appendInteger(Number(series));
    appender.appendInteger(rule);
    appender.endRow();
  }
  appender.closeSync();
}

function seriesOf(rule: number): string {
  return `series IN (SELECT series FROM ruled WHERE rule = ${rule})`;
}
