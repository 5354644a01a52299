import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { neighboursOf, type TopologyPolicy } from './topology.ts';

const POLICIES: readonly TopologyPolicy[] = ['full_mesh', 'partial', 'ring', 'star'];

for (const policy of POLICIES) {
  test(`[PR9] ${policy}: the graph is symmetric, connected and without loops, at any size`, () => {
    for (let size = 1; size <= 40; size++) {
      const peers = peersOf(size);
      const links = new Map(peers.map((peer) => [peer, neighboursOf(peer, peers, policy)]));

      for (const [peer, neighbours] of links) {
        expect(neighbours).not.toContain(peer);
        expect(new Set(neighbours).size).toBe(neighbours.length);
        for (const other of neighbours) expect(links.get(other)).toContain(peer);
      }
      expect(reachable(peers[0] as PeerId, links).size).toBe(size);
    }
  });
}

test('[PR9] partial keeps the degree logarithmic', () => {
  const peers = peersOf(1_000);

  expect(neighboursOf(peers[17] as PeerId, peers, 'partial').length).toBeLessThanOrEqual(20);
});

test('[PR9] ring has two neighbours, star one centre', () => {
  const peers = peersOf(10);

  expect(neighboursOf(peers[0] as PeerId, peers, 'ring')).toEqual([peers[1], peers[9]]);
  expect(neighboursOf(peers[0] as PeerId, peers, 'star')).toEqual([peers[9]]);
  expect(neighboursOf(peers[9] as PeerId, peers, 'star')).toHaveLength(9);
});

test('[PR9] a peer that is not among those alive has no neighbours', () => {
  expect(neighboursOf('zoe' as PeerId, peersOf(3), 'full_mesh')).toEqual([]);
});

function peersOf(size: number): PeerId[] {
  return Array.from({ length: size }, (_, index) => `p${String(index).padStart(4, '0')}` as PeerId);
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
