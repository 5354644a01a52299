// Numbers and identities at fixed places in a block of bytes, little-endian.

import type { Identity } from '../model/ids.ts';

const WORD = 0x1_0000_0000;
/** Bytes that are looked at in one step. */
const ZEROS_STRIDE = 32;

/** Eight bytes that hold a whole number up to 2^53 - 1. */
export function putSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % WORD, true);
  view.setUint32(at + 4, Math.floor(value / WORD), true);
}

export function safeIntegerAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * WORD;
}

export function putIdentity(view: DataView, at: number, identity: Identity): void {
  putSafeInteger(view, at, identity.birth);
  view.setUint32(at + 8, Number.parseInt(identity.random.slice(0, 8), 16));
  view.setUint32(at + 12, Number.parseInt(identity.random.slice(8), 16));
}

export function identityAt(view: DataView, at: number): Identity {
  const word = (offset: number) =>
    view
      .getUint32(at + offset)
      .toString(16)
      .padStart(8, '0');
  return { birth: safeIntegerAt(view, at), random: word(8) + word(12) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether nothing was written here, or only zeros were. */
export function isZeros(bytes: Uint8Array): boolean {
  return endOfContent(bytes) === 0;
}

/** Behind the last byte that is not zero. */
export function endOfContent(bytes: Uint8Array): number {
  let end = bytes.length;
  // Words have to begin at a multiple of four; what is left at the front is looked at byte by byte.
  const front = -bytes.byteOffset & 3;
  while (end > front && (end - front) % ZEROS_STRIDE !== 0 && bytes[end - 1] === 0) end--;
  if (end > front && (end - front) % ZEROS_STRIDE === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + front, (end - front) / 4);
    end = front + 4 * endOfWords(words);
  }
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

/** The first words up to where a row of eight is not all zeros. Indices stay inside the array. */
function endOfWords(words: Int32Array): number {
  let at = words.length;
  for (; at >= 8; at -= 8) {
    const some =
      (words[at - 1] ?? 0) |
      (words[at - 2] ?? 0) |
      (words[at - 3] ?? 0) |
      (words[at - 4] ?? 0) |
      (words[at - 5] ?? 0) |
      (words[at - 6] ?? 0) |
      (words[at - 7] ?? 0) |
      (words[at - 8] ?? 0);
    if (some !== 0) break;
  }
  return at;
}
