// The committed order in columns, in one DuckDB file. Rows and how far they go are written in one transaction, so after any
// crash each committed reading is in it exactly once, up to the sequence it says. SPEC rules HD1-HD3, HD8.

import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { isOrdered } from '../../model/durable.ts';
import { matchesTopic } from '../../model/topic-filter.ts';
import { decodeBatch } from '../../wire/durable.ts';
import { malformedText } from '../../wire/malformed.ts';
import type { EntryRow } from '../entry-message.ts';
import { dropRows, moveToArchive } from './blocks.ts';
import { type Columns, RowBuffer, type SeriesRow, type StreamRow } from './row-buffer.ts';
import { RowChunk } from './row-chunk.ts';
import {
  type DatabaseOptions,
  type DatabaseProgress,
  type MaxAge,
  type OpenTables,
  openTables,
  rowsOf,
} from './tables.ts';

export class HistoryDatabase {
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #chunk = new RowChunk();
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
      for (const table of ['recent', 'archive', 'blocks', 'series', 'streams'])
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
        const stream = this.#rows.streamOf(body.producer);
        for (const [at, record] of records.entries()) {
          if (!isOrdered(batch.value, record)) continue;
          this.#rows.add(record, stream, sequence, units?.[at] ?? '');
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
      await this.#name(series, streams);
      for (const { series: number, unit } of units) {
        await this.#writer.run('UPDATE series SET unit = $1 WHERE series = $2', [unit, number]);
      }
      await this.#append(columns);
      await this.#save(entered);
    });
    this.#written = entered;
    this.#recentRows += columns.rows;
  }

  /** Rows that stand in the order they came. */
  get recentRows(): number {
    return this.#recentRows;
  }

  /** What was committed lately moves to where one sensor's past stands together, and is summed up. */
  async archive(): Promise<void> {
    await this.#transaction(() => moveToArchive(this.#writer));
    this.#recentRows = 0;
  }

  async trim(firstKept: number): Promise<void> {
    await this.#transaction(() => dropRows(this.#writer, `sequence < ${firstKept}`));
  }

  /** What came in longer ago than the first pattern allows that takes its sensor in. */
  async forgetOld(maxAges: readonly MaxAge[], nowMs: number): Promise<void> {
    const bySensor = await rowsOf(this.#writer, 'SELECT series, sensor FROM series');
    await this.#transaction(async () => {
      await this.#writer.run('CREATE OR REPLACE TEMP TABLE aged (series INTEGER, before BIGINT)');
      const appender = await this.#writer.createAppender('aged', 'main', 'temp');
      for (const { series, sensor } of bySensor) {
        const maxAge = maxAges.find(({ pattern }) => matchesTopic(pattern, String(sensor)));
        if (maxAge === undefined) continue;
        appender.appendInteger(Number(series));
        appender.appendBigInt(BigInt(nowMs - maxAge.ageMsMax));
        appender.endRow();
      }
      appender.closeSync();
      for (const before of await rowsOf(this.#writer, 'SELECT DISTINCT before FROM aged')) {
        const aged = `SELECT series FROM aged WHERE before = ${before.before}`;
        await dropRows(this.#writer, `ingest_ts < ${before.before} AND series IN (${aged})`);
      }
      await this.#writer.run('DROP TABLE aged');
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

  async #name(series: readonly SeriesRow[], streams: readonly StreamRow[]): Promise<void> {
    if (series.length > 0) {
      const appender = await this.#writer.createAppender('series');
      for (const { series: number, sensor, field, unit } of series) {
        appender.appendInteger(number);
        for (const text of [sensor, field, unit]) appender.appendVarchar(text);
        appender.endRow();
      }
      appender.closeSync();
    }
    for (const { stream, origin, identity } of streams) {
      await this.#writer.run('INSERT INTO streams VALUES ($1, $2, $3)', [stream, origin, identity]);
    }
  }

  async #append(columns: Columns): Promise<void> {
    if (columns.rows === 0) return;
    const appender = await this.#writer.createAppender('recent');
    this.#chunk.append(appender, columns);
    appender.flushSync();
    appender.closeSync();
  }

  async #save({ group, next, sequence }: DatabaseProgress): Promise<void> {
    await this.#writer.run('UPDATE progress SET "group" = $1, next = $2, sequence = $3', [
      group,
      next,
      sequence,
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
