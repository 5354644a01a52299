// Whom a peer gossips with. Every policy is a function of the sorted ids of those alive, so each peer knows the
// links of all others without being told, and every policy's graph is connected and symmetric. SPEC rule PR9.

import type { PeerId } from '../model/ids.ts';
import type { TopologyView } from '../model/view.ts';

export type TopologyPolicy = 'full_mesh' | 'partial' | 'ring' | 'star';

/** The neighbours of `peer` among `sorted`, which contains it; in no order. */
export function neighboursOf(
  peer: PeerId,
  sorted: readonly PeerId[],
  policy: TopologyPolicy,
): readonly PeerId[] {
  const size = sorted.length;
  const at = sorted.indexOf(peer);
  if (at < 0 || size < 2) return [];

  switch (policy) {
    case 'full_mesh':
      return sorted.filter((other) => other !== peer);
    case 'star': {
      // The centre is the peer that would win a bully election: the highest id.
      const centre = sorted[size - 1] as PeerId;
      return peer === centre ? sorted.slice(0, -1) : [centre];
    }
    case 'ring':
      return atOffsets(sorted, at, [1]);
    case 'partial': {
      // A circulant graph with offsets 1, 2, 4 …: degree and diameter both grow as log2 of the size.
      const offsets: number[] = [];
      for (let offset = 1; offset <= size / 2; offset *= 2) offsets.push(offset);
      return atOffsets(sorted, at, offsets);
    }
  }
}

/** Whom each node alive gossips with: the row of `self` as its links are, the others' as the policy has it. */
export function topologyView(
  self: PeerId,
  alive: readonly PeerId[],
  linked: Iterable<PeerId>,
  policy: TopologyPolicy,
  wallMs: number,
): readonly TopologyView[] {
  const sorted = [...alive, self].sort();
  return sorted.map((node) => {
    const neighbours = node === self ? [...linked] : [...neighboursOf(node, sorted, policy)];
    return { node, neighbours: neighbours.sort(), updatedAtMs: wallMs };
  });
}

function atOffsets(sorted: readonly PeerId[], at: number, offsets: readonly number[]): PeerId[] {
  const size = sorted.length;
  const found = new Set<PeerId>();
  for (const offset of offsets) {
    found.add(sorted[(at + offset) % size] as PeerId);
    found.add(sorted[(at - offset + size) % size] as PeerId);
  }
  found.delete(sorted[at] as PeerId);
  return [...found];
}
