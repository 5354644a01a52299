// A fixed set of seeds, each another kind of bad day. New ones are drawn by `npm run soak`; those that ever failed are
// in `pinned-seeds.test.ts`.

import { expect, test } from 'vitest';
import { type SimulationOptions, simulate } from '../../src/sim/simulation.ts';

const OPTIONS: SimulationOptions = {
  seed: 101,
  seeds: 20,
  nodes: { min: 2, max: 12 },
  virtualMs: 30_000,
  faults: 'all',
  codec: false,
  story: false,
  mutation: null,
};

for (const seed of [101, 121, 141]) {
  test(`[SM9][SM10][SM11][SM12][SM13][SM14][SM15][SM16][SM17][SM38] twenty seeds from ${seed} on pass with all faults`, () => {
    const result = simulate({ ...OPTIONS, seed }, () => {});

    expect(result.failures).toEqual([]);
    expect(result.seeds).toBe(20);
  });
}

test('[SM3] ten seeds pass with every message as bytes', () => {
  const result = simulate({ ...OPTIONS, seed: 1_001, seeds: 10, codec: true }, () => {});

  expect(result.failures).toEqual([]);
  expect(result.counts.bytes).toBeGreaterThan(0);
});

test('[SM7] a cluster without faults settles at once', () => {
  const result = simulate({ ...OPTIONS, seed: 2_001, seeds: 10, faults: 'none' }, () => {});

  expect(result.failures).toEqual([]);
  expect(result.slowestSettledMs).toBeLessThan(20_000);
});

test('[SM9] fifty nodes pass a long day', () => {
  const result = simulate({ ...OPTIONS, seed: 3_001, seeds: 1, nodes: { min: 50, max: 50 } }, () => {});

  expect(result.failures).toEqual([]);
});
