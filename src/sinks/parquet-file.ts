// Readings as Parquet files, written by DuckDB in memory. A file is there whole or not at all: it is written beside its
// place, made durable, and renamed. SPEC rules SK14, SK20.

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  VARCHAR,
} from '@duckdb/node-api';
import type { LogReading } from '../hub/log-page.ts';
import type { GroupId } from '../model/group-view.ts';
import { identityText } from '../model/ids.ts';
import { syncDirectory } from './place-file.ts';

/** What DuckDB takes at once. */
const CHUNK_ROWS = 2_048;
const TYPES = [
  ...[VARCHAR, BIGINT, BIGINT, BIGINT, VARCHAR, DOUBLE, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR],
  ...[BIGINT, BOOLEAN],
];
const COLUMNS = `"group" VARCHAR, sequence BIGINT, ts_ms BIGINT, ingest_ts_ms BIGINT, sensor VARCHAR, number DOUBLE,
  text VARCHAR, fields VARCHAR, unit VARCHAR, origin VARCHAR, identity VARCHAR, n BIGINT, clock_suspect BOOLEAN`;
const EXPORTED = `"group", sequence, make_timestamp(ts_ms * 1000) AS time, ts_ms, ingest_ts_ms, sensor, number, text,
  fields, unit, origin, identity, n, clock_suspect`;
/** Lines of an export in JSON. */
const LINES = `columns = {"group": 'VARCHAR', sequence: 'BIGINT', ts_ms: 'BIGINT', ingest_ts_ms: 'BIGINT', sensor: 'VARCHAR',
  value: 'JSON', unit: 'VARCHAR', origin: 'VARCHAR', identity: 'VARCHAR', n: 'BIGINT', flags: 'VARCHAR[]'},
  format = 'newline_delimited'`;

export class ParquetFiles {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<ParquetFiles> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: '256MB',
      threads: '1',
      autoinstall_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run(`CREATE TABLE rows (${COLUMNS})`);
    return new ParquetFiles(instance, connection);
  }

  async write(path: string, group: GroupId, readings: readonly LogReading[]): Promise<void> {
    const columns = columnsOf(group, readings);
    await this.#connection.run('DELETE FROM rows');
    const appender = await this.#connection.createAppender('rows');
    for (let from = 0; from < readings.length; from += CHUNK_ROWS) {
      const to = Math.min(readings.length, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(TYPES, to - from);
      chunk.setColumns(columns.map((column) => column.slice(from, to)));
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
    appender.closeSync();
    await this.#copy(`SELECT ${EXPORTED} FROM rows ORDER BY sequence`, path);
  }

  /** What of a file stands before the sequence, as another file. */
  async cut(from: string, before: number, path: string): Promise<void> {
    await this.#copy(`SELECT * FROM read_parquet(${literal(from)}) WHERE sequence < ${before}`, path);
  }

  /** An export in JSON lines as a Parquet file. */
  async convert(lines: string, path: string): Promise<void> {
    const kind = 'json_type(value)';
    const text = `json_extract_string(value, '$')`;
    await this.#copy(
      `SELECT "group", sequence, make_timestamp(ts_ms * 1000) AS time, ts_ms, ingest_ts_ms, sensor,
         CASE ${kind} WHEN 'BOOLEAN' THEN (${text} = 'true')::DOUBLE WHEN 'VARCHAR' THEN NULL
           WHEN 'OBJECT' THEN NULL ELSE ${text}::DOUBLE END AS number,
         CASE WHEN ${kind} IN ('VARCHAR', 'BOOLEAN') THEN ${text} END AS text,
         CASE ${kind} WHEN 'OBJECT' THEN value::VARCHAR END AS fields,
         unit, origin, identity, n, list_contains(flags, 'clock') AS clock_suspect
       FROM read_json(${literal(lines)}, ${LINES})`,
      path,
    );
  }

  /** The highest n of each producer in these files, by its name. */
  async highest(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (paths.length === 0) return new Map();
    const reader = await this.#connection.runAndReadAll(
      `SELECT origin || ' ' || identity, max(n) FROM read_parquet([${paths.map(literal).join(', ')}]) GROUP BY ALL`,
    );
    return new Map(reader.getRows().map(([name, n]) => [String(name), Number(n)]));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #copy(select: string, path: string): Promise<void> {
    const draft = `${path}.new`;
    await this.#connection.run(`COPY (${select}) TO ${literal(draft)} (FORMAT parquet, COMPRESSION zstd)`);
    const file = await open(draft, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncDirectory(dirname(path));
  }
}

/** A boolean is 0 or 1 in `number`, and `true` or `false` in `text`. */
function columnsOf(group: GroupId, readings: readonly LogReading[]) {
  const values = readings.map(({ value }) => value);
  return [
    readings.map(() => group),
    readings.map(({ sequence }) => BigInt(sequence)),
    readings.map(({ tsMs }) => BigInt(tsMs)),
    readings.map(({ ingestTsMs }) => BigInt(ingestTsMs)),
    readings.map(({ sensor }) => sensor),
    values.map((value) => (typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null)),
    values.map((value) => (typeof value === 'string' || typeof value === 'boolean' ? String(value) : null)),
    values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : null)),
    readings.map(({ unit }) => unit),
    readings.map(({ origin }) => origin),
    readings.map(({ identity }) => identityText(identity)),
    readings.map(({ n }) => BigInt(n)),
    readings.map(({ flags }) => flags.length > 0),
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
