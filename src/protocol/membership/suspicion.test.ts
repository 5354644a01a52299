import { expect, test } from 'vitest';
import { Health } from './health.ts';
import { MEMBERSHIP_DEFAULTS } from './options.ts';
import { Suspicion, suspicionBounds } from './suspicion.ts';
import { peerOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const dan = peerOf('dan');
const BOUNDS = { minMs: 2_000, maxMs: 5_000, wanted: 3 };

test('[MB8] a suspicion nobody confirms lasts longest, and each confirmation shortens it', () => {
  const suspicion = new Suspicion(ann, 1_000);

  const ends = [bob, cat, dan].map((peer) => {
    const endsMs = suspicion.dueMs(BOUNDS);
    expect(suspicion.confirm(peer)).toBe(true);
    return endsMs;
  });

  expect([...ends, suspicion.dueMs(BOUNDS)]).toEqual([6_000, 4_500, 3_630, 3_000]);
});

test('[MB8] nobody confirms twice', () => {
  const suspicion = new Suspicion(ann, 0);

  expect(suspicion.confirm(bob)).toBe(true);

  expect(suspicion.confirm(bob)).toBe(false);
  expect(suspicion.confirm(ann)).toBe(false);
});

test('[MB8] where nobody else could confirm, a suspicion is as short as it gets', () => {
  const two = suspicionBounds(2, new Health(4), MEMBERSHIP_DEFAULTS);

  expect(new Suspicion(ann, 0).dueMs(two)).toBe(2_000);
});

test('[MB8] suspicions last longer in larger clusters, by the logarithm', () => {
  const lengths = [3, 12, 100, 1_000, 10_000].map(
    (members) => suspicionBounds(members, new Health(4), MEMBERSHIP_DEFAULTS).minMs,
  );

  expect(lengths).toEqual([2_000, 2_000, 3_500, 5_000, 7_000]);
});

test('[MB9] a certain suspicion still gives the shortest time', () => {
  const suspicion = new Suspicion(ann, 500);

  suspicion.makeCertain();

  expect(suspicion.dueMs(BOUNDS)).toBe(2_500);
});
