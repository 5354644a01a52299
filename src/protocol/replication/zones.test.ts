// Replication across zones: what crosses, and how soon news is everywhere.

import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { peerOf, sensorOf } from './testing.ts';
import { Mesh } from './testing-mesh.ts';

const PEERS = 64;
const ZONES = 4;
const ROUND_MS = 1_000;
const SETTLE_MS = 20 * ROUND_MS;

test('[RP47] most of what is said stays in the zone, and news is everywhere about as soon as without zones', () => {
  const [zoned, plain] = [ZONES, 1].map((zones) => {
    const roundsOf = [1, 2, 3, 4, 5].map((seed) => measured(seed, zones));
    const rounds = roundsOf.map((one) => one.rounds).sort((a, b) => a - b);
    return { rounds: rounds[2] ?? 0, crossShare: Math.max(...roundsOf.map((one) => one.crossShare)) };
  });

  expect(zoned?.crossShare).toBeLessThan(0.3);
  expect(zoned?.rounds).toBeLessThan((plain?.rounds ?? 0) + 2.5);
});

test('[RP48] a site of two zones, small enough to be told of everything at once, says each thing across once or twice', () => {
  const mesh = meshOf(1, 12, 2);
  const from = mesh.sent.length;

  for (let round = 0; round < 20; round++) {
    mesh.write(peerOf('p-00'), { kitchen: round });
    mesh.run(ROUND_MS);
  }
  mesh.run(3 * ROUND_MS);

  const copies = mesh.sent.slice(from).flatMap(({ from, to, message }) => {
    const isCrossing = indexOf(from) % 2 !== indexOf(to) % 2;
    return isCrossing && 'deltas' in message ? message.deltas.flatMap(({ records }) => records) : [];
  });
  expect(mesh.valuesOf(sensorOf('kitchen'))).toEqual(Array.from({ length: 12 }, () => 19));
  expect(copies.length).toBeLessThan(3 * 20);
});

function measured(seed: number, zones: number): { readonly rounds: number; readonly crossShare: number } {
  const mesh = meshOf(seed, PEERS, zones);
  const zoneOf = (peer: PeerId): number => indexOf(peer) % zones;
  const from = mesh.sent.length;

  mesh.write(peerOf('p-00'), { kitchen: 21.5 });
  const tookMs = mesh.runUntil(
    () => mesh.valuesOf(sensorOf('kitchen')).every((value) => value === 21.5),
    SETTLE_MS,
  );
  mesh.run(SETTLE_MS);

  const sent = mesh.sent.slice(from);
  const crossing = sent.filter(({ from, to }) => zoneOf(from) !== zoneOf(to));
  return { rounds: tookMs / ROUND_MS, crossShare: crossing.length / sent.length };
}

/** Peers at rest, the first in zone 0, the next in zone 1 and so on, round and round. */
function meshOf(seed: number, size: number, zones: number): Mesh {
  const mesh = new Mesh({ seed, replication: { gossipIntervalMs: ROUND_MS } });
  const peers = Array.from({ length: size }, (_, at) => peerOf(`p-${String(at).padStart(2, '0')}`));
  const zoneOf = (peer: PeerId): string => `hall-${indexOf(peer) % zones}`;
  for (const peer of peers) mesh.start(peer).standsIn(zoneOf(peer));
  mesh.join(...peers);
  for (const peer of peers) {
    for (const other of peers) mesh.machine(peer).memberZone(other, zoneOf(other));
  }
  mesh.run(SETTLE_MS);
  return mesh;
}

function indexOf(peer: PeerId): number {
  return Number(peer.slice(2));
}
