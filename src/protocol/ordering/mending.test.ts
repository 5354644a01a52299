import { expect, test } from 'vitest';
import { Mending } from './mending.ts';
import { ballotOf, bob, cat } from './testing.ts';

test("[OR45] a damaged log is whole when it reaches as far as the leader's did when it was first heard", () => {
  const mending = new Mending(true);
  mending.heard(ballotOf(3, bob), 20);
  mending.heard(ballotOf(3, bob), 90);

  const tooShort = mending.reached(ballotOf(3, bob), 20, 19);
  const whole = mending.reached(ballotOf(3, bob), 20, 20);

  expect([tooShort, whole, mending.isDamaged]).toEqual([false, true, false]);
});

test('[OR45] what another leader has is not what this one had', () => {
  const mending = new Mending(true);
  mending.heard(ballotOf(3, bob), 20);

  const underOther = mending.reached(ballotOf(4, cat), 99, 99);
  mending.heard(ballotOf(4, cat), 30);

  expect(underOther).toBe(false);
  expect(mending.reached(ballotOf(4, cat), 30, 30)).toBe(true);
});
