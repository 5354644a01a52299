// The column of units beside a batch's records: a table of the different ones, and for each record its place there,
// from 1; 0 is no unit. A batch of one unit, or of none, pays a few bytes. SPEC rule WR19.

import { assert } from '../kit/assert.ts';
import type { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { LIMITS } from '../model/limits.ts';
import { readWholes, writeWholes } from './columns.ts';
import { WORDS } from './nouns.ts';

/** The layout in words, for the hash that is pinned to the disk version. */
export const UNITS_LAYOUT = `units(<=${LIMITS.unitBytesMax},per record)`;

/** `units` has an entry for each of `records` records, or none at all. */
export function writeUnits(writer: ByteWriter, units: readonly string[], records: number): void {
  assert(
    units.length === 0 || units.length === records,
    'a batch has a unit for each of its records, or none',
  );
  const places = new Map<string, number>();
  const column: number[] = [];
  let unit = '';
  let place = 0;
  for (const one of units) {
    if (one !== unit) {
      unit = one;
      place = placeOf(one, places);
    }
    column.push(place);
  }
  writer.varint(places.size);
  if (places.size === 0) return;
  for (const text of places.keys()) writer.text(text);
  writeWholes(writer, column);
}

/** A unit for each record; none where no record has one. */
export function readUnits(reader: ByteReader, records: number): readonly string[] {
  const different = reader.varint();
  if (different > records) reader.refuse(`${different} units are too many for ${records} records`);
  if (different === 0 || reader.failed) return [];
  const named = new Set<string>(['']);
  while (named.size <= different && !reader.failed) {
    const unit = readUnit(reader);
    if (named.has(unit)) reader.refuse('a unit stands twice in the table');
    named.add(unit);
  }
  const table = [...named];
  const column = readWholes(reader, records);
  const units: string[] = [];
  for (const place of column) {
    const unit = table[place];
    if (unit === undefined) {
      reader.refuse(`unit ${place} is not in the table, allowed are 0 to ${different}`);
      break;
    }
    units.push(unit);
  }
  return reader.failed ? [] : units;
}

function placeOf(unit: string, places: Map<string, number>): number {
  if (unit === '') return 0;
  const known = places.get(unit);
  if (known !== undefined) return known;
  places.set(unit, places.size + 1);
  return places.size;
}

function readUnit(reader: ByteReader): string {
  const length = reader.varint();
  if (length === 0 || length > LIMITS.unitBytesMax) {
    reader.refuse(`a unit has 1 to ${LIMITS.unitBytesMax} bytes, got ${length}`);
  }
  const at = reader.skip(length);
  return at < 0 ? '' : WORDS.textOf(reader.bytes, at, at + length, reader);
}
