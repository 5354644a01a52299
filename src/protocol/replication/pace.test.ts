import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

test('[RP53] exchanges that are cut short halve how often may be asked on, complete ones add one', () => {
  const pace = new Pace();
  const whole = pace.window;

  pace.answered(true);
  pace.answered(true);
  expect(pace.window).toBe(whole / 4);
  pace.answered(false);
  expect(pace.window).toBe(whole / 4 + 1);
  for (let i = 0; i < 20; i++) pace.answered(true);
  expect(pace.window).toBe(0);
  expect(pace.mayAskOn()).toBe(false);
  for (let i = 0; i < 2 * whole; i++) pace.answered(false);

  expect(pace.window).toBe(whole);
});

test('[RP53] the number counts for each exchange anew', () => {
  const pace = new Pace();
  while (pace.window > 1) pace.answered(true);

  expect([pace.mayAskOn(), pace.mayAskOn()]).toEqual([true, false]);
  pace.answered(false);

  expect([pace.mayAskOn(), pace.mayAskOn(), pace.mayAskOn()]).toEqual([true, true, false]);
});
