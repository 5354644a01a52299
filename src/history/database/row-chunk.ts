// Rows as DuckDB takes them in bulk: one chunk that is filled again and again. To make one anew for each 2,048 rows, and to
// say of each row again what is the same in most of them, takes eight times as long. SPEC rule HD1.

import {
  BIGINT,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  INTEGER,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Columns } from './row-buffer.ts';

/** What DuckDB takes at once. */
const CHUNK_ROWS = 2_048;
const TYPES = [INTEGER, BIGINT, BIGINT, BIGINT, INTEGER, BIGINT, UTINYINT, DOUBLE, VARCHAR, UTINYINT];
/** Texts stay in the chunk's memory until it is emptied. In UTF-16 units. */
const TEXT_MAX = 1_048_576;

type Cell = number | string | null;
type Numbers = Int32Array | Float64Array | Uint8Array;

export class RowChunk {
  readonly #chunk = DuckDBDataChunk.create(TYPES, CHUNK_ROWS);
  /** What stands in those columns in which most rows say the same; a chunk that was emptied has nothing. */
  readonly #there = TYPES.map((): Cell[] => []);
  #textLength = 0;

  append(appender: DuckDBAppender, columns: Columns): void {
    for (let from = 0; from < columns.rows; from += CHUNK_ROWS) {
      const to = Math.min(columns.rows, from + CHUNK_ROWS);
      if (this.#chunk.rowCount !== to - from || this.#textLength > TEXT_MAX) this.#empty(to - from);
      this.#set(0, columns.series, from, to);
      this.#setBig(1, columns.sequence, from, to);
      this.#setBig(2, columns.ts, from, to);
      this.#setBig(3, columns.ingestTs, from, to);
      this.#setSteady(4, from, to, (row) => columns.stream[row] ?? 0);
      this.#setBig(5, columns.n, from, to);
      this.#setSteady(6, from, to, (row) => columns.kind[row] ?? 0);
      this.#set(7, columns.number, from, to);
      this.#setSteady(8, from, to, (row) => columns.text.get(row) ?? null);
      this.#setSteady(9, from, to, (row) => columns.flags[row] ?? 0);
      appender.appendDataChunk(this.#chunk);
    }
  }

  #set(at: number, column: Numbers, from: number, to: number): void {
    const vector = this.#chunk.getColumnVector(at);
    for (let row = from; row < to; row++) {
      const number = column[row] ?? Number.NaN;
      vector.setItem(row - from, Number.isNaN(number) ? null : number);
    }
    vector.flush();
  }

  #setBig(at: number, column: Float64Array, from: number, to: number): void {
    const vector = this.#chunk.getColumnVector(at);
    for (let row = from; row < to; row++) vector.setItem(row - from, BigInt(column[row] ?? 0));
    vector.flush();
  }

  #setSteady(at: number, from: number, to: number, cellOf: (row: number) => Cell): void {
    const vector = this.#chunk.getColumnVector(at);
    const there = this.#there[at] ?? [];
    let hasChanged = false;
    for (let row = from; row < to; row++) {
      const cell = cellOf(row);
      if (there[row - from] === cell) continue;
      there[row - from] = cell;
      vector.setItem(row - from, cell);
      if (typeof cell === 'string') this.#textLength += cell.length;
      hasChanged = true;
    }
    if (hasChanged) vector.flush();
  }

  #empty(rows: number): void {
    this.#chunk.reset();
    this.#chunk.rowCount = rows;
    for (const there of this.#there) there.length = 0;
    this.#textLength = 0;
  }
}
