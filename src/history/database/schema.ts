// The tables that hold the committed order in columns. A row is one field of one reading. What was committed lately stands
// in `recent` in its order; from time to time it moves to `archive` sorted by series, so that one sensor's past is found
// in few places among thousands of sensors. `blocks` sums up what moved, some hundred rows of one series at a time.
// SPEC rules HD1-HD3, HD9.

/** A database of another format is made anew from the log. */
export const FORMAT = 2;

const COLUMNS = `
  series INTEGER NOT NULL,
  sequence BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  ingest_ts BIGINT NOT NULL,
  stream INTEGER NOT NULL,
  n BIGINT NOT NULL,
  kind UTINYINT NOT NULL,
  number DOUBLE,
  text VARCHAR,
  flags UTINYINT NOT NULL`;
const EACH = 'series, sequence, ts, ingest_ts, stream, n, kind, number, text, flags';

export const TABLES = [
  'CREATE TABLE progress (format INTEGER, "group" VARCHAR, next BIGINT, sequence BIGINT)',
  'CREATE TABLE series (series INTEGER, sensor VARCHAR, field VARCHAR, unit VARCHAR)',
  'CREATE TABLE streams (stream INTEGER, origin VARCHAR, identity VARCHAR)',
  `CREATE TABLE recent (${COLUMNS})`,
  `CREATE TABLE archive (${COLUMNS}, block BIGINT NOT NULL)`,
  // Times and sequences from the least to the greatest. The last reading is the one of the greatest time; of those with
  // the same time the one of the greatest sequence. Plain: numbers, and nothing to say of any of them.
  `CREATE TABLE blocks (
     block BIGINT, series INTEGER, first_ts BIGINT, last_ts BIGINT, first_sequence BIGINT, last_sequence BIGINT,
     count BIGINT, numbers BIGINT, min DOUBLE, max DOUBLE, sum DOUBLE, flags UTINYINT, delay BIGINT,
     is_plain BOOLEAN, last DOUBLE, last_text VARCHAR, last_kind UTINYINT)`,
  `CREATE VIEW every_row AS SELECT ${EACH} FROM archive UNION ALL SELECT ${EACH} FROM recent`,
  // For people: names instead of numbers, times as times.
  `CREATE VIEW readings AS
   SELECT sequence, sensor, field, epoch_ms(ts) AS time, number, text, unit, origin, identity, n,
          epoch_ms(ingest_ts) AS ingest_time, (flags & 1) = 1 AS clock_suspect
   FROM every_row JOIN series USING (series) JOIN streams USING (stream)`,
] as const;

/** What a number in `kind` says of the value. */
export const KIND = { number: 0, boolean: 1, text: 2 } as const;
export const FLAG_CLOCK = 1;
/** What came in so long after its time had waited somewhere. */
export const LATE_MS = 60_000;
