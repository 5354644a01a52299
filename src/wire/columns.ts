// Columns: many values of one kind, written together. SPEC rules WR11, WR12.
//
// A column of whole numbers takes the shortest of three layouts: each as it is; the first and then differences;
// or runs of equal differences, which makes counters, constants and steady clocks cost next to nothing. The
// number of values is known from outside.

import type { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { LIMITS } from '../model/limits.ts';
import type { InternedTexts } from './interned.ts';

const PLAIN = 0;
const DIFFERENCES = 1;
const RUNS = 2;

export function writeWholes(writer: ByteWriter, values: readonly number[]): void {
  if (values.length <= 1) {
    for (const value of values) writer.svarint(value);
    return;
  }
  const layout = shortestLayout(values);
  writer.u8(layout);
  if (layout === PLAIN) {
    for (let i = 0; i < values.length; i++) writer.svarint(values[i] as number);
    return;
  }
  writer.svarint(values[0] as number);
  let run = 0;
  for (let i = 1; i < values.length; i++) {
    const difference = (values[i] as number) - (values[i - 1] as number);
    if (layout === DIFFERENCES) {
      writer.svarint(difference);
      continue;
    }
    const goesOn = i + 1 < values.length && (values[i + 1] as number) - (values[i] as number) === difference;
    run++;
    if (goesOn) continue;
    writer.svarint(difference);
    writer.varint(run);
    run = 0;
  }
}

export function readWholes(reader: ByteReader, count: number): number[] {
  const values: number[] = [];
  if (count === 0) return values;
  const layout = count === 1 ? PLAIN : reader.u8();
  if (layout > RUNS) reader.refuse(`column layout ${layout} is not known, allowed are 0 to ${RUNS}`);
  let value = reader.svarint();
  values.push(value);
  while (values.length < count && !reader.failed) {
    if (layout === PLAIN) {
      values.push(reader.svarint());
      continue;
    }
    const difference = reader.svarint();
    const run = layout === RUNS ? reader.varint() : 1;
    if (run === 0 || run > count - values.length) {
      reader.refuse(`a run of ${run} does not fit, allowed are 1 to ${count - values.length}`);
      break;
    }
    for (let i = 0; i < run; i++) {
      value += difference;
      values.push(value);
    }
    if (!Number.isSafeInteger(value)) reader.refuse('a whole number of a column is beyond 2^53 - 1');
  }
  return values;
}

function shortestLayout(values: readonly number[]): number {
  const first = svarintBytes(values[0] as number);
  let plain = first;
  let differences = first;
  let runs = first;
  let run = 0;
  let last = Number.NaN;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number;
    const difference = value - (values[i - 1] as number);
    // The difference of two far ends cannot be told exactly.
    if (!Number.isSafeInteger(difference)) return PLAIN;
    const bytes = svarintBytes(difference);
    plain += svarintBytes(value);
    differences += bytes;
    if (difference === last) {
      run++;
      if (run === 0x80 || run === 0x4000) runs++;
    } else {
      runs += bytes + 1;
      last = difference;
      run = 1;
    }
  }
  if (plain <= differences && plain <= runs) return PLAIN;
  return differences <= runs ? DIFFERENCES : RUNS;
}

/** How many bytes the signed varint takes. */
export function svarintBytes(value: number): number {
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < 0x40) return 1;
  if (magnitude < 0x2000) return 2;
  if (magnitude < 0x10_0000) return 3;
  if (magnitude < 0x800_0000) return 4;
  if (magnitude < 2 ** 34) return 5;
  if (magnitude < 2 ** 41) return 6;
  if (magnitude < 2 ** 48) return 7;
  return 8;
}

/** Of how many bytes of a text the next one may say that it begins with the same. */
const SHARED_MAX = 127;

/** Where a text is put together from what it shares with the one before and its own end. */
const assembled = new Uint8Array(LIMITS.textValueBytesMax);

/** Each different text once, as what it shares with the one before and the rest; then which is where. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  if (texts.length === 1) {
    writer.text(texts[0] as string);
    return;
  }
  const places = new Map<string, number>();
  const column: number[] = [];
  for (const text of texts) {
    let place = places.get(text);
    if (place === undefined) {
      place = places.size;
      places.set(text, place);
    }
    column.push(place);
  }

  writer.varint(places.size);
  let before: string | null = null;
  for (const text of places.keys()) {
    const shared = before === null ? 0 : sharedAscii(before, text);
    if (before !== null) writer.u8(shared);
    writer.text(text, shared);
    before = text;
  }
  if (places.size > 1 && places.size < texts.length) writeWholes(writer, column);
}

export function readTexts<T extends string>(
  reader: ByteReader,
  count: number,
  bytesMax: number,
  interned: InternedTexts<T>,
): T[] {
  const different = count > 1 ? reader.varint() : count;
  if (different > count || (different === 0 && count > 0)) {
    reader.refuse(`${different} different texts do not fit, allowed are 1 to ${count}`);
  }
  const table: T[] = [];
  let length = 0;
  while (table.length < different && !reader.failed) {
    const shared = table.length === 0 ? 0 : reader.u8();
    const own = reader.varint();
    if (shared > length || shared > SHARED_MAX || shared + own > bytesMax) {
      reader.refuse(`a text of ${shared} shared and ${own} own bytes does not fit, allowed are ${bytesMax}`);
    }
    const at = reader.skip(own);
    if (reader.failed) break;
    for (let i = 0; i < own; i++) assembled[shared + i] = reader.bytes[at + i] as number;
    length = shared + own;
    table.push(interned.textOf(assembled, 0, length, reader));
  }
  if (reader.failed) return [];
  if (different === count) return table;
  if (different === 1) return new Array(count).fill(table[0]);

  const column = readWholes(reader, count);
  const texts: T[] = [];
  for (const place of column) {
    const text = table[place];
    if (text === undefined) {
      reader.refuse(`text ${place} is not in the table, allowed are 0 to ${different - 1}`);
      break;
    }
    texts.push(text);
  }
  return texts;
}

/** Of how many ASCII characters both begin; there characters are bytes. */
function sharedAscii(a: string, b: string): number {
  const most = Math.min(a.length, b.length, SHARED_MAX);
  let shared = 0;
  while (shared < most) {
    const unit = b.charCodeAt(shared);
    if (unit >= 0x80 || unit !== a.charCodeAt(shared)) break;
    shared++;
  }
  return shared;
}

/** Eight to a byte, the lowest bit first. */
export function writeBits(writer: ByteWriter, bits: readonly boolean[]): void {
  for (let i = 0; i < bits.length; i += 8) {
    let byte = 0;
    for (let j = 0; j < 8 && i + j < bits.length; j++) if (bits[i + j]) byte |= 1 << j;
    writer.u8(byte);
  }
}

export function readBits(reader: ByteReader, count: number): boolean[] {
  const bits: boolean[] = [];
  while (bits.length < count && !reader.failed) {
    const byte = reader.u8();
    const here = Math.min(8, count - bits.length);
    if (byte >> here !== 0) reader.refuse('bits beyond the last are not zero');
    for (let j = 0; j < here; j++) bits.push((byte & (1 << j)) !== 0);
  }
  return bits;
}
