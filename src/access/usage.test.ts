import { expect, test } from 'vitest';
import { Usage } from './usage.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

test('[AC6] a rate takes what has come together, a batch of any size with it, and then waits until the debt is paid', () => {
  const { usage, clock } = usageOf({ ratePerS: 10, bytesPerDay: null });

  expect(usage.take(100, 1)).toBeNull();
  expect(usage.take(1, 1)).toEqual({ bound: 'rate', retryAfterS: 10 });
  clock.ms += 8_000;
  expect(usage.take(1, 1)).toMatchObject({ bound: 'rate' });
  clock.ms += 1_200;
  expect(usage.take(1, 1)).toBeNull();
});

test('[AC6] a rate gathers no more than a second', () => {
  const { usage, clock } = usageOf({ ratePerS: 2, bytesPerDay: null });
  clock.ms += 60_000;

  const taken = [1, 2, 3, 4].map(() => usage.take(1, 1));

  expect(taken.map((overuse) => overuse === null)).toEqual([true, true, false, false]);
});

test('[AC6] a quota takes nothing beyond it, and begins anew with the day', () => {
  const { usage, clock } = usageOf({ ratePerS: null, bytesPerDay: 100 });

  expect(usage.take(1, 60)).toBeNull();
  expect(usage.take(1, 41)).toEqual({ bound: 'quota', retryAfterS: 43_200 });
  expect(usage.take(1, 40)).toBeNull();
  expect(usage.take(1, 1)).toMatchObject({ bound: 'quota' });
  clock.ms += 12 * 3_600_000;
  expect(usage.take(1, 100)).toBeNull();
});

function usageOf(bounds: ConstructorParameters<typeof Usage>[0]) {
  const clock = { ms: 0 };
  const usage = new Usage(bounds, { wallMs: () => NOON + clock.ms, steadyMs: () => clock.ms });
  return { usage, clock };
}
