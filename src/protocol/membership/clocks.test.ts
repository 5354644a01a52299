import { expect, test } from 'vitest';
import { Clocks } from './clocks.ts';
import { peerOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');

test('[MB24] one other clock says nothing: it may be the wrong one', () => {
  const clocks = new Clocks(1_000);

  clocks.measured(ann, 60_000);

  expect(clocks.offsetMs(0)).toBe(0);
});

test('[MB24] two others that disagree say nothing, two that agree do', () => {
  const clocks = new Clocks(1_000);
  clocks.measured(ann, 60_000);
  clocks.measured(bob, 0);
  expect(clocks.offsetMs(0)).toBe(0);

  clocks.measured(bob, 60_400);

  expect(clocks.offsetMs(0)).toBe(60_200);
});

test('[MB24] one clock far off does not move the median of the others', () => {
  const clocks = new Clocks(1_000);

  clocks.measured(ann, 100);
  clocks.measured(bob, 86_400_000);
  clocks.measured(cat, 300);

  expect(clocks.offsetMs(250)).toBe(50);
});

test('[MB24] a jump of the own clock shows at once', () => {
  const clocks = new Clocks(1_000);
  clocks.measured(ann, 5_000);
  clocks.measured(bob, 5_000);
  expect(clocks.offsetMs(5_000)).toBe(0);

  expect(clocks.offsetMs(5_000 - 3_600_000)).toBe(3_600_000);
});

test('[MB24] only the clocks measured last are kept, and none of who is gone', () => {
  const clocks = new Clocks(1_000);
  for (let i = 0; i < 100; i++) clocks.measured(peerOf(`old-${i}`), 0);
  for (let i = 0; i < 63; i++) clocks.measured(peerOf(`new-${i}`), 90_000);
  expect(clocks.offsetMs(0)).toBe(90_000);

  for (let i = 0; i < 62; i++) clocks.forget(peerOf(`new-${i}`));

  expect(clocks.offsetMs(0)).toBe(0);
});
