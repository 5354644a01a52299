import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { neighboursOf, type Standings, type TopologyPolicy } from './topology.ts';

const POLICIES: readonly TopologyPolicy[] = ['full_mesh', 'partial', 'ring', 'star'];
const SIZES = [...Array.from({ length: 20 }, (_, at) => at + 1), 33, 64, 140];
/** Nobody said; two halves; many that are small, of unequal size, and one that stands alone. */
const ZONINGS: readonly ((at: number) => string)[] = [
  () => '',
  (at) => (at % 2 === 0 ? 'east' : 'west'),
  (at) => `hall-${Math.floor(Math.sqrt(at))}`,
  (at) => (at === 0 ? 'gate' : 'hall'),
];

for (const policy of POLICIES) {
  test(`[PR9] ${policy}: the graph is symmetric, connected and without loops, at any size and in any zones`, () => {
    for (const zoneAt of ZONINGS) {
      for (const size of SIZES) {
        const standings = standingsOf(size, zoneAt);
        const links = linksOf(standings, policy);

        expect(faultsOf(links)).toEqual([]);
        expect(reachable(standings.sorted[0] as PeerId, links).size).toBe(size);
      }
    }
  });
}

test('[PR13] partial, ring and star keep the degree of everybody bounded in a cluster of a thousand', () => {
  for (const zoneAt of ZONINGS) {
    expect(degreeMax('partial', zoneAt)).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)) + 2);
    expect(degreeMax('ring', zoneAt)).toBe(2);
    expect(degreeMax('star', zoneAt)).toBeLessThanOrEqual(LIMITS.starLeavesMax);
  }
});

test('[PR13] ring has two neighbours, star one centre', () => {
  const standings = standingsOf(10);
  const peers = standings.sorted;

  expect(neighboursOf(peers[0] as PeerId, standings, 'ring')).toEqual([peers[1], peers[9]]);
  expect(neighboursOf(peers[0] as PeerId, standings, 'star')).toEqual([peers[9]]);
  expect(neighboursOf(peers[9] as PeerId, standings, 'star')).toHaveLength(9);
});

test('[PR13] in a star too large for one centre each leaf has two, and every two centres share leaves', () => {
  const standings = standingsOf(500);
  const centres = new Set(standings.sorted.slice(-8));

  const links = linksOf(standings, 'star');

  const pairs = new Set<string>();
  for (const [peer, neighbours] of links) {
    if (centres.has(peer)) continue;
    expect(neighbours).toHaveLength(2);
    pairs.add(neighbours.toSorted().join(' '));
  }
  expect(pairs.size).toBe((8 * 7) / 2);
});

test('[PR9] the place of a neighbour that is gone is taken, and most links stay as they were', () => {
  const before = standingsOf(100);
  const gone = before.sorted[50] as PeerId;
  const after = { ...before, sorted: before.sorted.filter((peer) => peer !== gone) };

  const links = linksOf(after, 'partial');

  expect(reachable(before.sorted[0] as PeerId, links).size).toBe(99);
  for (const neighbours of links.values()) {
    expect(neighbours).not.toContain(gone);
    expect(neighbours.length).toBeGreaterThanOrEqual(12);
  }
});

test('[PR14] in partial most links stay in the zone, and every zone has links to others', () => {
  const standings = standingsOf(200, (at) => `hall-${at % 4}`);

  const links = linksOf(standings, 'partial');

  const crossing = [...links].map(
    ([peer, all]) => all.filter((other) => standings.zoneOf(other) !== standings.zoneOf(peer)).length,
  );
  const all = [...links.values()].flat().length;
  expect(crossing.reduce((sum, count) => sum + count)).toBeLessThan(0.05 * all);
  expect(Math.max(...crossing)).toBe(1);
  for (let zone = 0; zone < 4; zone++) {
    expect(crossing.filter((_, at) => at % 4 === zone).reduce((sum, count) => sum + count)).toBeGreaterThan(
      5,
    );
  }
});

test('[PR14] two zones stay in one piece when any one of their members is cut off from its links', () => {
  const standings = standingsOf(40, (at) => (at % 2 === 0 ? 'east' : 'west'));
  const links = linksOf(standings, 'partial');

  for (const lost of standings.sorted) {
    const left = new Map(
      [...links]
        .filter(([peer]) => peer !== lost)
        .map(([peer, all]) => [peer, all.filter((other) => other !== lost)]),
    );
    const [first] = left.keys();
    expect(reachable(first as PeerId, left).size).toBe(39);
  }
});

test('[PR14] a ring goes from zone to zone', () => {
  const standings = standingsOf(30, (at) => `hall-${at % 3}`);

  const links = linksOf(standings, 'ring');

  const crossing = [...links].flatMap(([peer, all]) =>
    all.filter((other) => standings.zoneOf(other) !== standings.zoneOf(peer)),
  );
  expect(crossing).toHaveLength(6);
});

test('[PR9] a peer that is not among those alive has no neighbours', () => {
  expect(neighboursOf('zoe' as PeerId, standingsOf(3), 'full_mesh')).toEqual([]);
});

function standingsOf(size: number, zoneAt: (at: number) => string = () => ''): Standings {
  const sorted = Array.from({ length: size }, (_, at) => `p${String(at).padStart(4, '0')}` as PeerId);
  const zones = new Map(sorted.map((peer, at) => [peer, zoneAt(at)]));
  return { sorted, zoneOf: (peer) => zones.get(peer) ?? '' };
}

function linksOf(standings: Standings, policy: TopologyPolicy): Map<PeerId, readonly PeerId[]> {
  return new Map(standings.sorted.map((peer) => [peer, neighboursOf(peer, standings, policy)]));
}

/** Loops, links that are named twice, and those that only one side knows of. */
function faultsOf(links: ReadonlyMap<PeerId, readonly PeerId[]>): string[] {
  const sets = new Map([...links].map(([peer, neighbours]) => [peer, new Set(neighbours)]));
  return [...links].flatMap(([peer, neighbours]) => {
    const others = neighbours.filter((other) => other === peer || !sets.get(other)?.has(peer));
    return sets.get(peer)?.size === neighbours.length ? others : [...others, `${peer} twice`];
  });
}

function degreeMax(policy: TopologyPolicy, zoneAt: (at: number) => string): number {
  return Math.max(...[...linksOf(standingsOf(1_000, zoneAt), policy).values()].map(({ length }) => length));
}

function reachable(from: PeerId, links: ReadonlyMap<PeerId, readonly PeerId[]>): Set<PeerId> {
  const seen = new Set([from]);
  const open = [from];
  for (let peer = open.pop(); peer !== undefined; peer = open.pop()) {
    for (const next of links.get(peer) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return seen;
}
