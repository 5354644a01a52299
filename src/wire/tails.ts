// A column of names that mostly come in families: each is what it shares with the one before, and its tail. A tail
// that was written before is told by its number. So the sensors of a thousand origins that are all called
// `<origin>/temperature` and the like take two bytes each. SPEC rule WR20.

import type { ByteReader, ByteWriter } from '../kit/bytes.ts';
import type { InternedTexts } from './interned.ts';

/** Of how many bytes of a name the next one may say that it begins with the same. */
const SHARED_MAX = 127;

const NAME_BYTES_MAX = 1_024;
/** Where a name is put together. */
const assembled = new Uint8Array(NAME_BYTES_MAX);

/** No two neighbours are alike, or it is no matter how long they are. */
export function writeTails(writer: ByteWriter, names: readonly string[]): void {
  const places = new Map<string, number>();
  let before = '';
  for (const name of names) {
    const shared = sharedAscii(before, name);
    writer.u8(shared);
    const tail = shared === 0 ? name : name.slice(shared);
    const place = places.get(tail);
    if (place === undefined) {
      places.set(tail, places.size + 1);
      writer.u8(0);
      writer.text(tail);
    } else writer.varint(place);
    before = name;
  }
}

export function readTails<T extends string>(
  reader: ByteReader,
  count: number,
  bytesMax: number,
  interned: InternedTexts<T>,
): T[] {
  const names: T[] = [];
  /** Where each tail begins and ends in the bytes. */
  const tails: number[] = [];
  let length = 0;
  while (names.length < count && !reader.failed) {
    const shared = reader.u8();
    const place = reader.varint();
    if (place > tails.length / 2) {
      reader.refuse(`tail ${place} is not known, allowed are 0 to ${tails.length / 2}`);
    }
    if (place === 0) {
      const bytes = reader.varint();
      const at = bytes <= bytesMax ? reader.skip(bytes) : -1;
      if (at < 0) reader.refuse(`a name of ${bytes} bytes does not fit, allowed are ${bytesMax}`);
      tails.push(at, at + bytes);
    }
    if (reader.failed) break;
    const from = tails[(place === 0 ? tails.length : 2 * place) - 2] as number;
    const to = tails[(place === 0 ? tails.length : 2 * place) - 1] as number;
    if (shared > length || shared > SHARED_MAX || shared + to - from > bytesMax) {
      reader.refuse(
        `a name of ${shared} shared and ${to - from} own bytes does not fit, allowed are ${bytesMax}`,
      );
      break;
    }
    for (let i = from; i < to; i++) assembled[shared + i - from] = reader.bytes[i] as number;
    length = shared + to - from;
    names.push(interned.textOf(assembled, 0, length, reader));
  }
  return reader.failed ? [] : names;
}

/** Of how many ASCII characters both begin; there characters are bytes. */
export function sharedAscii(a: string, b: string): number {
  const most = Math.min(a.length, b.length, SHARED_MAX);
  let shared = 0;
  while (shared < most) {
    const unit = b.charCodeAt(shared);
    if (unit >= 0x80 || unit !== a.charCodeAt(shared)) break;
    shared++;
  }
  return shared;
}
