// Writes the committed readings of a node to a file, page by page. What is written so far stands beside the file with how
// far it is, so that an export that was broken off goes on there when it is asked for again. SPEC rule SK20.

import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { type Match, matches } from '../../api/match.ts';
import { LIMITS } from '../../model/limits.ts';
import { isHidden } from '../../model/reserved-name.ts';
import type { ApiClient, LogPage, LogRow } from '../api-client.ts';
import { Failure } from '../failure.ts';
import { CSV_HEADING, csvLine, jsonLine } from './export-row.ts';

export interface ExportQuery {
  readonly format: 'csv' | 'json' | 'parquet';
  readonly sensor: string;
  /** As they were given: `now-1h` is another moment each time. */
  readonly from: string;
  readonly to: string;
}

export interface ExportRange {
  readonly match: Match | null;
  readonly fromMs: number;
  readonly toMs: number;
}

interface State extends ExportQuery {
  readonly group: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The sequence to be read next, and the last one. */
  readonly next: number;
  readonly upto: number;
  readonly bytes: number;
  readonly readings: number;
}

export interface Exported {
  readonly readings: number;
  readonly group: string;
  readonly upto: number;
  /** Whether an export that was broken off was gone on with. */
  readonly resumed: boolean;
}

export class Exporter {
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #query: ExportQuery;
  /** Of an export that is gone on with, the one it began with. */
  #range: ExportRange;

  constructor(client: ApiClient, path: string, query: ExportQuery, range: ExportRange) {
    this.#client = client;
    this.#path = path;
    this.#query = query;
    this.#range = range;
  }

  /** `progress` is told the sequence reached and the last one. */
  async run(progress: (done: number, of: number) => void): Promise<Exported> {
    const first = await this.#client.log(1, 1);
    if (first.group === null) throw new Failure('the node is in no group yet: nothing is committed');
    const before = await this.#resumed(first.group);
    let state = before ?? this.#fresh(first);
    const part = await open(this.#partPath, before === null ? 'w' : 'r+', 0o600);
    try {
      await part.truncate(state.bytes);
      if (before === null && this.#query.format === 'csv')
        state = await this.#append(part, state, `${CSV_HEADING}\n`);
      while (state.next <= state.upto) {
        state = await this.#page(part, state);
        progress(state.next - 1, state.upto);
      }
      await part.sync();
    } finally {
      await part.close();
    }
    await this.#finish();
    return { readings: state.readings, group: state.group, upto: state.upto, resumed: before !== null };
  }

  async #page(part: FileHandle, state: State): Promise<State> {
    const limit = Math.min(LIMITS.logPageReadingsMax, state.upto - state.next + 1);
    const page = await this.#client.log(state.next, limit);
    if (page.group !== state.group) throw new Failure('the node has gone over to the order of another group');
    // What left the log in the meantime is not to be had any more.
    if (page.readings.length === 0) return { ...state, next: Math.max(state.upto, page.next) + 1 };
    const rows = page.readings.filter((row) => this.#isWanted(row));
    const line = this.#query.format === 'csv' ? csvLine : (row: LogRow) => jsonLine(state.group, row);
    const next = { ...state, next: page.next, readings: state.readings + rows.length };
    return this.#append(part, next, rows.map(line).join(''));
  }

  /** First the rows, then that they are there. */
  async #append(part: FileHandle, state: State, text: string): Promise<State> {
    const data = Buffer.from(text);
    await part.write(data, 0, data.length, state.bytes);
    await part.datasync();
    const after = { ...state, bytes: state.bytes + data.length };
    const draft = `${this.#statePath}.new`;
    const file = await open(draft, 'w', 0o600);
    await file.writeFile(JSON.stringify(after));
    await file.datasync();
    await file.close();
    await rename(draft, this.#statePath);
    return after;
  }

  #isWanted({ sensor, ts_ms }: LogRow): boolean {
    const { match, fromMs, toMs } = this.#range;
    // What nodes keep for themselves is no reading of a sensor.
    if (isHidden(sensor)) return false;
    return ts_ms >= fromMs && ts_ms < toMs && matches(match, sensor);
  }

  #fresh({ group, first, watermark }: LogPage): State {
    const { fromMs, toMs } = this.#range;
    const place = { group: group ?? '', next: first, upto: watermark };
    // JSON has no endless times.
    return { ...this.#query, ...place, fromMs: finite(fromMs), toMs: finite(toMs), bytes: 0, readings: 0 };
  }

  /** Null: there is nothing to go on with, or it was another question. */
  async #resumed(group: string): Promise<State | null> {
    const text = await readFile(this.#statePath, 'utf8').catch(() => null);
    if (text === null) return null;
    const state = JSON.parse(text) as State;
    const { format, sensor, from, to } = this.#query;
    const isSame =
      state.format === format && state.sensor === sensor && state.from === from && state.to === to;
    if (!isSame || state.group !== group) return null;
    this.#range = { ...this.#range, fromMs: state.fromMs, toMs: state.toMs };
    return state;
  }

  async #finish(): Promise<void> {
    if (this.#query.format === 'parquet') {
      const { ParquetFiles } = await import('../../sinks/parquet-file.ts');
      const files = await ParquetFiles.open();
      try {
        await files.convert(this.#partPath, this.#path);
      } finally {
        files.close();
      }
      await rm(this.#partPath);
    } else await rename(this.#partPath, this.#path);
    await rm(this.#statePath, { force: true });
  }

  get #partPath(): string {
    return `${this.#path}.part`;
  }

  get #statePath(): string {
    return `${this.#path}.part.json`;
  }
}

function finite(tsMs: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, tsMs));
}
