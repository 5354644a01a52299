import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { Absent } from './absent.ts';
import { peerOf, sensorOf, streamOf } from './testing.ts';
import { Mesh } from './testing-mesh.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];
const LISTED_MS = 60_000;

test('[RP50] who is away for so long is told of once, and not while a sign of it comes', () => {
  const absent = new Absent((origin) => origin === cat);
  absent.heardOf(ann, 0);
  absent.heardOf(bob, 500);
  absent.heardOf(cat, 0);

  expect(absent.take(1_000, 999)).toEqual([]);
  absent.heardOf(ann, 800);
  expect(absent.take(1_000, 1_500)).toEqual([bob]);
  expect(absent.take(1_000, 1_800)).toEqual([ann]);

  expect(absent.take(1_000, 9_999)).toEqual([]);
});

test('[RP50] a dead origin leaves every digest, its readings stay, and peers stay equal', () => {
  const mesh = meshOf(1);
  mesh.write(ann, { bed: 1 });
  mesh.run(5_000);
  mesh.stop(ann);
  mesh.run(LISTED_MS - 10_000);
  expect(retiredAt(mesh, bob)).toEqual([]);

  mesh.run(30_000);
  const before = mesh.sent.length;
  mesh.run(20_000);

  for (const peer of [bob, cat, dan]) expect(retiredAt(mesh, peer)).toEqual([ann]);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([1, 1, 1]);
  for (const { message } of mesh.sent.slice(before)) {
    if ('digest' in message) expect(message.digest.kind).toBe('root');
  }
});

test('[RP50] the stream comes back with its origin', () => {
  const mesh = meshOf(2);
  mesh.write(ann, { bed: 1 });
  mesh.run(5_000);
  const disk = mesh.stop(ann);
  mesh.run(2 * LISTED_MS);

  mesh.start(ann, disk);
  mesh.join(ann, bob, cat, dan);
  mesh.run(2_000);
  mesh.write(ann, { bed: 2 });
  mesh.run(2_000);

  for (const peer of [bob, cat, dan]) expect(retiredAt(mesh, peer)).toEqual([]);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([2, 2, 2, 2]);
});

test('[RP51] a peer that joins in between keeps no dead origin alive, and shows what it said', () => {
  const mesh = meshOf(3);
  mesh.write(ann, { bed: 1 });
  mesh.run(5_000);
  mesh.stop(ann);
  const eve = peerOf('eve');
  const fay = peerOf('fay');

  mesh.run(LISTED_MS - 5_000);
  mesh.start(eve);
  mesh.join(bob, cat, dan, eve);
  mesh.run(25_000);
  mesh.start(fay);
  mesh.join(bob, cat, dan, eve, fay);
  mesh.run(10_000);

  for (const peer of [bob, cat, dan, eve, fay]) expect(retiredAt(mesh, peer)).toEqual([ann]);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([1, 1, 1, 1, 1]);
  expect(mesh.areEqual()).toBe(true);
});

test('[RP50] two sides that lost an origin at different changes agree, though both put it away', () => {
  const mesh = meshOf(4);
  mesh.write(ann, { bed: 1 });
  mesh.run(5_000);
  for (const peer of [cat, dan]) {
    mesh.cut(ann, peer);
    mesh.cut(bob, peer);
  }
  mesh.write(ann, { bed: 2 });
  mesh.run(2_000);
  mesh.stop(ann);
  mesh.run(2 * LISTED_MS);

  mesh.join(bob, cat, dan);
  mesh.run(5_000);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([2, 2, 2]);
  mesh.run(2 * LISTED_MS);

  for (const peer of [bob, cat, dan]) expect(retiredAt(mesh, peer)).toEqual([ann]);
  expect(mesh.machine(dan).upto(streamOf(ann))).toBe(2);
});

function meshOf(seed: number): Mesh {
  const mesh = new Mesh({ seed, replication: { absentListedMs: LISTED_MS } });
  for (const peer of [ann, bob, cat, dan]) mesh.start(peer);
  mesh.join(ann, bob, cat, dan);
  mesh.run(100);
  return mesh;
}

function retiredAt(mesh: Mesh, peer: PeerId): PeerId[] {
  return mesh
    .machine(peer)
    .streams()
    .filter(({ retired }) => retired)
    .map(({ origin }) => origin);
}
