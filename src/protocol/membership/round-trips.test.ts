import { expect, test } from 'vitest';
import { RoundTrips } from './round-trips.ts';

test('[MB7] as long as nothing was measured, an answer may take as long as it ever may', () => {
  expect(new RoundTrips().timeoutMs(100, 300)).toBe(300);
});

test('[MB7] on a fast network an answer may take as long as a process may be busy', () => {
  const roundTrips = new RoundTrips();

  for (let i = 0; i < 20; i++) roundTrips.measured(2 + (i % 3));

  expect(roundTrips.timeoutMs(100, 300)).toBe(100);
});

test('[MB7] where answers take longer, or as long now and then, more of them are waited for', () => {
  const [slow, uneven] = [new RoundTrips(), new RoundTrips()];

  for (let i = 0; i < 40; i++) {
    slow.measured(150);
    uneven.measured(i % 2 === 0 ? 20 : 60);
  }

  expect(slow.timeoutMs(100, 300)).toBeGreaterThanOrEqual(150);
  expect(uneven.timeoutMs(100, 300)).toBeGreaterThan(100);
  for (let i = 0; i < 40; i++) slow.measured(5_000);
  expect(slow.timeoutMs(100, 300)).toBe(300);
});
