// PostgreSQL: a row a reading, keyed by the reading's name, and the place reached in the same statement, so that both are
// there after any crash or none. Where the database has TimescaleDB the table is a hypertable. SPEC rules SK2, SK10.

import type { Client } from 'pg';
import type { LogReading } from '../hub/log-page.ts';
import { identityText } from '../model/ids.ts';
import { needed } from './optional.ts';
import { type Sink, type SinkBatch, SinkMoved, type SinkPlace, type Written } from './sink.ts';
import type { PostgresOptions } from './sink-options.ts';

/** 4713 BC, before which PostgreSQL has no times: `ts_ms` says those. */
const TIME_MS_MIN = -210_866_803_200_000;
const CONNECT_MS = 10_000;

export class PostgresSink implements Sink {
  readonly #name: string;
  readonly #options: PostgresOptions;
  #client: Client | null = null;
  /** Where this writer left the target. */
  #place: SinkPlace | null = null;

  constructor(name: string, options: PostgresOptions) {
    this.#name = name;
    this.#options = options;
  }

  async connect(): Promise<SinkPlace | null> {
    const { url, table } = this.#options;
    const { default: pg } = await needed('postgres', 'pg', () => import('pg'));
    const client = new pg.Client({
      connectionString: url,
      application_name: `sensorium ${this.#name}`,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    this.#client = client;
    // The next statement says it as well; without somebody who listens it would end the program.
    client.on('error', () => {});
    await client.connect();
    // A database that answers before it is durable would lose what the cursor counts.
    await client.query('SET synchronous_commit = on');
    await this.#makeTables(client);
    await client.query(`INSERT INTO ${table}_cursor VALUES ($1, '', 0, now()) ON CONFLICT DO NOTHING`, [
      this.#name,
    ]);
    return this.place();
  }

  async place(): Promise<SinkPlace | null> {
    const { rows } = await this.#ask<{ group: string; sequence: string }>(
      `SELECT "group", sequence FROM ${this.#options.table}_cursor WHERE sink = $1`,
      [this.#name],
    );
    const [row] = rows;
    this.#place =
      row === undefined || row.group === '' ? null : { group: row.group, sequence: Number(row.sequence) };
    return this.#place;
  }

  /** A row that is there already is left as it is. */
  async written(): Promise<Written> {
    return new Map();
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    const { table } = this.#options;
    const before = this.#place;
    const { rows } = await this.#ask<{ moved: string }>(
      `WITH reached AS (
         UPDATE ${table}_cursor SET "group" = $2, sequence = $3, updated = now()
         WHERE sink = $1 AND "group" = $4 AND sequence = $5 RETURNING 1
       ), added AS (
         INSERT INTO ${table} (origin, identity, n, "group", sequence, time, ts_ms, ingest_time, sensor,
                               value, text, fields, unit, clock_suspect)
         SELECT origin, identity, n, $2, sequence, ${timeOf('ts_ms')}, ts_ms,
                ${timeOf('ingest_ts_ms')}, sensor, value, text, fields::jsonb, unit, clock_suspect
         FROM unnest($6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[],
                     $13::float8[], $14::text[], $15::text[], $16::text[], $17::bool[])
              AS row (origin, identity, n, sequence, ts_ms, ingest_ts_ms, sensor, value, text, fields, unit, clock_suspect)
         WHERE EXISTS (SELECT 1 FROM reached)
         ON CONFLICT DO NOTHING
       )
       SELECT count(*) AS moved FROM reached`,
      [this.#name, group, upto, before?.group ?? '', before?.sequence ?? 0, ...columnsOf(readings)],
    );
    if (rows[0]?.moved !== '1') throw new SinkMoved();
    this.#place = { group, sequence: upto };
  }

  async rewind(to: SinkPlace): Promise<void> {
    const { group, sequence } = to;
    await this.#ask(
      `UPDATE ${this.#options.table}_cursor SET "group" = $2, sequence = $3, updated = now() WHERE sink = $1`,
      [this.#name, group, sequence],
    );
    this.#place = to;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  async #ask<Row extends object>(text: string, values: unknown[]): Promise<{ rows: Row[] }> {
    if (this.#client === null) throw new Error('the connection is closed');
    return this.#client.query<Row>(text, values);
  }

  async #makeTables(client: Client): Promise<void> {
    const { table } = this.#options;
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      `${table}_cursor`,
    ]);
    // Who may only write to tables that others made must not have to make any.
    if (rows[0]?.there === true) return;

    const timescale = await client.query(`SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'`);
    const isHyper = timescale.rows.length > 0;
    await client.query('BEGIN');
    try {
      // Two nodes that begin at once do not make the same tables.
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`sensorium ${table}`]);
      for (const statement of tablesOf(table, isHyper)) await client.query(statement);
      await client.query('COMMIT');
    } catch (cause) {
      await client.query('ROLLBACK').catch(() => {});
      throw cause;
    }
  }
}

function timeOf(column: string): string {
  return `to_timestamp(greatest(${column}, ${TIME_MS_MIN}) / 1000.0)`;
}

/** The time is a function of the reading, so a key that holds it as well, as hypertables want it, is as good a key. */
function tablesOf(table: string, isHyper: boolean): readonly string[] {
  const key = isHyper ? 'origin, identity, n, time' : 'origin, identity, n';
  const index = `${table.replace('.', '_')}_sensor_time`;
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
       origin text NOT NULL,
       identity text NOT NULL,
       n bigint NOT NULL,
       "group" text NOT NULL,
       sequence bigint NOT NULL,
       time timestamptz NOT NULL,
       ts_ms bigint NOT NULL,
       ingest_time timestamptz NOT NULL,
       sensor text NOT NULL,
       value double precision,
       text text,
       fields jsonb,
       unit text NOT NULL,
       clock_suspect boolean NOT NULL,
       PRIMARY KEY (${key})
     )`,
    ...(isHyper ? [`SELECT create_hypertable('${table}', 'time', if_not_exists => true)`] : []),
    `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (sensor, time)`,
    `CREATE TABLE IF NOT EXISTS ${table}_cursor (
       sink text PRIMARY KEY, "group" text NOT NULL, sequence bigint NOT NULL, updated timestamptz NOT NULL
     )`,
  ];
}

/** A boolean is 0 or 1 in `value`, and `true` or `false` in `text`. */
function columnsOf(readings: readonly LogReading[]): unknown[][] {
  return [
    readings.map(({ origin }) => origin),
    readings.map(({ identity }) => identityText(identity)),
    readings.map(({ n }) => n),
    readings.map(({ sequence }) => sequence),
    readings.map(({ tsMs }) => tsMs),
    readings.map(({ ingestTsMs }) => ingestTsMs),
    readings.map(({ sensor }) => storable(sensor)),
    readings.map(({ value }) =>
      typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null,
    ),
    readings.map(({ value }) =>
      typeof value === 'string' || typeof value === 'boolean' ? storable(String(value)) : null,
    ),
    readings.map(({ value }) => (typeof value === 'object' ? storable(JSON.stringify(value)) : null)),
    readings.map(({ unit }) => unit),
    readings.map(({ flags }) => flags.length > 0),
  ];
}

/** PostgreSQL has no place for the character zero, neither in texts nor, escaped, in JSON. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').replaceAll(/(?<!\\)((?:\\\\)*)\\u0000/g, '$1\\ufffd');
}
