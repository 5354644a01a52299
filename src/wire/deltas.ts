// The deltas of a message as bytes. Most have a few records each and there may be a thousand of them, so all are
// written together in columns, as if the records were of one list. SPEC rules WR11, WR14, WR20, WR21.
//
//   count · origins · births · randoms · upto · spans · dropped · sizes · flags · gaps · the columns of records

import { assert } from '../kit/assert.ts';
import type { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { type PeerId, utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import { readWholes, svarintBytes, writeWholes } from './columns.ts';
import { decimalPlaces, scaledUp } from './decimals.ts';
import { readHex16, writeHex16 } from './hex.ts';
import type { Delta } from './messages.ts';
import { PEER_IDS, SENSOR_IDS } from './nouns.ts';
import { RECORDS_LAYOUT } from './record-layout.ts';
import { readColumns, readFlags } from './record-reader.ts';
import { RecordColumns } from './record-writer.ts';
import { scalarBytes } from './scalars.ts';
import type { Shape } from './shape.ts';
import { readTails, sharedAscii, writeTails } from './tails.ts';

/** The random part of its identity alone takes as much. */
const DELTA_BYTES_MIN = 8;

export const deltas: Shape<readonly Delta[]> = {
  text: `deltas/1(${RECORDS_LAYOUT},<=${LIMITS.deltasPerMessageMax},<=${LIMITS.recordsPerListMax})`,
  write: writeDeltas,
  read: readDeltas,
};

function writeDeltas(writer: ByteWriter, items: readonly Delta[]): void {
  assert(
    items.length <= LIMITS.deltasPerMessageMax,
    `a message has at most ${LIMITS.deltasPerMessageMax} deltas`,
  );
  writer.varint(items.length);
  if (items.length === 0) return;

  writeTails(writer, columnOf(items, originOf));
  writeWholes(writer, columnOf(items, birthOf));
  for (const { identity } of items) writeHex16(writer, identity.random);
  writeWholes(writer, columnOf(items, uptoOf));
  writeWholes(writer, columnOf(items, spanOf));
  writeWholes(writer, columnOf(items, droppedOf));
  writeWholes(writer, columnOf(items, sizeOf));

  const columns = new RecordColumns();
  const gaps: number[] = [];
  for (const { after, records } of items) {
    let last = after;
    for (const record of records) {
      gaps.push(record.n - last);
      last = record.n;
      columns.add(record);
    }
  }
  assert(
    gaps.length <= LIMITS.recordsPerListMax,
    `a message has at most ${LIMITS.recordsPerListMax} records`,
  );
  if (gaps.length === 0) return;
  const start = writer.length;
  columns.writeFlags(writer);
  writeWholes(writer, gaps);
  columns.write(writer, start, writeTails);
}

function readDeltas(reader: ByteReader): readonly Delta[] {
  const count = reader.varint();
  const most = Math.min(LIMITS.deltasPerMessageMax, Math.floor(reader.remaining / DELTA_BYTES_MIN));
  if (count > most) reader.refuse(`a list of ${count} deltas is too long, allowed are ${most}`);
  if (count === 0 || reader.failed) return [];

  const origins: PeerId[] = readTails(reader, count, LIMITS.peerIdBytesMax, PEER_IDS);
  const births = readColumn(reader, count, 1, 'birth');
  const randoms = Array.from({ length: count }, () => readHex16(reader));
  const uptos = readColumn(reader, count, 0, 'upto');
  const spans = readColumn(reader, count, Number.MIN_SAFE_INTEGER, 'span');
  const dropped = readColumn(reader, count, 0, 'droppedUpto');
  const sizes = readColumn(reader, count, 0, 'records');
  if (reader.failed) return [];

  const afters: number[] = [];
  for (let i = 0; i < count; i++) {
    const after = (uptos[i] as number) - (spans[i] as number);
    if (after < 0 || !Number.isSafeInteger(after)) reader.refuse(`a delta cannot begin after ${after}`);
    afters.push(after);
  }
  const records = readAllRecords(reader, afters, sizes);
  if (reader.failed) return [];

  const items: Delta[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    const size = sizes[i] as number;
    items.push({
      origin: origins[i] as PeerId,
      identity: { birth: births[i] as number, random: randoms[i] as string },
      after: afters[i] as number,
      upto: uptos[i] as number,
      droppedUpto: dropped[i] as number,
      records: records.slice(next, next + size),
    });
    next += size;
  }
  return items;
}

function readAllRecords(
  reader: ByteReader,
  afters: readonly number[],
  sizes: readonly number[],
): readonly Record[] {
  let count = 0;
  for (const size of sizes) count += size;
  const space = reader.remaining;
  const most = Math.min(LIMITS.recordsPerListMax, space);
  if (count > most) reader.refuse(`${count} records are too many, allowed are ${most}`);
  if (count === 0 || reader.failed) return [];

  const start = reader.position;
  const flags = readFlags(reader);
  const gaps = readColumn(reader, count, Number.MIN_SAFE_INTEGER, 'n');
  const ns: number[] = [];
  for (let i = 0; i < sizes.length && !reader.failed; i++) {
    let n = afters[i] as number;
    for (let left = sizes[i] as number; left > 0; left--) {
      n += gaps[ns.length] as number;
      if (n < 1 || n > Number.MAX_SAFE_INTEGER) reader.refuse(`a record's n is from 1 to 2^53 - 1, got ${n}`);
      ns.push(n);
    }
  }
  if (reader.failed) return [];
  const readSensors = () => readTails(reader, count, LIMITS.sensorIdBytesMax, SENSOR_IDS);
  return readColumns(reader, { start, space, flags, ns, readSensors });
}

function readColumn(reader: ByteReader, count: number, min: number, what: string): readonly number[] {
  if (reader.failed) return [];
  const values = readWholes(reader, count);
  for (const value of values) {
    if (value < min) reader.refuse(`${what} ${value} is out of range, allowed is ${min} and above`);
  }
  return values;
}

function columnOf<T>(items: readonly Delta[], of: (delta: Delta) => T): T[] {
  const column: T[] = [];
  for (const item of items) column.push(of(item));
  return column;
}

const originOf = ({ origin }: Delta) => origin;
const birthOf = ({ identity }: Delta) => identity.birth;
const uptoOf = ({ upto }: Delta) => upto;
const spanOf = ({ upto, after }: Delta) => upto - after;
const droppedOf = ({ droppedUpto }: Delta) => droppedUpto;
const sizeOf = ({ records }: Delta) => records.length;

/** Counts, layouts and the most that sharing decimal places adds: what a message spends besides its deltas. */
const MESSAGE_BYTES = 96;
/** Its origin's tail (two counts), the eight bytes of the identity, the count of records. */
const HEAD_BYTES = 3 + 8 + 3;
/** In a record: what it shares, the number or length of its tail, form, sort. */
const RECORD_BYTES = 6;
/** A length, or a form's number, that takes a byte more. */
const LONG_BYTES = 1;
/** A time of its own instead of a distance. */
const TIME_BYTES = 8;

/**
 * An upper bound of what the deltas of one message take, as they are added. It follows what neighbours share and
 * which tails are known, so it is about twice the truth.
 */
export class DeltasSize {
  #bytes = MESSAGE_BYTES;
  #n = 0;
  #sensor = '';
  readonly #tails = new Set<string>();
  #tsMs = 0;
  #distance = 0;
  #records = 0;
  /** Whether all distances can be told exactly, as they can but for times at the ends of time. */
  #near = true;

  get bytes(): number {
    return this.#near ? this.#bytes : this.#bytes + this.#records * 2 * TIME_BYTES;
  }

  addHead(delta: Omit<Delta, 'records'>): void {
    const { origin, identity, after, upto, droppedUpto } = delta;
    const counts = svarintBytes(upto) + svarintBytes(upto - after) + svarintBytes(droppedUpto);
    this.#bytes += HEAD_BYTES + origin.length + svarintBytes(identity.birth) + counts;
    this.#n = after;
  }

  addRecord(record: Record): void {
    const { n, sensor } = record;
    let bytes = RECORD_BYTES + svarintBytes(n - this.#n) + this.#tailBytes(sensor);
    this.#n = n;
    this.#sensor = sensor;
    this.#records++;
    if (record.kind === 'meta') bytes += scalarBytes(record.unit) + scalarBytes(record.periodMs);
    else if (record.kind === 'tombstone') bytes += this.#timeBytes(record.lwwTsMs);
    else {
      const { tsMs, ingestTsMs, lwwTsMs, value } = record;
      bytes += this.#timeBytes(tsMs);
      const distance = ingestTsMs - tsMs;
      bytes += this.#stepBytes(distance - this.#distance);
      this.#distance = distance;
      if (lwwTsMs !== tsMs) bytes += TIME_BYTES;
      if (typeof value === 'number') bytes += numberBytes(value);
      else if (typeof value !== 'object') bytes += scalarBytes(value);
      else {
        bytes += LONG_BYTES;
        for (const [name, scalar] of Object.entries(value)) {
          bytes += 2 + utf8Length(name) + scalarBytes(scalar);
        }
      }
    }
    this.#bytes += bytes;
  }

  #tailBytes(sensor: string): number {
    const tail = sensor.slice(sharedAscii(this.#sensor, sensor));
    if (this.#tails.has(tail)) return 0;
    this.#tails.add(tail);
    return utf8Length(tail) + LONG_BYTES;
  }

  #timeBytes(tsMs: number): number {
    const step = tsMs - this.#tsMs;
    this.#tsMs = tsMs;
    return this.#stepBytes(step);
  }

  #stepBytes(step: number): number {
    if (Number.isSafeInteger(step)) return svarintBytes(step);
    this.#near = false;
    return TIME_BYTES;
  }
}

function numberBytes(value: number): number {
  const places = decimalPlaces(value);
  return places < 0 ? 8 : svarintBytes(scaledUp(value, places));
}
