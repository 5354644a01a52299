// Cyclic redundancy checks of 32 bits: CRC-32/ISO-HDLC (gzip, Ethernet) and CRC-32C (Castagnoli, iSCSI), eight
// bytes a step by table lookup (slicing-by-8: Kounavis and Berry, 2008). SPEC rule ST1.
//
// Both are given the value of what came before, so that a check can run on over several stretches. They find
// accidents, not forgers.

import { assert } from './assert.ts';

const TABLE_ENTRIES = 256;
const STRIDE = 8;
/** Below this many bytes a call out of the engine costs more than it saves. */
const ACCELERATED_FROM = 512;
const ISO_HDLC = tablesOf(0xedb8_8320);
const CASTAGNOLI = tablesOf(0x82f6_3b78);
const ISO_HDLC_BACK = backOf(ISO_HDLC);
const CASTAGNOLI_BACK = backOf(CASTAGNOLI);

/** CRC-32/ISO-HDLC of `bytes` from `from` to before `to`, continuing from `before` (0 for the start). */
export function crc32(bytes: Uint8Array, from: number, to: number, before: number): number {
  if (accelerated !== null && to - from >= ACCELERATED_FROM)
    return accelerated(bytes.subarray(from, to), before);
  return sliced(ISO_HDLC, bytes, from, to, before);
}

/** CRC-32C of `bytes` from `from` to before `to`, continuing from `before` (0 for the start). */
export function crc32c(bytes: Uint8Array, from: number, to: number, before: number): number {
  return sliced(CASTAGNOLI, bytes, from, to, before);
}

/** The one `before` with which `crc32` of these bytes gives `after`: no step of it loses anything. */
export function crc32Back(bytes: Uint8Array, from: number, to: number, after: number): number {
  return undone(ISO_HDLC, ISO_HDLC_BACK, bytes, from, to, after);
}

/** The same for `crc32c`. */
export function crc32cBack(bytes: Uint8Array, from: number, to: number, after: number): number {
  return undone(CASTAGNOLI, CASTAGNOLI_BACK, bytes, from, to, after);
}

let accelerated: ((bytes: Uint8Array, before: number) => number) | null = null;

/** A host's own CRC-32/ISO-HDLC, for long stretches; null for none. It gives the same numbers, or is refused. */
export function accelerateCrc32(faster: ((bytes: Uint8Array, before: number) => number) | null): void {
  const sample = Uint8Array.from({ length: 1_031 }, (_, at) => (at * 7) & 0xff);
  const isSame = faster === null || faster(sample, 5) === sliced(ISO_HDLC, sample, 0, sample.length, 5);
  assert(isSame, 'a faster CRC-32 gives the same sums');
  accelerated = faster;
}

/** Indices stay inside both arrays, so `?? 0` only tells the compiler what holds. */
function sliced(tables: Int32Array, bytes: Uint8Array, from: number, to: number, before: number): number {
  let crc = ~before;
  let at = from;
  for (; at + STRIDE <= to; at += STRIDE) {
    crc ^=
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    crc =
      (tables[1792 + (crc & 0xff)] ?? 0) ^
      (tables[1536 + ((crc >>> 8) & 0xff)] ?? 0) ^
      (tables[1280 + ((crc >>> 16) & 0xff)] ?? 0) ^
      (tables[1024 + (crc >>> 24)] ?? 0) ^
      (tables[768 + (bytes[at + 4] ?? 0)] ?? 0) ^
      (tables[512 + (bytes[at + 5] ?? 0)] ?? 0) ^
      (tables[256 + (bytes[at + 6] ?? 0)] ?? 0) ^
      (tables[bytes[at + 7] ?? 0] ?? 0);
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

function undone(
  table: Int32Array,
  back: Uint8Array,
  bytes: Uint8Array,
  from: number,
  to: number,
  after: number,
): number {
  let crc = ~after;
  for (let at = to - 1; at >= from; at--) {
    const entry = back[crc >>> 24] ?? 0;
    crc = ((crc ^ (table[entry] ?? 0)) << 8) | (entry ^ (bytes[at] ?? 0));
  }
  return ~crc >>> 0;
}

/** Which entry of a table has this highest byte: each of the 256 has another one. */
function backOf(table: Int32Array): Uint8Array {
  const back = new Uint8Array(TABLE_ENTRIES);
  for (let byte = 0; byte < TABLE_ENTRIES; byte++) back[(table[byte] ?? 0) >>> 24] = byte;
  return back;
}

/** Table k holds the effect of a byte that k further bytes follow. */
function tablesOf(reflectedPolynomial: number): Int32Array {
  const tables = new Int32Array(STRIDE * TABLE_ENTRIES);
  for (let byte = 0; byte < TABLE_ENTRIES; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? reflectedPolynomial : 0);
    tables[byte] = crc;
  }
  for (let at = TABLE_ENTRIES; at < tables.length; at++) {
    const shorter = tables[at - TABLE_ENTRIES] ?? 0;
    tables[at] = (shorter >>> 8) ^ (tables[shorter & 0xff] ?? 0);
  }
  return tables;
}
