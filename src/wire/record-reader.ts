// Reads a list of records from its columns (`record-layout.ts`), and believes nothing.

import type { ByteReader } from '../kit/bytes.ts';
import { checkValue, TS_MS_MAX } from '../model/check-reading.ts';
import { type SensorId, utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record, Scalar, Value } from '../model/reading.ts';
import { readBits, readTexts, readWholes } from './columns.ts';
import { SENSOR_IDS, WORDS } from './nouns.ts';
import {
  ABSOLUTE_ARRIVALS,
  FIELDS,
  FLAGS_MAX,
  HAS_FORMS,
  HAS_SUSPECTS,
  META,
  SCALAR,
  TOMBSTONE,
} from './record-layout.ts';
import { readScalars } from './scalars.ts';

type Fields = { readonly [field: string]: Scalar };

interface Columns {
  readonly ns: readonly number[];
  /** Null: all are readings of one scalar each. */
  readonly forms: readonly number[] | null;
  readonly names: readonly (readonly string[])[];
  readonly sensors: readonly SensorId[];
  readonly times: readonly number[];
  readonly arrivals: readonly number[];
  readonly scalars: readonly Scalar[];
}

/** Nothing when the reader has failed. */
export function readRecords(reader: ByteReader): readonly Record[] {
  const count = reader.varint();
  if (count > LIMITS.recordsPerListMax) {
    reader.refuse(`a list of ${count} records is too long, allowed are ${LIMITS.recordsPerListMax}`);
  }
  const space = reader.remaining;
  if (count > space) reader.refuse(`${count} records take at least as many bytes, there are ${space}`);
  if (count === 0 || reader.failed) return [];

  const start = reader.position;
  const flags = readFlags(reader);
  const ns = readRising(reader, count);
  const readSensors = () => readTexts(reader, count, LIMITS.sensorIdBytesMax, SENSOR_IDS);
  return readColumns(reader, { start, space, flags, ns, readSensors });
}

export function readFlags(reader: ByteReader): number {
  const flags = reader.u8();
  if (flags > FLAGS_MAX) reader.refuse(`record flags ${flags} are not known, allowed are 0 to ${FLAGS_MAX}`);
  return flags;
}

/** What follows the numbers: `start` is where the flags are, and `space` how much there was before them. */
export function readColumns(
  reader: ByteReader,
  list: {
    readonly start: number;
    readonly space: number;
    readonly flags: number;
    readonly ns: readonly number[];
    readonly readSensors: () => readonly SensorId[];
  },
): readonly Record[] {
  const { start, space, flags, ns } = list;
  const count = ns.length;
  let forms: readonly number[] | null = null;
  let names: readonly (readonly string[])[] = [];
  let sizes: Sizes = { times: count, readings: count, scalars: count };
  if ((flags & HAS_FORMS) !== 0) {
    forms = readWholes(reader, count);
    names = readNames(reader, count);
    sizes = sizesOf(reader, forms, names);
    if (sizes.scalars > space) reader.refuse(`${sizes.scalars} scalars take more bytes than ${space}`);
  }
  if (reader.failed) return [];

  const sensors = list.readSensors();
  const times = readTimes(reader, sizes.times);
  const arrivals = readWholes(reader, sizes.readings);
  const suspects = (flags & HAS_SUSPECTS) === 0 ? null : readSuspects(reader, sizes.readings);
  const scalars = readScalars(reader, sizes.scalars);
  skipPadding(reader, Math.max(count, sizes.scalars) - (reader.position - start));
  if (reader.failed) return [];

  const columns = { ns, forms, names, sensors, times, arrivals, scalars };
  return assemble(reader, columns, (flags & ABSOLUTE_ARRIVALS) !== 0, suspects);
}

function assemble(
  reader: ByteReader,
  columns: Columns,
  absoluteArrivals: boolean,
  suspects: readonly (number | null)[] | null,
): readonly Record[] {
  const { ns, forms, names, sensors, times, arrivals, scalars } = columns;
  const records: Record[] = [];
  let time = 0;
  let reading = 0;
  let scalar = 0;
  for (let i = 0; i < ns.length; i++) {
    const n = ns[i] as number;
    const sensor = sensors[i] as SensorId;
    const form = forms === null ? SCALAR : (forms[i] as number);
    if (form === META) {
      records.push(metaOf(reader, n, sensor, scalars[scalar] as Scalar, scalars[scalar + 1] as Scalar));
      scalar += 2;
      continue;
    }
    const tsMs = times[time++] as number;
    if (form === TOMBSTONE) {
      records.push({ kind: 'tombstone', n, sensor, lwwTsMs: tsMs });
      continue;
    }
    let value: Value;
    if (form === SCALAR) value = scalars[scalar++] as Scalar;
    else {
      const tuple = names[form - FIELDS] as readonly string[];
      value = fieldsOf(reader, tuple, scalars, scalar);
      scalar += tuple.length;
    }
    const arrival = arrivals[reading] as number;
    const ingestTsMs = absoluteArrivals ? arrival : tsMs + arrival;
    checkTime(reader, ingestTsMs);
    const lwwTsMs = suspects === null ? tsMs : (suspects[reading] ?? tsMs);
    records.push({ kind: 'reading', n, sensor, value, tsMs, ingestTsMs, lwwTsMs });
    reading++;
  }
  return reader.failed ? [] : records;
}

