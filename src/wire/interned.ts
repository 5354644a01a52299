// One string object for each id, however often it arrives: a decoder that met the bytes before gives the string
// it made then. That saves decoding and checking it, and what looks it up in a map finds its hash ready. A
// direct-mapped cache, so a flood of different ids costs speed and never memory.

import { type ByteReader, utf8Text } from '../kit/bytes.ts';
import type { Result } from '../kit/result.ts';

/** Longer texts are not kept. */
const LENGTH_MAX = 256;

export class InternedTexts<T extends string> {
  readonly #accept: (text: string) => Result<T>;
  readonly #slots: (T | undefined)[];

  /** `slots` is a power of two. What `accept` refuses is never kept. */
  constructor(slots: number, accept: (text: string) => Result<T>) {
    this.#accept = accept;
    this.#slots = new Array(slots).fill(undefined);
  }

  /** The text of these bytes; when it is refused, the reader is told and an empty one is given. */
  textOf(bytes: Uint8Array, from: number, to: number, reader: ByteReader): T {
    const length = to - from;
    const slot = hashOf(bytes, from, Math.min(to, from + LENGTH_MAX)) & (this.#slots.length - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isAscii(known, bytes, from, length)) return known;

    const text = utf8Text(bytes, from, to);
    if (text === null) {
      reader.refuse('a text is not UTF-8');
      return '' as T;
    }
    const accepted = this.#accept(text);
    if (!accepted.ok) {
      reader.refuse(accepted.problem);
      return '' as T;
    }
    // Only an ASCII text can be compared with its bytes one by one.
    if (text.length === length && length <= LENGTH_MAX) this.#slots[slot] = accepted.value;
    return accepted.value;
  }
}

/** Whether the bytes are this text, which is ASCII. */
function isAscii(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[from + i]) return false;
  }
  return true;
}

/** FNV-1a (Fowler, Noll, Vo), with a last step that brings the high bits down. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
