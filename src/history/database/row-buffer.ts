// Rows on their way into the database, by column, and the numbers that stand for sensors and streams. SPEC rule HD2.

import type { StreamName } from '../../model/durable.ts';
import { identityText } from '../../model/ids.ts';
import { isClockSuspect, type ReadingRecord, type Scalar } from '../../model/reading.ts';
import { FLAG_CLOCK, KIND } from './schema.ts';

export interface SeriesRow {
  readonly series: number;
  readonly sensor: string;
  readonly field: string;
  unit: string;
}

export interface StreamRow {
  readonly stream: number;
  readonly origin: string;
  readonly identity: string;
}

/** In the order of the table's columns, each with room for more than there are rows. */
export interface Columns {
  readonly rows: number;
  readonly series: Int32Array;
  readonly sequence: Float64Array;
  readonly ts: Float64Array;
  readonly ingestTs: Float64Array;
  readonly stream: Int32Array;
  readonly n: Float64Array;
  readonly kind: Uint8Array;
  /** NaN where the value is none: numbers of readings are finite. */
  readonly number: Float64Array;
  /** Only those of rows that have one. */
  readonly text: ReadonlyMap<number, string>;
  readonly flags: Uint8Array;
}

type Filling = { -readonly [column in keyof Columns]: Columns[column] } & {
  readonly text: Map<number, string>;
};

const FIRST_ROOM = 4_096;

export class RowBuffer {
  readonly #series = new Map<string, SeriesRow>();
  readonly #streams = new Map<string, StreamRow>();
  #columns = columnsFor(FIRST_ROOM);
  /** Of these the database does not know yet. */
  #newSeries: SeriesRow[] = [];
  #newStreams: StreamRow[] = [];
  readonly #changedUnits = new Set<SeriesRow>();

  get rows(): number {
    return this.#columns.rows;
  }

  /** Whether there is anything that the database does not know. */
  get isEmpty(): boolean {
    return this.rows === 0 && this.#changedUnits.size === 0;
  }

  know(series: readonly SeriesRow[], streams: readonly StreamRow[]): void {
    for (const row of series) this.#series.set(seriesKey(row.sensor, row.field), { ...row });
    for (const row of streams) this.#streams.set(`${row.origin} ${row.identity}`, row);
  }

  /** The number of a stream; one that nobody has asked for yet gets the next. */
  streamOf({ origin, identity }: StreamName): number {
    const key = `${origin} ${identityText(identity)}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known.stream;
    const row = { stream: this.#streams.size, origin, identity: identityText(identity) };
    this.#streams.set(key, row);
    this.#newStreams.push(row);
    return row.stream;
  }

  /** `stream` is what `streamOf` gave. */
  add(record: ReadingRecord, stream: number, sequence: number, unit: string): void {
    const { sensor, value } = record;
    if (typeof value !== 'object') this.#addField(record, sensor, '', value, stream, sequence, unit);
    else {
      for (const [field, scalar] of Object.entries(value)) {
        this.#addField(record, sensor, field, scalar, stream, sequence, unit);
      }
    }
  }

  take() {
    const taken = {
      columns: this.#columns,
      series: this.#newSeries,
      streams: this.#newStreams,
      units: [...this.#changedUnits],
    };
    // As many are likely to come again.
    this.#columns = columnsFor(Math.max(FIRST_ROOM, taken.columns.rows));
    [this.#newSeries, this.#newStreams] = [[], []];
    this.#changedUnits.clear();
    return taken;
  }

  #addField(
    record: ReadingRecord,
    sensor: string,
    field: string,
    scalar: Scalar,
    stream: number,
    sequence: number,
    unit: string,
  ): void {
    if (this.#columns.rows === this.#columns.series.length) this.#columns = withMoreRoom(this.#columns);
    const columns = this.#columns;
    const row = columns.rows++;
    columns.series[row] = this.#seriesOf(sensor, field, unit);
    columns.sequence[row] = sequence;
    columns.ts[row] = record.tsMs;
    columns.ingestTs[row] = record.ingestTsMs;
    columns.stream[row] = stream;
    columns.n[row] = record.n;
    columns.flags[row] = isClockSuspect(record) ? FLAG_CLOCK : 0;
    const isText = typeof scalar === 'string';
    columns.kind[row] = isText ? KIND.text : typeof scalar === 'boolean' ? KIND.boolean : KIND.number;
    columns.number[row] = isText ? Number.NaN : Number(scalar);
    if (isText) columns.text.set(row, scalar);
  }

  #seriesOf(sensor: string, field: string, unit: string): number {
    const key = seriesKey(sensor, field);
    let row = this.#series.get(key);
    if (row === undefined) {
      row = { series: this.#series.size, sensor, field, unit };
      this.#series.set(key, row);
      this.#newSeries.push(row);
    } else if (unit !== '' && row.unit !== unit) {
      row.unit = unit;
      this.#changedUnits.add(row);
    }
    return row.series;
  }
}

/** A line break is in no sensor's id. */
function seriesKey(sensor: string, field: string): string {
  return field === '' ? sensor : `${sensor}\n${field}`;
}

function columnsFor(rows: number): Filling {
  return {
    rows: 0,
    series: new Int32Array(rows),
    sequence: new Float64Array(rows),
    ts: new Float64Array(rows),
    ingestTs: new Float64Array(rows),
    stream: new Int32Array(rows),
    n: new Float64Array(rows),
    kind: new Uint8Array(rows),
    number: new Float64Array(rows),
    text: new Map(),
    flags: new Uint8Array(rows),
  };
}

function withMoreRoom(columns: Filling): Filling {
  const more = columnsFor(columns.series.length * 2);
  more.series.set(columns.series);
  more.sequence.set(columns.sequence);
  more.ts.set(columns.ts);
  more.ingestTs.set(columns.ingestTs);
  more.stream.set(columns.stream);
  more.n.set(columns.n);
  more.kind.set(columns.kind);
  more.number.set(columns.number);
  more.flags.set(columns.flags);
  return { ...more, rows: columns.rows, text: columns.text };
}
