// A column of scalars: what each is, then the numbers, the booleans as bits, the texts. SPEC rule WR13.

import { assert } from '../kit/assert.ts';
import type { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Scalar } from '../model/reading.ts';
import { readBits, readTexts, svarintBytes, writeBits, writeTexts } from './columns.ts';
import { decimalPlaces, PLACES_MAX, scaledDown, scaledUp, withPlaces } from './decimals.ts';
import { WORDS } from './nouns.ts';

// What a scalar is, in four bits. From DECIMAL on: a number with as many places as it is above.
const BOOLEAN = 0;
const TEXT = 1;
const DOUBLE = 2;
const DECIMAL = 3;
const SORT_MAX = DECIMAL + PLACES_MAX;

// How the sorts are written: one for all (its own number), two a byte, or runs.
const NIBBLES = 16;
const RUNS = 17;

export function writeScalars(writer: ByteWriter, scalars: readonly Scalar[]): void {
  if (scalars.length === 0) return;
  const sorts: number[] = [];
  const wholes: number[] = [];
  const bits: boolean[] = [];
  const texts: string[] = [];
  for (let i = 0; i < scalars.length; i++) {
    const scalar = scalars[i] as Scalar;
    if (typeof scalar === 'number') {
      const places = decimalPlaces(scalar);
      sorts.push(places < 0 ? DOUBLE : DECIMAL + places);
      wholes.push(places < 0 ? scalar : scaledUp(scalar, places));
    } else if (typeof scalar === 'boolean') {
      sorts.push(BOOLEAN);
      bits.push(scalar);
    } else {
      sorts.push(TEXT);
      texts.push(scalar);
    }
  }
  if (wholes.length === scalars.length) sharePlaces(sorts, wholes);

  writeSorts(writer, sorts);
  let number = 0;
  for (let i = 0; number < wholes.length; i++) {
    const sort = sorts[i] as number;
    if (sort < DOUBLE) continue;
    const whole = wholes[number++] as number;
    if (sort !== DOUBLE) writer.svarint(whole);
    else {
      assert(Number.isFinite(whole), 'the numbers of values are finite');
      writer.f64(whole);
    }
  }
  writeBits(writer, bits);
  if (texts.length > 0) writeTexts(writer, texts);
}

export function readScalars(reader: ByteReader, count: number): Scalar[] {
  const scalars: Scalar[] = [];
  if (count === 0) return scalars;
  const sorts = readSorts(reader, count);
  let booleans = 0;
  let texts = 0;
  for (const sort of sorts) {
    if (sort >= DECIMAL) scalars.push(scaledDown(reader.svarint(), sort - DECIMAL));
    else if (sort === DOUBLE) scalars.push(readDouble(reader));
    else {
      if (sort === BOOLEAN) booleans++;
      else texts++;
      scalars.push(false);
    }
  }
  if (booleans + texts > 0 && !reader.failed) fillIn(reader, sorts, scalars, booleans, texts);
  return scalars;
}

/** An upper bound of what the scalar takes in a column; a fraction counts as a double, which is no shorter. */
export function scalarBytes(scalar: Scalar): number {
  if (typeof scalar === 'boolean') return 2;
  if (typeof scalar === 'string') return 7 + utf8Length(scalar);
  return Number.isSafeInteger(scalar) ? 1 + svarintBytes(scalar) : 9;
}

/** Gives all the same number of places where that is shorter than saying which has how many. */
function sharePlaces(sorts: number[], wholes: number[]): void {
  let fewest = sorts[0] as number;
  let most = fewest;
  for (const sort of sorts) {
    if (sort < fewest) fewest = sort;
    if (sort > most) most = sort;
  }
  if (fewest === most || fewest < DECIMAL) return;

  const raised: number[] = [];
  let costs = 0;
  for (let i = 0; i < sorts.length; i++) {
    const whole = wholes[i] as number;
    const more = withPlaces(whole, sorts[i] as number, most);
    if (Number.isNaN(more)) return;
    costs += svarintBytes(more) - svarintBytes(whole);
    raised.push(more);
  }
  if (costs > sorts.length / 2) return;
  for (let i = 0; i < sorts.length; i++) {
    sorts[i] = most;
    wholes[i] = raised[i] as number;
  }
}

function writeSorts(writer: ByteWriter, sorts: readonly number[]): void {
  let runs = 1;
  for (let i = 1; i < sorts.length; i++) if (sorts[i] !== sorts[i - 1]) runs++;
  if (runs === 1) {
    writer.u8(sorts[0] as number);
  } else if (runs > sorts.length / 8) {
    writer.u8(NIBBLES);
    for (let i = 0; i < sorts.length; i += 2) writer.u8((sorts[i] as number) | ((sorts[i + 1] ?? 0) << 4));
  } else {
    writer.u8(RUNS);
    let run = 0;
    for (let i = 0; i < sorts.length; i++) {
      run++;
      if (sorts[i] === sorts[i + 1]) continue;
      writer.u8(sorts[i] as number);
      writer.varint(run);
      run = 0;
    }
  }
}

function readSorts(reader: ByteReader, count: number): number[] {
  const layout = reader.u8();
  if (layout < NIBBLES) return repeated(reader, [], layout, count);
  if (layout > RUNS) reader.refuse(`scalar layout ${layout} is not known, allowed are 0 to ${RUNS}`);

  const sorts: number[] = [];
  while (sorts.length < count && !reader.failed) {
    const byte = reader.u8();
    if (layout === RUNS) {
      const run = reader.varint();
      if (run === 0 || run > count - sorts.length) reader.refuse('a run of scalars does not fit');
      repeated(reader, sorts, byte, run);
    } else {
      repeated(reader, sorts, byte & 0x0f, 1);
      if (sorts.length < count) repeated(reader, sorts, byte >> 4, 1);
      else if (byte >> 4 !== 0) reader.refuse('bits beyond the last are not zero');
    }
  }
  return reader.failed ? [] : sorts;
}

function repeated(reader: ByteReader, sorts: number[], sort: number, times: number): number[] {
  if (sort > SORT_MAX) reader.refuse(`scalar sort ${sort} is not known, allowed are 0 to ${SORT_MAX}`);
  if (reader.failed) return sorts;
  for (let i = 0; i < times; i++) sorts.push(sort);
  return sorts;
}

function readDouble(reader: ByteReader): number {
  const value = reader.f64();
  if (!Number.isFinite(value)) reader.refuse('a number is not finite');
  return value;
}

function fillIn(
  reader: ByteReader,
  sorts: readonly number[],
  scalars: Scalar[],
  booleans: number,
  texts: number,
): void {
  const bits = readBits(reader, booleans);
  const words = texts > 0 ? readTexts(reader, texts, LIMITS.textValueBytesMax, WORDS) : [];
  let bit = 0;
  let word = 0;
  for (let i = 0; i < sorts.length; i++) {
    if (sorts[i] === BOOLEAN) scalars[i] = bits[bit++] ?? false;
    else if (sorts[i] === TEXT) scalars[i] = words[word++] ?? '';
  }
}
