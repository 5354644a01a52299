// Spoils bytes in the ways that break decoders: bits, edges of numbers, lengths, pieces cut out, said twice, taken from
// another input or from a dictionary of what the format is made of.

import type { Random } from '../../src/kit/random.ts';

const BYTES_MAX = 16_384;
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff];

export function spoil(
  random: Random,
  bytes: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
): Uint8Array {
  let spoilt = bytes;
  const turns = 1 + random.below(4);
  for (let turn = 0; turn < turns; turn++) spoilt = spoilOnce(random, spoilt, other, words);
  return spoilt.subarray(0, BYTES_MAX);
}

function spoilOnce(
  random: Random,
  bytes: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(Math.min(64, bytes.length - at + 1));
  switch (random.below(9)) {
    case 0:
      return changed(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return changed(bytes, at, () => EDGES[random.below(EDGES.length)] ?? 0);
    case 2:
      return changed(bytes, at, () => random.below(256));
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 6: {
      const from = random.below(other.length + 1);
      return joined(bytes.subarray(0, at), other.subarray(from));
    }
    case 7: {
      // The same again and again: what nests, nests deeply.
      const piece = bytes.subarray(at, at + Math.min(length, 8));
      return joined(bytes.subarray(0, at), ...Array.from({ length: 200 }, () => piece), bytes.subarray(at));
    }
    default: {
      const word = words[random.below(Math.max(1, words.length))] ?? Uint8Array.of(random.below(256));
      return joined(bytes.subarray(0, at), word, bytes.subarray(random.chance(0.5) ? at : at + word.length));
    }
  }
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (at < copy.length) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
