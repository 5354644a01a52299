import { expect, test } from 'vitest';
import { MEMBERSHIP_DEFAULTS } from './options.ts';
import { Suspicion, suspicionBounds, withAccusers } from './suspicion.ts';
import { peerOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const dan = peerOf('dan');
const BOUNDS = { minMs: 2_000, maxMs: 5_000, wanted: 3 };

test('[MB8] a suspicion nobody confirms lasts longest, and each confirmation shortens it', () => {
  const suspicion = new Suspicion(1_000);

  const ends = [1, 2, 3, 4, 5].map((accusers) => suspicion.dueMs(BOUNDS, accusers));

  expect(ends).toEqual([6_000, 4_500, 3_630, 3_000, 3_000]);
});

test('[MB8] nobody confirms twice, and more than are wanted are not named', () => {
  const said = [ann, bob];

  expect(withAccusers(said, [bob, ann])).toBe(said);
  expect(withAccusers(said, [bob, cat])).toEqual([ann, bob, cat]);
  expect(withAccusers([ann, bob, cat, dan], [peerOf('eve')])).toEqual([ann, bob, cat, dan]);
});

test('[MB8] where nobody else could confirm, a suspicion is as short as it gets', () => {
  const two = suspicionBounds(2, 1, MEMBERSHIP_DEFAULTS);

  expect(new Suspicion(0).dueMs(two, 1)).toBe(2_000);
});

test('[MB8] suspicions last longer in larger clusters, by the logarithm', () => {
  const lengths = [3, 12, 100, 1_000, 10_000].map(
    (members) => suspicionBounds(members, 1, MEMBERSHIP_DEFAULTS).minMs,
  );

  expect(lengths).toEqual([2_000, 2_000, 3_500, 5_000, 7_000]);
});

test('[MB9] a certain suspicion still gives the shortest time', () => {
  const suspicion = new Suspicion(500);

  suspicion.makeCertain();

  expect(suspicion.dueMs(BOUNDS, 1)).toBe(2_500);
});
