import { expect, test } from 'vitest';
import { Health } from './health.ts';

test('[MB11] health worsens to a bound and recovers step by step', () => {
  const health = new Health(4);

  health.worsen(1);
  health.worsen(99);
  expect(health.score).toBe(4);
  for (let i = 0; i < 9; i++) health.improve();

  expect(health.score).toBe(0);
});

test('[MB11] poor health stretches probes by its score, and suspicions to twice their length at most', () => {
  const health = new Health(4);
  expect([health.probeStretch, health.suspicionStretch]).toEqual([1, 1]);

  health.worsen(4);

  expect([health.probeStretch, health.suspicionStretch]).toEqual([5, 2]);
});
