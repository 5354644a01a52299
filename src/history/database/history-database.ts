// The committed order in columns, in one DuckDB file. Rows and how far they go are written in one transaction, so after any
// crash each committed reading is in it exactly once, up to the sequence it says. SPEC rules HD1-HD3, HD8.

import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { isOrdered } from '../../model/durable.ts';
import { decodeBatch } from '../../wire/durable.ts';
import { malformedText } from '../../wire/malformed.ts';
import type { EntryRow } from '../entry-message.ts';
import { dropRows, moveToArchive } from './blocks.ts';
import { tooMany, tooOld } from './bounds.ts';
import { type Columns, RowBuffer, type SeriesRow, type StreamRow } from './row-buffer.ts';
import { RowChunk } from './row-chunk.ts';
import {
  type Bounds,
  type DatabaseOptions,
  type DatabaseProgress,
  type OpenTables,
  openTables,
} from './tables.ts';

export class HistoryDatabase {
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #chunk = new RowChunk();
  #rows = new RowBuffer();
  #recentRows: number;
  #entered: DatabaseProgress;
  #written: DatabaseProgress;
  #isInterrupted = false;

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
    await this.#drop(`sequence < ${firstKept}`);
  }

  /** What bounds by pattern do not allow: first what is too old, then what is too much of the rest. */
  async forget({ maxAges, maxRows }: Bounds, nowMs: number): Promise<void> {
    for (const which of await tooOld(this.#writer, maxAges, nowMs)) await this.#drop(which);
    for (const which of await tooMany(this.#writer, maxRows)) await this.#drop(which);
  }

  /** What is being written is rolled back, and stays to be written. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#writer.interrupt();
  }

  close(): void {
    this.#writer.closeSync();
    this.#instance.closeSync();
  }

  /** In many transactions, of which an interrupted one is the last. */
  async #drop(which: string): Promise<void> {
    await dropRows(this.#writer, which, async (act) => {
      if (this.#isInterrupted) throw new Error('interrupted while rows were being dropped');
      await this.#transaction(act);
    });
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
