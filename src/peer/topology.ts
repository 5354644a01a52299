// Whom a peer gossips with. Every policy is a function of the members alive and their zones, so each peer knows
// the links of all others without being told, every policy's graph is connected and symmetric, and the place of a
// member that is gone is taken at once. SPEC rules PR9, PR13, PR14.
//
//   full_mesh   everybody; links are opened on demand, and the host closes those that are idle
//   partial     a circulant graph in each zone, and a few links between zones that are near in their own ring
//   ring        one before and one after, zone by zone
//   star        one centre, or in a cluster too large for one, several, and two for each other peer

import { must } from '../kit/assert.ts';
import { compareText } from '../kit/order.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { TopologyView } from '../model/view.ts';
import { atOffsets, doublingOffsets } from './circulant.ts';
import { zoneLinksOf } from './zone-links.ts';

export type TopologyPolicy = 'full_mesh' | 'partial' | 'ring' | 'star';

/** Those alive, by id, and where each stands. */
export interface Standings {
  readonly sorted: readonly PeerId[];
  zoneOf(peer: PeerId): string;
}

/** The neighbours of `peer` among `standings`, which contain it; in no order. */
export function neighboursOf(peer: PeerId, standings: Standings, policy: TopologyPolicy): readonly PeerId[] {
  const { sorted } = standings;
  if (sorted.length < 2 || !sorted.includes(peer)) return [];

  switch (policy) {
    case 'full_mesh':
      return sorted.filter((other) => other !== peer);
    case 'star':
      return inStar(peer, sorted);
    case 'ring': {
      const ring = [...zonesOf(standings).values()].flat();
      return atOffsets(ring, ring.indexOf(peer), [1]);
    }
    case 'partial': {
      const zones = zonesOf(standings);
      const zone = standings.zoneOf(peer);
      const own = must(zones.get(zone), 'a peer that is alive is in its zone');
      const near = atOffsets(own, own.indexOf(peer), doublingOffsets(own.length));
      return [...near, ...zoneLinksOf(peer, zone, zones)];
    }
  }
}

/** Whom each node alive gossips with: the row of `self` as its links are, the others' as the policy has it. */
export function topologyView(
  self: PeerId,
  standings: Standings,
  linked: Iterable<PeerId>,
  policy: TopologyPolicy,
  wallMs: number,
): readonly TopologyView[] {
  return standings.sorted.map((node) => {
    const neighbours = node === self ? [...linked] : [...neighboursOf(node, standings, policy)];
    return { node, neighbours: neighbours.sort(), updatedAtMs: wallMs };
  });
}

/**
 * The highest ids are centres, as they would win a bully election. Where one is not enough, each leaf has two of
 * them, a different pair from leaf to leaf, so that news gets from any centre to all others by way of leaves. (PR13)
 */
function inStar(peer: PeerId, sorted: readonly PeerId[]): readonly PeerId[] {
  const size = sorted.length;
  const centreCount = size <= LIMITS.starLeavesMax + 1 ? 1 : Math.ceil((2 * size) / LIMITS.starLeavesMax);
  const leafCount = size - centreCount;
  const at = sorted.indexOf(peer);
  if (at < leafCount) return centresOf(at, centreCount).map((centre) => nameAt(sorted, leafCount + centre));
  return sorted.filter(
    (_, leaf) => leaf < leafCount && centresOf(leaf, centreCount).includes(at - leafCount),
  );
}

/** By number: one round for each distance between two centres. */
function centresOf(leaf: number, centreCount: number): readonly number[] {
  const first = leaf % centreCount;
  if (centreCount === 1) return [first];
  const distance = 1 + (Math.floor(leaf / centreCount) % (centreCount - 1));
  return [first, (first + distance) % centreCount];
}

function nameAt(sorted: readonly PeerId[], at: number): PeerId {
  return must(sorted[at], 'an index below the length');
}

/** Members by zone, both by name. */
function zonesOf({ sorted, zoneOf }: Standings): ReadonlyMap<string, readonly PeerId[]> {
  const zones = new Map<string, PeerId[]>();
  for (const peer of sorted) {
    const zone = zoneOf(peer);
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [peer]);
    else members.push(peer);
  }
  if (zones.size === 1) return zones;
  return new Map([...zones].sort(([a], [b]) => compareText(a, b)));
}
