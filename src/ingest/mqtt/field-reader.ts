// The fields that MQTT packets are made of (MQTT 5, 1.5). As `kit/bytes.ts`, it keeps the first problem it meets and
// reads zeros from there on, so that a decoder needs no `if` behind every field. SPEC rule MQ1.

import { utf8Text } from '../../kit/bytes.ts';

const EMPTY = Buffer.alloc(0);

export class FieldReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #problem: string | null = null;

  constructor(bytes: Buffer, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get problem(): string | null {
    return this.#problem;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  refuse(why: string): void {
    this.#problem ??= why;
    this.#at = this.#end;
  }

  u8(): number {
    const at = this.#skip(1);
    return at < 0 ? 0 : (this.#bytes[at] as number);
  }

  u16(): number {
    const at = this.#skip(2);
    return at < 0 ? 0 : this.#bytes.readUInt16BE(at);
  }

  u32(): number {
    const at = this.#skip(4);
    return at < 0 ? 0 : this.#bytes.readUInt32BE(at);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 128 ** 3; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.refuse('a variable byte integer has at most four bytes');
    return 0;
  }

  /** UTF-8 without U+0000. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
  text(): string {
    const length = this.u16();
    const at = this.#skip(length);
    if (at < 0) return '';
    const text = utf8Text(this.#bytes, at, at + length);
    if (text === null) this.refuse('a text is not UTF-8');
    else if (text.includes('\0')) this.refuse('a text holds U+0000');
    return text ?? '';
  }

  /** A copy: what is kept must not hold on to the chunk it came in. */
  binary(): Buffer {
    const length = this.u16();
    const at = this.#skip(length);
    return at < 0 ? EMPTY : Buffer.from(this.#bytes.subarray(at, at + length));
  }

  rest(): Buffer {
    const length = this.remaining;
    if (length === 0) return EMPTY;
    const at = this.#skip(length);
    return at < 0 ? EMPTY : Buffer.from(this.#bytes.subarray(at, at + length));
  }

  /** A reader of the next `length` bytes. */
  part(length: number): FieldReader {
    const at = this.#skip(length);
    return at < 0 ? new FieldReader(EMPTY, 0, 0) : new FieldReader(this.#bytes, at, at + length);
  }

  #skip(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) {
      this.refuse('a packet ends in the middle of a field');
      return -1;
    }
    this.#at = at + count;
    return at;
  }
}
