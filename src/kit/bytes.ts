// Bytes out of values and back. Numbers are varints (LEB128, up to 2^53 - 1), signed ones zigzag varints
// (protobuf's layout, computed so that 53 bits survive), or little-endian doubles. SPEC rules WR1-WR3.
//
// The reader keeps the first problem it meets and from there on reads nothing but zeros: a decoder reads on to
// its end without an `if` behind every field, its loops end because nothing remains, and who asked looks at
// `problem` once.

import { assert } from './assert.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Below this many characters a loop beats the call into the engine's encoder. */
const SHORT_TEXT = 64;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    if (value >= 0 && value < 0x80 && Number.isInteger(value)) {
      this.#bytes[this.#length++] = value;
      return;
    }
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint is a whole number from 0 to 2^53 - 1');
    this.#varint(value);
  }

  /** A whole number from -(2^53 - 1) to 2^53 - 1. */
  svarint(value: number): void {
    assert(Number.isSafeInteger(value), 'a signed varint is a whole number from -(2^53 - 1) to 2^53 - 1');
    this.#reserve(9);
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    const magnitude = value < 0 ? -value - 1 : value;
    const low = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0);
    this.#bytes[this.#length++] = 0x80 | low;
    this.#varint(Math.floor(magnitude / 64));
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  zeros(count: number): void {
    this.#reserve(count);
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  /** The length in bytes, then the text from its `from`th character on. A lone surrogate becomes U+FFFD. */
  text(text: string, from = 0): void {
    const count = text.length - from;
    if (count <= SHORT_TEXT && this.#ascii(text, from, count)) return;
    const encoded = encoder.encode(from === 0 ? text : text.slice(from));
    this.varint(encoded.length);
    this.raw(encoded);
  }

  /** What was written so far, as a copy; the writer starts anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** The same into memory that is there already, which is as long. */
  moveTo(to: Uint8Array): void {
    to.set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  #ascii(text: string, from: number, count: number): boolean {
    this.#reserve(1 + count);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = count;
    for (let i = from; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[at++] = unit;
    }
    this.#length = at;
    return true;
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest >= 0x1_0000_0000) {
      bytes[at++] = 0x80 | (rest % 128);
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  #reserve(count: number): void {
    if (this.#length + count > this.#bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

export type ReadProblem =
  /** The bytes end before what was to be read. */
  { readonly kind: 'truncated' } | { readonly kind: 'refused'; readonly why: string };

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #end: number;
  readonly #view: DataView;
  #at: number;
  #problem: ReadProblem | null = null;
  #where = '';

  constructor(bytes: Uint8Array, from = 0) {
    this.bytes = bytes;
    this.#end = bytes.length;
    this.#at = from;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  get failed(): boolean {
    return this.#problem !== null;
  }

  get problem(): ReadProblem | null {
    return this.#problem;
  }

  /** Where the problem is: what `inside` was told, outermost first. */
  get where(): string {
    return this.#where;
  }

  /** The first problem stays; from here on every read gives zeros. */
  refuse(why: string): void {
    this.#fail({ kind: 'refused', why });
  }

  /** Names the part that was being read when the problem came up; called from the inside outwards. */
  inside(part: string): void {
    this.#where = part + this.#where;
  }

  u8(): number {
    if (this.#at >= this.#end) return this.#truncated();
    return this.bytes[this.#at++] as number;
  }

  u32(): number {
    const at = this.skip(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  f64(): number {
    const at = this.skip(8);
    return at < 0 ? 0 : this.#view.getFloat64(at, true);
  }

  varint(): number {
    const at = this.#at;
    if (at < this.#end) {
      const byte = this.bytes[at] as number;
      if (byte < 0x80) {
        this.#at = at + 1;
        return byte;
      }
    }
    return this.#longVarint();
  }

  svarint(): number {
    const first = this.u8();
    let magnitude = (first >> 1) & 0x3f;
    if (first >= 0x80) {
      const rest = this.varint();
      magnitude += rest * 64;
      if (rest === 0) return this.#refusedNumber('a varint takes no more bytes than it needs');
      if (magnitude > Number.MAX_SAFE_INTEGER - (first & 1)) return this.#tooLarge();
    }
    return (first & 1) === 0 ? magnitude : -magnitude - 1;
  }

  /** Where the next `count` bytes begin, or -1 when there are not as many. */
  skip(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) {
      this.#truncated();
      return -1;
    }
    this.#at = at + count;
    return at;
  }

  /** A view, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.skip(count);
    return at < 0 ? new Uint8Array(0) : this.bytes.subarray(at, at + count);
  }

  text(bytesMax: number): string {
    const length = this.varint();
    if (length > bytesMax) {
      this.refuse(`a text of ${length} bytes is too long, allowed are ${bytesMax}`);
      return '';
    }
    const at = this.skip(length);
    if (at < 0) return '';
    const text = utf8Text(this.bytes, at, at + length);
    if (text === null) {
      this.refuse('a text is not UTF-8');
      return '';
    }
    return text;
  }

  #longVarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= 8; count++) {
      if (this.#at >= this.#end) return this.#truncated();
      const byte = this.bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0) return this.#refusedNumber('a varint takes no more bytes than it needs');
        return value <= Number.MAX_SAFE_INTEGER ? value : this.#tooLarge();
      }
      scale *= 128;
    }
    return this.#tooLarge();
  }

  #tooLarge(): number {
    return this.#refusedNumber('a whole number is too large, allowed is up to 2^53 - 1');
  }

  #refusedNumber(why: string): number {
    this.refuse(why);
    return 0;
  }

  #truncated(): number {
    this.#fail({ kind: 'truncated' });
    return 0;
  }

  #fail(problem: ReadProblem): void {
    if (this.#problem !== null) return;
    this.#problem = problem;
    this.#at = this.#end;
  }
}

/** The text that the bytes from `from` to before `to` are, or null when they are not UTF-8. */
export function utf8Text(bytes: Uint8Array, from: number, to: number): string | null {
  if (to - from <= SHORT_TEXT) {
    const text = asciiText(bytes, from, to);
    if (text !== null) return text;
  }
  try {
    return decoder.decode(bytes.subarray(from, to));
  } catch {
    // The decoder throws for nothing else than bytes that are not UTF-8.
    return null;
  }
}

function asciiText(bytes: Uint8Array, from: number, to: number): string | null {
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}
