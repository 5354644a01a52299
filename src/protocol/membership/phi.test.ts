import { expect, test } from 'vitest';
import { Member } from './member.ts';
import { Arrivals, PHI_WINDOW } from './phi.ts';
import { peerOf, rumourOf } from './testing.ts';

test('[MB13] phi is null before the member was heard, and then grows with its silence', () => {
  const member = new Member(rumourOf(peerOf('ann')), 0);
  expect(member.arrivals).toBeNull();

  member.heardBy('direct', 5_000, 5_000, 1_000, 500);

  expect(member.arrivals?.phi(5_000)).toBe(0);
  expect(member.arrivals?.phi(6_000)).toBeCloseTo(1 / Math.LN10, 9);
  expect(member.arrivals?.phi(7_000)).toBeCloseTo(2 / Math.LN10, 9);
});

test('[MB13] the interval expected is the mean of those seen, the initial one among them', () => {
  const arrivals = new Arrivals(1_000, 0);

  for (const atMs of [3_000, 8_000]) arrivals.heard(atMs, 500);

  expect(arrivals.samples).toBe(2);
  expect(arrivals.crossesAt(1)).toBeCloseTo(8_000 + 3_000 * Math.LN10, 6);
});

test('[MB13] a burst counts as one arrival, but ends the silence', () => {
  const arrivals = new Arrivals(1_000, 0);

  for (let atMs = 0; atMs <= 2_000; atMs += 1_000) {
    for (let i = 0; i < 100; i++) arrivals.heard(atMs + i, 500);
  }

  expect(arrivals.samples).toBe(2);
  expect(arrivals.crossesAt(1)).toBeCloseTo(2_099 + 1_000 * Math.LN10, 6);
});

test('[MB13] older intervals fade, so that a member may change its pace', () => {
  const arrivals = new Arrivals(1_000, 0);
  for (let i = 1; i < 100; i++) arrivals.heard(1_000 * i, 500);

  for (let i = 0; i < 5 * PHI_WINDOW; i++) arrivals.heard(100_000 + 4_000 * i, 500);

  const lastMs = 100_000 + 4_000 * (5 * PHI_WINDOW - 1);
  const meanMs = (arrivals.crossesAt(1) - lastMs) / Math.LN10;
  expect(meanMs).toBeGreaterThan(3_950);
  expect(meanMs).toBeLessThanOrEqual(4_000);
});

test('[MB14] the moment of the crossing is the one at which phi has the threshold', () => {
  const arrivals = new Arrivals(1_000, 100);
  arrivals.heard(1_300, 500);

  const crossesAt = arrivals.crossesAt(3);

  expect(arrivals.phi(crossesAt)).toBeCloseTo(3, 9);
});

test('[MB13] the silence between two lives of a member is no interval', () => {
  const member = new Member(rumourOf(peerOf('ann')), 0);
  member.heardBy('direct', 0, 0, 1_000, 500);

  member.beginsAnew();
  expect(member.arrivals).toBeNull();
  member.heardBy('direct', 100_000, 100_000, 1_000, 500);

  expect(member.arrivals?.samples).toBe(0);
  expect(member.arrivals?.phi(100_000)).toBe(0);
});
