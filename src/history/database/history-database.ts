// The committed order in columns, in one DuckDB file. Rows and how far they go are written in one transaction, so after any
// crash each committed reading is in it exactly once, up to the sequence it says. SPEC rules HD1-HD3, HD8.

import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBInstance,
  INTEGER,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import { isOrdered } from '../../model/durable.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeBatch } from '../../wire/durable.ts';
import { malformedText } from '../../wire/malformed.ts';
import type { EntryRow } from '../entry-message.ts';
import { type Columns, RowBuffer } from './row-buffer.ts';
import { type DatabaseOptions, type DatabaseProgress, type OpenTables, openTables } from './tables.ts';

/** What DuckDB takes at once. */
const CHUNK_ROWS = 2_048;
const COLUMN_TYPES = [INTEGER, BIGINT, BIGINT, BIGINT, INTEGER, BIGINT, UTINYINT, DOUBLE, VARCHAR, UTINYINT];

export class HistoryDatabase {
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  #rows = new RowBuffer();
  #recentRows: number;
  #entered: DatabaseProgress;
  #written: DatabaseProgress;

  private constructor({ instance, writer, progress, recentRows, series, streams }: OpenTables) {
    this.#instance = instance;
    this.#writer = writer;
    this.#entered = progress;
    this.#written = progress;
    this.#recentRows = recentRows;
    this.#rows.know(series, streams);
  }

  static async open(options: DatabaseOptions): Promise<HistoryDatabase> {
    return new HistoryDatabase(await openTables(options));
  }

  /** How far it is, with all that was taken. */
  get progress(): DatabaseProgress {
    return this.#entered;
  }

  /** How far it is on the disk. */
  get written(): DatabaseProgress {
    return this.#written;
  }

  get pendingRows(): number {
    return this.#rows.rows;
  }

  get isBehind(): boolean {
    return this.#entered !== this.#written;
  }

  /**
   * A connection for those who read, of one moment: a statement is planned by what is known of the rows, and is wrong
   * when rows of other values come between its plan and its run.
   */
  async connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    await connection.run('BEGIN TRANSACTION READ ONLY');
    return connection;
  }

  /** The order of another group begins anew, here as well. */
  async startGroup(group: string): Promise<void> {
    if (this.#entered.group === group) return;
    this.#rows = new RowBuffer();
    const progress = { group, next: 1, sequence: 0 };
    await this.#transaction(async () => {
      for (const table of ['recent', 'archive', 'series', 'streams'])
        await this.#writer.run(`DELETE FROM ${table}`);
      await this.#save(progress);
    });
    this.#recentRows = 0;
    this.#entered = progress;
    this.#written = progress;
  }

  /** Into memory; `commit` brings it to the disk. */
  take(rows: readonly EntryRow[], bytes: Uint8Array): void {
    for (const { index, firstSequence, body } of rows) {
      if (index < this.#entered.next) continue;
      let sequence = firstSequence;
      if (body.kind === 'data') {
        const batch = decodeBatch(bytes.subarray(body.at, body.end));
        if (!batch.ok) throw new Error(`entry ${index} of the log: ${malformedText(batch.problem)}`);
        const { records, units } = batch.value;
        for (const [at, record] of records.entries()) {
          if (!isOrdered(batch.value, record)) continue;
          this.#rows.add(record, body.producer, sequence, units?.[at] ?? '');
          sequence++;
        }
      }
      const { group } = this.#entered;
      this.#entered = { group, next: index + 1, sequence: Math.max(this.#entered.sequence, sequence - 1) };
    }
  }

  async commit(): Promise<void> {
    const entered = this.#entered;
    const { columns, series, streams, units } = this.#rows.take();
    await this.#transaction(async () => {
      for (const { series: number, sensor, field, unit } of series) {
        await this.#writer.run('INSERT INTO series VALUES ($1, $2, $3, $4)', [number, sensor, field, unit]);
      }
      for (const { stream, origin, identity } of streams) {
        await this.#writer.run('INSERT INTO streams VALUES ($1, $2, $3)', [stream, origin, identity]);
      }
      for (const { series: number, unit } of units) {
        await this.#writer.run('UPDATE series SET unit = $1 WHERE series = $2', [unit, number]);
      }
      await this.#append(columns);
      await this.#save(entered);
    });
    this.#written = entered;
    this.#recentRows += columns.series.length;
  }

  /** What was committed lately moves to where one sensor's past stands together, once there is enough of it. */
  async archive(): Promise<void> {
    if (this.#recentRows < LIMITS.historyRecentRowsMax) return;
    await this.#transaction(async () => {
      await this.#writer.run('INSERT INTO archive SELECT * FROM recent ORDER BY series, sequence');
      await this.#writer.run('DELETE FROM recent');
    });
    this.#recentRows = 0;
  }

  async trim(firstKept: number): Promise<void> {
    await this.#transaction(async () => {
      for (const table of ['recent', 'archive']) {
        await this.#writer.run(`DELETE FROM ${table} WHERE sequence < $1`, [BigInt(firstKept)]);
      }
    });
  }

  /** What is being written is rolled back, and stays to be written. */
  interrupt(): void {
    this.#writer.interrupt();
  }

  close(): void {
    this.#writer.closeSync();
    this.#instance.closeSync();
  }

  async #append(columns: Columns): Promise<void> {
    const rows = columns.series.length;
    if (rows === 0) return;
    const appender = await this.#writer.createAppender('recent');
    const all = [
      columns.series,
      columns.sequence,
      columns.ts,
      columns.ingestTs,
      columns.stream,
      columns.n,
      columns.kind,
      columns.number,
      columns.text,
      columns.flags,
    ];
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const to = Math.min(rows, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(COLUMN_TYPES, to - from);
      chunk.setColumns(all.map((column) => column.slice(from, to)));
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
    appender.closeSync();
  }

  async #save({ group, next, sequence }: DatabaseProgress): Promise<void> {
    await this.#writer.run('UPDATE progress SET "group" = $1, next = $2, sequence = $3', [
      group,
      BigInt(next),
      BigInt(sequence),
    ]);
  }

  async #transaction(act: () => Promise<void>): Promise<void> {
    await this.#writer.run('BEGIN');
    try {
      await act();
      await this.#writer.run('COMMIT');
    } catch (cause) {
      await this.#writer.run('ROLLBACK').catch(() => {});
      throw cause;
    }
  }
}
