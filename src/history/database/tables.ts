// Opens the database's file with its tables, or makes it anew: the log has all that is in it. SPEC rules HD1, HD8.

import { rmSync } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api';
import type { SeriesRow, StreamRow } from './row-buffer.ts';
import { FORMAT, TABLES } from './schema.ts';

export interface MaxAge {
  readonly pattern: string;
  readonly ageMsMax: number;
}

export interface MaxRows {
  readonly pattern: string;
  /** Of all its sensors together. */
  readonly rowsMax: number;
}

/** Of several that take a sensor in the first counts. */
export interface Bounds {
  readonly maxAges: readonly MaxAge[];
  readonly maxRows: readonly MaxRows[];
}

export interface DatabaseOptions extends Bounds {
  readonly path: string;
  readonly memoryMb: number;
  readonly threads: number;
}

export interface DatabaseProgress {
  readonly group: string | null;
  /** The entry that is to come next. */
  readonly next: number;
  /** The last sequence that is in the tables. */
  readonly sequence: number;
}

export interface OpenTables {
  readonly instance: DuckDBInstance;
  /** The one connection that writes. */
  readonly writer: DuckDBConnection;
  readonly progress: DatabaseProgress;
  readonly recentRows: number;
  readonly series: readonly SeriesRow[];
  readonly streams: readonly StreamRow[];
}

export type JsRow = { readonly [column: string]: JS };

/** One that cannot be read, or is of another format, is made anew. */
export async function openTables(options: DatabaseOptions): Promise<OpenTables> {
  const opened = await open(options).catch(() => null);
  if (opened !== null) return opened;
  wipeTables(options.path);
  const anew = await open(options);
  if (anew === null) throw new Error('a database that was just made is of another format');
  return anew;
}

export function wipeTables(path: string): void {
  for (const suffix of ['', '.wal', '.tmp']) rmSync(`${path}${suffix}`, { recursive: true, force: true });
}

/** Whole numbers are numbers here: a `bigint` is given as a HUGEINT, in which DuckDB computes many times slower. */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  values: (string | number)[] = [],
): Promise<readonly JsRow[]> {
  const reader = await connection.runAndReadAll(sql, values);
  return reader.getRowObjectsJS();
}

/** Null where it is of another format. */
async function open({ path, memoryMb, threads }: DatabaseOptions): Promise<OpenTables | null> {
  const instance = await DuckDBInstance.create(path, {
    memory_limit: `${memoryMb}MB`,
    threads: String(threads),
    // Whoever may ask in SQL reaches nothing but these tables.
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const writer = await instance.connect();
  let opened: OpenTables | null = null;
  try {
    await makeTables(writer);
    const [progress] = await rowsOf(writer, 'SELECT * FROM progress');
    if (progress?.format === FORMAT) opened = await read(instance, writer, progress);
  } finally {
    if (opened === null) {
      writer.closeSync();
      instance.closeSync();
    }
  }
  return opened;
}

async function makeTables(writer: DuckDBConnection): Promise<void> {
  const there = await rowsOf(writer, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'progress'");
  if (there.length === 0) {
    await writer.run('BEGIN');
    for (const statement of TABLES) await writer.run(statement);
    await writer.run('INSERT INTO progress VALUES ($1, NULL, 1, 0)', [FORMAT]);
    await writer.run('COMMIT');
  }
  await writer.run('SET lock_configuration = true');
}

async function read(
  instance: DuckDBInstance,
  writer: DuckDBConnection,
  progress: JsRow,
): Promise<OpenTables> {
  const [recent] = await rowsOf(writer, 'SELECT count(*) AS rows FROM recent');
  const series = await rowsOf(writer, 'SELECT * FROM series ORDER BY series');
  const streams = await rowsOf(writer, 'SELECT * FROM streams ORDER BY stream');
  return {
    instance,
    writer,
    progress: {
      group: typeof progress.group === 'string' ? progress.group : null,
      next: Number(progress.next),
      sequence: Number(progress.sequence),
    },
    recentRows: Number(recent?.rows ?? 0),
    series: series.map((row) => ({
      series: Number(row.series),
      sensor: String(row.sensor),
      field: String(row.field),
      unit: String(row.unit),
    })),
    streams: streams.map((row) => ({
      stream: Number(row.stream),
      origin: String(row.origin),
      identity: String(row.identity),
    })),
  };
}
