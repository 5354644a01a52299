// The tables that hold the committed order in columns. A row is one field of one reading. What was committed lately stands
// in `recent` in its order; from time to time it moves to `archive` sorted by series, so that one sensor's past is found
// in few places among thousands of sensors. SPEC rules HD1-HD3.

/** A database of another format is made anew from the log. */
export const FORMAT = 1;

const ROWS = `(
  series INTEGER NOT NULL,
  sequence BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  ingest_ts BIGINT NOT NULL,
  stream INTEGER NOT NULL,
  n BIGINT NOT NULL,
  kind UTINYINT NOT NULL,
  number DOUBLE,
  text VARCHAR,
  flags UTINYINT NOT NULL
)`;

export const TABLES = [
  'CREATE TABLE progress (format INTEGER, "group" VARCHAR, next BIGINT, sequence BIGINT)',
  'CREATE TABLE series (series INTEGER, sensor VARCHAR, field VARCHAR, unit VARCHAR)',
  'CREATE TABLE streams (stream INTEGER, origin VARCHAR, identity VARCHAR)',
  `CREATE TABLE recent ${ROWS}`,
  `CREATE TABLE archive ${ROWS}`,
  'CREATE VIEW every_row AS SELECT * FROM archive UNION ALL SELECT * FROM recent',
  // For people: names instead of numbers, times as times.
  `CREATE VIEW readings AS
   SELECT sequence, sensor, field, epoch_ms(ts) AS time, number, text, unit, origin, identity, n,
          epoch_ms(ingest_ts) AS ingest_time, (flags & 1) = 1 AS clock_suspect
   FROM every_row JOIN series USING (series) JOIN streams USING (stream)`,
] as const;

/** What a number in `kind` says of the value. */
export const KIND = { number: 0, boolean: 1, text: 2 } as const;
export const FLAG_CLOCK = 1;
