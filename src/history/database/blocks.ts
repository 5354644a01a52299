// Rollups of what has been archived, by block: a hundred rows or so of one series that follow each other in the order. Each
// row of `archive` carries the number of its block, and a block sums up exactly the rows that carry its number. So a
// question takes blocks whole where it can and their rows where it cannot, and is answered alike either way, whatever its
// times, its steps and the sequence it ends with. SPEC rules HD3, HD9.

import type { DuckDBConnection } from '@duckdb/node-api';
import { KIND, LATE_MS } from './schema.ts';
import { rowsOf } from './tables.ts';

/** Rows of a block of a sensor that speaks evenly. With fewer the blocks are more, with more the rows at the edges of steps. */
const BLOCK_ROWS = 128;
/** Blocks of which rows are deleted at once: half a million rows, in some 10 MB. */
const DROPPED_AT_ONCE = 4_096;

/**
 * A series' share of `recent` is cut into blocks of equal spans of sequences: to count its rows one by one takes another
 * sort. So a block of a sensor that speaks in bursts has more rows, though never more than its span.
 */
const MOVE = `
  INSERT INTO archive
  WITH spans AS (
    SELECT series, min(sequence) AS first, max(sequence) - min(sequence) + 1 AS width,
           (count(*) + ${BLOCK_ROWS - 1}) // ${BLOCK_ROWS} AS blocks
    FROM recent GROUP BY series),
  cuts AS (
    SELECT series, first, (width + blocks - 1) // blocks AS share,
           $1 + (sum(blocks) OVER (ORDER BY series))::BIGINT - blocks AS base
    FROM spans)
  SELECT recent.*, base + (sequence - first) // share
  FROM recent JOIN cuts USING (series) ORDER BY series, sequence`;

/** What `recent` has moves to `archive`, in the transaction of whoever calls. */
export async function moveToArchive(writer: DuckDBConnection): Promise<void> {
  const [row] = await rowsOf(writer, 'SELECT coalesce(max(block), 0) + 1 AS next FROM blocks');
  const next = Number(row?.next ?? 1);
  await writer.run(MOVE, [next]);
  await sumUp(writer, `block >= ${next}`);
  await writer.run('DELETE FROM recent');
}

/**
 * Rows leave both tables, and blocks that lose some of theirs are summed up again: some blocks at a time, each time in a
 * transaction of its own, since one remembers every row that it deletes in memory.
 */
export async function dropRows(
  writer: DuckDBConnection,
  which: string,
  transaction: (act: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await writer.run(`CREATE OR REPLACE TEMP TABLE torn AS SELECT DISTINCT block FROM archive WHERE ${which}`);
  const firsts = await rowsOf(
    writer,
    `SELECT block FROM torn QUALIFY row_number() OVER (ORDER BY block) % ${DROPPED_AT_ONCE} = 1 ORDER BY block`,
  );
  await transaction(async () => {
    await writer.run(`DELETE FROM recent WHERE ${which}`);
  });
  for (const [at, { block }] of firsts.entries()) {
    const next = firsts[at + 1]?.block;
    const some = `block >= ${block}${next === undefined ? '' : ` AND block < ${next}`}`;
    const torn = `${some} AND block IN (FROM torn)`;
    await transaction(async () => {
      await writer.run(`DELETE FROM archive WHERE ${some} AND ${which}`);
      await writer.run(`DELETE FROM blocks WHERE ${torn}`);
      await sumUp(writer, torn);
    });
  }
  await writer.run('DROP TABLE torn');
}

/** The last reading is looked up by its time once that is known: it costs less than to carry it along. */
async function sumUp(writer: DuckDBConnection, which: string): Promise<void> {
  await writer.run(`
    INSERT INTO blocks
    WITH own AS (FROM archive WHERE ${which}),
    sums AS MATERIALIZED (
      SELECT block, series, min(ts) AS first_ts, max(ts) AS last_ts, min(sequence) AS first_sequence,
             max(sequence) AS last_sequence, count(*) AS count, count(number) AS numbers, min(number) AS min,
             max(number) AS max, sum(number) AS sum, bit_or(flags) AS flags, max(ingest_ts - ts) AS delay,
             max(kind) = ${KIND.number} AND bit_or(flags) = 0 AND max(ingest_ts - ts) <= ${LATE_MS} AS is_plain
      FROM own GROUP BY block, series)
    SELECT sums.*, arg_max(own.number, own.sequence), arg_max(own.text, own.sequence),
           arg_max(own.kind, own.sequence)
    FROM sums JOIN own ON own.block = sums.block AND own.ts = sums.last_ts GROUP BY ALL ORDER BY sums.block`);
}
