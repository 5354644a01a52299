// A list of records as bytes, and how many bytes one of them may need. SPEC rules WR10-WR15.

import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import type { Result } from '../kit/result.ts';
import { utf8Length } from '../model/ids.ts';
import type { ReadingRecord, Record, Value } from '../model/reading.ts';
import { svarintBytes } from './columns.ts';
import { finished, type Malformed } from './malformed.ts';
import { readRecords } from './record-reader.ts';
import { writeRecords } from './record-writer.ts';
import { scalarBytes } from './scalars.ts';

/** Records in rising `n`. */
export function encodeRecords(records: readonly Record[]): Uint8Array {
  const writer = new ByteWriter(64 + records.length * 16);
  writeRecords(writer, records);
  return writer.take();
}

export function decodeRecords(bytes: Uint8Array): Result<readonly Record[], Malformed> {
  const reader = new ByteReader(bytes);
  return finished('records', reader, readRecords(reader));
}

/** What a list spends on counts and layouts, per record; the first two records bear it all. */
const SHARE_OF_LIST = 8;
const FORM_BYTES = 3;
/** Its place in a table, what it shares with the text before, its length. */
const TEXT_BYTES = 6;

/**
 * An upper bound of what the record takes: a list, however it is put together, is never longer than its
 * records' bounds added up.
 */
export function recordBytes(record: Record): number {
  const bytes = SHARE_OF_LIST + FORM_BYTES + svarintBytes(record.n) + TEXT_BYTES + utf8Length(record.sensor);
  switch (record.kind) {
    case 'meta':
      return bytes + scalarBytes(record.unit) + scalarBytes(record.periodMs);
    case 'tombstone':
      return bytes + svarintBytes(record.lwwTsMs);
    case 'reading': {
      const suspect = record.lwwTsMs === record.tsMs ? 1 : 1 + svarintBytes(record.lwwTsMs);
      return bytes + svarintBytes(record.tsMs) + arrivalBytes(record) + suspect + valueBytes(record.value);
    }
  }
}

/** As its distance from the reading's time where that is exact, or as itself. */
function arrivalBytes(record: ReadingRecord): number {
  const distance = record.ingestTsMs - record.tsMs;
  const own = svarintBytes(record.ingestTsMs);
  return Number.isSafeInteger(distance) ? Math.max(own, svarintBytes(distance)) : own;
}

function valueBytes(value: Value): number {
  if (typeof value !== 'object') return scalarBytes(value);
  let bytes = 1;
  for (const [name, scalar] of Object.entries(value)) bytes += 1 + utf8Length(name) + scalarBytes(scalar);
  return bytes;
}