function metaOf(reader: ByteReader, n: number, sensor: SensorId, unit: Scalar, periodMs: Scalar): Record {
  const isUnit = typeof unit === 'string' && utf8Length(unit) <= LIMITS.unitBytesMax;
  const isPeriod = typeof periodMs === 'number' && Number.isSafeInteger(periodMs) && periodMs >= 0;
  if (isUnit && isPeriod) return { kind: 'meta', n, sensor, unit, periodMs };
  reader.refuse(`meta is a unit of at most ${LIMITS.unitBytesMax} bytes and a period in whole ms`);
  return { kind: 'meta', n, sensor, unit: '', periodMs: 0 };
}

function fieldsOf(
  reader: ByteReader,
  names: readonly string[],
  scalars: readonly Scalar[],
  from: number,
): Fields {
  const fields: { [field: string]: Scalar } = {};
  let bytes = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const scalar = scalars[from + i] as Scalar;
    if (typeof scalar === 'string') bytes += name.length + utf8Length(scalar);
    fields[name] = scalar;
  }
  if (bytes > LIMITS.recordValueBytesMax) {
    reader.refuse(`the texts of a record have ${bytes} bytes, allowed are ${LIMITS.recordValueBytesMax}`);
  }
  return fields;
}

interface Sizes {
  readonly times: number;
  readonly readings: number;
  readonly scalars: number;
}

/** How long the columns are that not every record has a part in. */
function sizesOf(reader: ByteReader, forms: readonly number[], names: readonly (readonly string[])[]): Sizes {
  let times = 0;
  let readings = 0;
  let scalars = 0;
  for (const form of forms) {
    if (form === META) {
      scalars += 2;
      continue;
    }
    times++;
    if (form === TOMBSTONE) continue;
    readings++;
    const tuple = form === SCALAR ? null : names[form - FIELDS];
    if (tuple === undefined) {
      reader.refuse(`record form ${form} is not known, allowed are 0 to ${FIELDS + names.length - 1}`);
      break;
    }
    scalars += tuple === null ? 1 : tuple.length;
  }
  return { times, readings, scalars };
}

function readRising(reader: ByteReader, count: number): readonly number[] {
  const ns = readWholes(reader, count);
  let last = 0;
  for (const n of ns) {
    if (n <= last) {
      reader.refuse(`the records of a list are in rising n, from 1: ${n} comes after ${last}`);
      break;
    }
    last = n;
  }
  return ns;
}

function readNames(reader: ByteReader, count: number): readonly (readonly string[])[] {
  const tuples: (readonly string[])[] = [];
  const different = reader.varint();
  if (different > count) reader.refuse(`${different} sets of field names are too many for ${count} records`);
  while (tuples.length < different && !reader.failed) {
    const names = new Set<string>();
    const fields = reader.varint();
    if (fields > LIMITS.fieldsMax) {
      reader.refuse(`${fields} fields are too many, allowed are ${LIMITS.fieldsMax}`);
    }
    for (let i = 0; i < fields && !reader.failed; i++) {
      names.add(readName(reader));
      if (names.size <= i) reader.refuse('a value has two fields of one name');
    }
    // The same rules as for a reading that comes in, asked once for all readings with these names.
    const checked = checkValue(Object.fromEntries([...names].map((name) => [name, 0])));
    if (!checked.ok) reader.refuse(checked.problem);
    tuples.push([...names]);
  }
  return tuples;
}

function readName(reader: ByteReader): string {
  const length = reader.varint();
  if (length > LIMITS.fieldNameBytesMax) {
    reader.refuse(`a field name has ${length} bytes, allowed are ${LIMITS.fieldNameBytesMax}`);
  }
  const at = reader.skip(length);
  return at < 0 ? '' : WORDS.textOf(reader.bytes, at, at + length, reader);
}

/** Gives for each reading the time that competes, or null where that is its own. */
function readSuspects(reader: ByteReader, readings: number): readonly (number | null)[] {
  const bits = readBits(reader, readings);
  const competing = readTimes(reader, bits.filter(Boolean).length);
  let next = 0;
  return bits.map((suspect) => (suspect ? (competing[next++] ?? null) : null));
}

function readTimes(reader: ByteReader, count: number): readonly number[] {
  const times = readWholes(reader, count);
  for (const time of times) checkTime(reader, time);
  return times;
}

function checkTime(reader: ByteReader, timeMs: number): void {
  if (Math.abs(timeMs) > TS_MS_MAX) reader.refuse(`time ${timeMs} is out of range, allowed is ±8.64e15 ms`);
}

function skipPadding(reader: ByteReader, bytes: number): void {
  if (bytes <= 0) return;
  const at = reader.skip(bytes);
  for (let i = 0; i < bytes && at >= 0; i++) {
    if (reader.bytes[at + i] !== 0) reader.refuse('padding is not zero');
  }
}
