// Circulant graphs: everybody in a ring, linked to those at the same offsets both ways round.

import { must } from '../kit/assert.ts';

/** Offsets 1, 2, 4 …: degree and diameter of the graph both grow as log2 of the size. */
export function doublingOffsets(size: number): readonly number[] {
  const offsets: number[] = [];
  for (let offset = 1; offset <= size / 2; offset *= 2) offsets.push(offset);
  return offsets;
}

/** The members at these offsets, each once. */
export function atOffsets<T>(ring: readonly T[], at: number, offsets: readonly number[]): readonly T[] {
  const size = ring.length;
  const found = new Set<T>();
  for (const offset of offsets) {
    found.add(must(ring[(at + offset) % size], 'an index below the length'));
    found.add(must(ring[(at - offset + size) % size], 'an index below the length'));
  }
  found.delete(must(ring[at], 'an index below the length'));
  return [...found];
}
