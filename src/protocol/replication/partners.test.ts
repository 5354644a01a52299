import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import { Names } from '../../model/names.ts';
import { Partners } from './partners.ts';
import { peerOf } from './testing.ts';

const CROSS_ZONE_EVERY = 10;

test('[RP29] partners are drawn without a repetition, and never a busy one', () => {
  const partners = partnersOf({ '': 5 });
  const busy = partners.find(peerOf('p-0'));
  if (busy) busy.busy = true;

  const picked = partners.pick(5, new Random(1)).map(({ peer }) => peer);

  expect(picked.toSorted()).toEqual(['p-1', 'p-2', 'p-3', 'p-4']);
});

test('[RP47] where nobody says where it stands, partners are drawn as if there were no zones', () => {
  const share = crossShareOf(partnersOf({ '': 40 }), '');

  expect(share).toBe(0);
});

test('[RP47] of a large zone one partner in so many is of another zone', () => {
  const share = crossShareOf(partnersOf({ east: 300, west: 300 }, 'east'), 'east');

  expect(share).toBeGreaterThan(0.9 / CROSS_ZONE_EVERY);
  expect(share).toBeLessThan(1.1 / CROSS_ZONE_EVERY);
});

test('[RP47] of a small zone as many are of other zones as there are other zones for each of its peers', () => {
  // Eight peers speak with three other zones: three in eight, so that each zone may expect one a round.
  const share = crossShareOf(partnersOf({ a: 7, b: 40, c: 40, d: 40 }, 'a'), 'a');

  expect(share).toBeGreaterThan(0.95 * (3 / 8));
  expect(share).toBeLessThan(1.05 * (3 / 8));
});

test('[RP47] a zone of few peers is not called upon more often than if there were no zones', () => {
  const share = crossShareOf(partnersOf({ hall: 199, gate: 1 }, 'hall'), 'hall');

  expect(share).toBeGreaterThan(0.8 / 200);
  expect(share).toBeLessThan(1.2 / 200);
});

test('[RP47] a peer that is alone in its zone speaks with the others', () => {
  expect(crossShareOf(partnersOf({ hall: 20 }, 'gate'), 'gate')).toBe(1);
});

test('[RP47] where a zone has fewer peers than are asked for, the others make up for it', () => {
  const partners = partnersOf({ east: 2, west: 30 }, 'east');

  expect(partners.pick(8, new Random(1))).toHaveLength(8);
});

test('[RP47] a peer that turns up in another zone is counted there', () => {
  const partners = partnersOf({ east: 20 }, 'east');

  for (let at = 0; at < 20; at++) partners.setZone(peerOf(`p-${at}`), 'west');

  expect(crossShareOf(partners, 'east')).toBe(1);
});

/** Alive peers, so many in each zone. */
function partnersOf(zones: { readonly [zone: string]: number }, ownZone = ''): Partners {
  const partners = new Partners(CROSS_ZONE_EVERY, new Names());
  partners.standsIn(ownZone);
  let at = 0;
  for (const [zone, count] of Object.entries(zones)) {
    for (let i = 0; i < count; i++) {
      const peer: PeerId = peerOf(`p-${at++}`);
      partners.setAlive(peer, true);
      partners.setZone(peer, zone);
    }
  }
  return partners;
}

/** Of many partners drawn one by one. */
function crossShareOf(partners: Partners, ownZone: string): number {
  const random = new Random(1);
  const draws = 20_000;
  let crossing = 0;
  for (let draw = 0; draw < draws; draw++) {
    if (partners.pick(1, random)[0]?.zone !== ownZone) crossing++;
  }
  return crossing / draws;
}
