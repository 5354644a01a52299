// Writes the fields that MQTT packets are made of (MQTT 5, 1.5), with lengths that are known only at the end. SPEC
// rule MQ1.

import { assert } from '../../kit/assert.ts';

const VARINT_MAX = 128 ** 4 - 1;
const U16_MAX = 65_535;

export class FieldWriter {
  #bytes = Buffer.allocUnsafe(1_024);
  #length = 0;

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  varint(value: number): void {
    assert(value >= 0 && value <= VARINT_MAX, 'a variable byte integer is from 0 to 268435455');
    this.#reserve(4);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    assert(length <= U16_MAX, 'a text of MQTT has at most 65535 bytes');
    this.u16(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  binary(bytes: Buffer): void {
    assert(bytes.length <= U16_MAX, 'binary data of MQTT has at most 65535 bytes');
    this.u16(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#length += bytes.copy(this.#bytes, this.#length);
  }

  /** Opens a part whose length, as a variable byte integer, stands before it; gives what `endPart` needs. */
  beginPart(): number {
    const from = this.#length;
    this.u8(0);
    return from;
  }

  endPart(from: number): void {
    const length = this.#length - from - 1;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(from + 1 + extra, from + 1, this.#length);
    }
    const end = this.#length + extra;
    this.#length = from;
    this.varint(length);
    this.#length = end;
  }

  /** What was written, as a copy; the writer starts anew. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(taken, 0, 0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}
