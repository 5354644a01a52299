import { expect, test } from 'vitest';
import { LIMITS } from '../model/limits.ts';
import { Cadences } from './cadences.ts';

const MINUTE = 60_000;

test('[RE2] the cadence is the median of the last eight intervals, whatever three of them were', () => {
  const { cadences, slot } = learned([10_000, 10_000, 600_000, 10_000, 1_000, 10_000, 20_000, 10_000]);

  expect(cadences.cadenceMs(slot)).toBe(10_000);
  expect(cadences.staleAfterMs(slot)).toBe(30_000);
});

test('[RE2] fewer than four intervals teach nothing, and what the origin declared counts until then', () => {
  const { cadences, slot } = learned([10_000, 10_000, 10_000]);
  const before = [cadences.cadenceMs(slot), cadences.staleAfterMs(slot)];

  cadences.declare(slot, 5_000);
  const declared = [cadences.cadenceMs(slot), cadences.staleAfterMs(slot)];
  cadences.arrived(slot, cadences.lastSeenMs(slot) + 10_000);

  expect(before).toEqual([null, 300_000]);
  expect(declared).toEqual([5_000, 15_000]);
  expect([cadences.cadenceMs(slot), cadences.staleAfterMs(slot)]).toEqual([10_000, 30_000]);
});

test('[RE2] readings that come together are one arrival', () => {
  const cadences = new Cadences();
  const slot = cadences.open(MINUTE) ?? 0;
  for (let burst = 1; burst <= 6; burst++) {
    for (let at = 0; at < 60; at++) cadences.arrived(slot, burst * MINUTE + at * 5);
  }

  expect(cadences.cadenceMs(slot)).toBe(MINUTE);
});

test('[RE2] a sensor that changes its pace is followed within five readings', () => {
  const { cadences, slot } = learned([...Array(20).fill(1_000), ...Array(5).fill(30_000)]);

  expect(cadences.cadenceMs(slot)).toBe(30_000);
});

test('[RE3] of a sensor that speaks when something happens, the longest interval counts', () => {
  const { cadences, slot } = learned([2_000, 3_000, 900_000, 1_000, 4_000, 500_000, 2_000, 3_000]);

  expect(cadences.staleAfterMs(slot)).toBe(2_700_000);
});

test('[RE3] no learned cadence makes a sensor stale within three seconds', () => {
  const { cadences, slot } = learned(Array(20).fill(100));

  expect(cadences.staleAfterMs(slot)).toBe(3_000);
});

test('[RE1] sensors are learned up to a limit, and one that is forgotten leaves its place', () => {
  const cadences = new Cadences();
  for (let at = 0; at < LIMITS.registrySensorsMax; at++) cadences.open(at);

  const beyond = cadences.open(1);
  cadences.close(7);

  expect([beyond, cadences.open(1)]).toEqual([null, 7]);
});

function learned(intervals: readonly number[]) {
  const cadences = new Cadences();
  const slot = cadences.open(1_000) ?? 0;
  let atMs = 1_000;
  cadences.arrived(slot, atMs);
  for (const interval of intervals) {
    atMs += interval;
    cadences.arrived(slot, atMs);
  }
  return { cadences, slot };
}
