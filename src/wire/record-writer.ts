// Writes a list of records in columns (`record-layout.ts`).

import { assert } from '../kit/assert.ts';
import type { ByteWriter } from '../kit/bytes.ts';
import { TS_MS_MAX } from '../model/check-reading.ts';
import { LIMITS } from '../model/limits.ts';
import type { ReadingRecord, Record, Scalar, Value } from '../model/reading.ts';
import { writeBits, writeTexts, writeWholes } from './columns.ts';
import {
  ABSOLUTE_ARRIVALS,
  FIELDS,
  HAS_FORMS,
  HAS_SUSPECTS,
  META,
  SCALAR,
  TOMBSTONE,
} from './record-layout.ts';
import { writeScalars } from './scalars.ts';

export function writeRecords(writer: ByteWriter, records: readonly Record[]): void {
  assert(
    records.length <= LIMITS.recordsPerListMax,
    `a list has at most ${LIMITS.recordsPerListMax} records`,
  );
  writer.varint(records.length);
  if (records.length === 0) return;

  const start = writer.length;
  const columns = new RecordColumns();
  let last = 0;
  for (const record of records) {
    assert(record.n > last, 'the records of a list are in rising n, from 1');
    last = record.n;
    columns.add(record);
  }
  columns.writeFlags(writer);
  writeWholes(
    writer,
    records.map(({ n }) => n),
  );
  columns.write(writer, start, writeTexts);
}

/** All columns but that of the numbers. */
export class RecordColumns {
  readonly #scalars: Scalar[] = [];
  readonly #forms: number[] = [];
  #names: NameTable | null = null;
  readonly #sensors: string[] = [];
  readonly #times: number[] = [];
  readonly #readings: ReadingRecord[] = [];
  #hasForms = false;
  #hasSuspects = false;
  /** Whether every arrival less its reading's time is exact. */
  #near = true;

  add(record: Record): void {
    this.#sensors.push(record.sensor);
    if (record.kind === 'reading') this.#addReading(record);
    else if (record.kind === 'meta') {
      assert(Number.isSafeInteger(record.periodMs) && record.periodMs >= 0, 'a period is in whole ms');
      this.#addForm(META);
      this.#scalars.push(record.unit, record.periodMs);
    } else {
      this.#addForm(TOMBSTONE);
      this.#addTime(record.lwwTsMs);
    }
  }

  writeFlags(writer: ByteWriter): void {
    writer.u8(
      (this.#hasForms ? HAS_FORMS : 0) |
        (this.#hasSuspects ? HAS_SUSPECTS : 0) |
        (this.#near ? 0 : ABSOLUTE_ARRIVALS),
    );
  }

  /** What follows the numbers; `start` is where the flags are. */
  write(
    writer: ByteWriter,
    start: number,
    writeSensors: (writer: ByteWriter, sensors: readonly string[]) => void,
  ): void {
    if (this.#hasForms) {
      writeWholes(writer, this.#forms);
      (this.#names ?? new NameTable()).write(writer);
    }
    writeSensors(writer, this.#sensors);
    writeWholes(writer, this.#times);
    const arrivals = this.#readings.map((it) => (this.#near ? it.ingestTsMs - it.tsMs : it.ingestTsMs));
    writeWholes(writer, arrivals);
    if (this.#hasSuspects) this.#writeSuspects(writer);
    writeScalars(writer, this.#scalars);
    const padding = Math.max(this.#sensors.length, this.#scalars.length) - (writer.length - start);
    if (padding > 0) writer.zeros(padding);
  }

  #addReading(record: ReadingRecord): void {
    const { value, tsMs, ingestTsMs } = record;
    if (typeof value === 'object') this.#addFields(value);
    else {
      this.#forms.push(SCALAR);
      this.#scalars.push(value);
    }
    this.#addTime(tsMs);
    assertTime(ingestTsMs);
    if (!Number.isSafeInteger(ingestTsMs - tsMs)) this.#near = false;
    if (record.lwwTsMs !== tsMs) this.#hasSuspects = true;
    this.#readings.push(record);
  }

  #addFields(value: Exclude<Value, Scalar>): void {
    const names = Object.keys(value);
    this.#names ??= new NameTable();
    this.#addForm(FIELDS + this.#names.placeOf(names));
    for (const name of names) this.#scalars.push(value[name] as Scalar);
  }

  #addForm(form: number): void {
    this.#forms.push(form);
    this.#hasForms = true;
  }

  #addTime(timeMs: number): void {
    assertTime(timeMs);
    this.#times.push(timeMs);
  }

  #writeSuspects(writer: ByteWriter): void {
    const suspects = this.#readings.filter((it) => it.lwwTsMs !== it.tsMs);
    for (const { lwwTsMs } of suspects) assertTime(lwwTsMs);
    writeBits(
      writer,
      this.#readings.map((it) => it.lwwTsMs !== it.tsMs),
    );
    writeWholes(
      writer,
      suspects.map((it) => it.lwwTsMs),
    );
  }
}

/** The field names of the readings with fields, each different tuple once. */
class NameTable {
  readonly #tuples: (readonly string[])[] = [];
  readonly #places = new Map<string, number>();

  placeOf(names: readonly string[]): number {
    const key = JSON.stringify(names);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    assert(names.length >= 1 && names.length <= LIMITS.fieldsMax, 'a record has a field, and not too many');
    this.#places.set(key, this.#tuples.length);
    return this.#tuples.push(names) - 1;
  }

  write(writer: ByteWriter): void {
    writer.varint(this.#tuples.length);
    for (const names of this.#tuples) {
      writer.varint(names.length);
      for (const name of names) writer.text(name);
    }
  }
}

function assertTime(timeMs: number): void {
  assert(Math.abs(timeMs) <= TS_MS_MAX, 'a time is within 8.64e15 ms of 1970');
}
