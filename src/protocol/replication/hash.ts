// Hashes of 52 bits, so that sums of them stay exact in a double. Not cryptographic: they find out whether two
// peers have the same, not whether one of them lies.

const RANGE = 2 ** 52;

/** A sum that does not depend on the order of its terms, and from which a term can be taken away again. */
export function plus52(a: number, b: number): number {
  const sum = a + b;
  return sum >= RANGE ? sum - RANGE : sum;
}

export function minus52(a: number, b: number): number {
  const difference = a - b;
  return difference < 0 ? difference + RANGE : difference;
}

/** 32 bits of a text (FNV-1a over its code units, with MurmurHash3's last step). */
export function hashText(text: string, seed: number): number {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return avalanche(hash ^ text.length);
}

/** 52 bits of two halves of a key and a number. */
export function hash52(a: number, b: number, n: number): number {
  const low = n | 0;
  const high = Math.floor(n / 0x1_0000_0000) | 0;
  const x = avalanche(a ^ avalanche(low ^ Math.imul(high, 0x9e37_79b1)));
  const y = avalanche(b ^ Math.imul(low, 0x85eb_ca6b) ^ avalanche(high ^ x));
  return (x >>> 0) + (y & 0xf_ffff) * 0x1_0000_0000;
}

function avalanche(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
