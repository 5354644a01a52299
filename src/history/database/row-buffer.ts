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

/** In the order of the table's columns. */
export interface Columns {
  readonly series: number[];
  readonly sequence: bigint[];
  readonly ts: bigint[];
  readonly ingestTs: bigint[];
  readonly stream: number[];
  readonly n: bigint[];
  readonly kind: number[];
  readonly number: (number | null)[];
  readonly text: (string | null)[];
  readonly flags: number[];
}

export class RowBuffer {
  readonly #series = new Map<string, SeriesRow>();
  readonly #streams = new Map<string, StreamRow>();
  #columns = emptyColumns();
  /** Of these the database does not know yet. */
  #newSeries: SeriesRow[] = [];
  #newStreams: StreamRow[] = [];
  readonly #changedUnits = new Set<SeriesRow>();

  get rows(): number {
    return this.#columns.series.length;
  }

  /** Whether there is anything that the database does not know. */
  get isEmpty(): boolean {
    return this.rows === 0 && this.#changedUnits.size === 0;
  }

  know(series: readonly SeriesRow[], streams: readonly StreamRow[]): void {
    for (const row of series) this.#series.set(seriesKey(row.sensor, row.field), { ...row });
    for (const row of streams) this.#streams.set(`${row.origin} ${row.identity}`, row);
  }

  add(record: ReadingRecord, producer: StreamName, sequence: number, unit: string): void {
    const { sensor, value } = record;
    const stream = this.#streamOf(producer);
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
    this.#columns = emptyColumns();
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
    const columns = this.#columns;
    columns.series.push(this.#seriesOf(sensor, field, unit));
    columns.sequence.push(BigInt(sequence));
    columns.ts.push(BigInt(record.tsMs));
    columns.ingestTs.push(BigInt(record.ingestTsMs));
    columns.stream.push(stream);
    columns.n.push(BigInt(record.n));
    columns.flags.push(isClockSuspect(record) ? FLAG_CLOCK : 0);
    const isText = typeof scalar === 'string';
    columns.kind.push(isText ? KIND.text : typeof scalar === 'boolean' ? KIND.boolean : KIND.number);
    columns.number.push(isText ? null : Number(scalar));
    columns.text.push(isText ? scalar : null);
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

  #streamOf({ origin, identity }: StreamName): number {
    const key = `${origin} ${identityText(identity)}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known.stream;
    const row = { stream: this.#streams.size, origin, identity: identityText(identity) };
    this.#streams.set(key, row);
    this.#newStreams.push(row);
    return row.stream;
  }
}

/** A line break is in no sensor's id. */
function seriesKey(sensor: string, field: string): string {
  return field === '' ? sensor : `${sensor}\n${field}`;
}

function emptyColumns(): Columns {
  return {
    series: [],
    sequence: [],
    ts: [],
    ingestTs: [],
    stream: [],
    n: [],
    kind: [],
    number: [],
    text: [],
    flags: [],
  };
}
