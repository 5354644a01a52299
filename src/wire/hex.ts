// The random part of an identity: 16 hex digits in memory, eight bytes on the wire. The same few come again and
// again, so the strings made for them are kept, in a direct-mapped cache like that of `interned.ts`.

import { assert } from '../kit/assert.ts';
import type { ByteReader, ByteWriter } from '../kit/bytes.ts';

const SLOTS = 4_096;
const texts: string[] = new Array(SLOTS).fill('0000000000000000');
const highs = new Uint32Array(SLOTS);
const lows = new Uint32Array(SLOTS);

/** By character code. */
const VALUES = new Uint8Array(128).fill(0xff);
for (let value = 0; value < 16; value++) VALUES[value.toString(16).charCodeAt(0)] = value;

export function writeHex16(writer: ByteWriter, text: string): void {
  assert(text.length === 16, 'there are sixteen hex digits');
  writer.u32(word(text, 0));
  writer.u32(word(text, 8));
}

export function readHex16(reader: ByteReader): string {
  const high = reader.u32();
  const low = reader.u32();
  const slot = (high ^ low) & (SLOTS - 1);
  if (highs[slot] !== high || lows[slot] !== low) {
    highs[slot] = high;
    lows[slot] = low;
    texts[slot] = digits(high) + digits(low);
  }
  return texts[slot] as string;
}

function word(text: string, from: number): number {
  let value = 0;
  for (let i = from; i < from + 8; i++) {
    const digit = VALUES[text.charCodeAt(i)] ?? 0xff;
    assert(digit < 16, 'a hex digit is 0-9 or a-f');
    value = (value << 4) | digit;
  }
  return value >>> 0;
}

function digits(value: number): string {
  return value.toString(16).padStart(8, '0');
}
