import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { Graves } from './graves.ts';
import { crowd, peerOf, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');

test('[MB22] who is buried is kept for its time, counted from the last burial', () => {
  const graves = new Graves(1_000);
  graves.bury(rumourOf(ann, { status: 'dead' }), 0);
  graves.bury(rumourOf(bob, { status: 'dead' }), 100);
  graves.bury(rumourOf(ann, { status: 'dead', incarnation: 2 }), 500);

  for (let ms = 0; ms <= 1_100; ms += 100) graves.patrol(ms);

  expect(graves.get(bob)).toBeUndefined();
  expect(graves.get(ann)?.incarnation).toBe(2);
  graves.open(ann);
  expect(graves.size).toBe(0);
});

test('[MB22] of too many the longest buried goes', () => {
  const graves = new Graves(1_000);

  for (const peer of crowd(LIMITS.membersMax + 1)) graves.bury(rumourOf(peer, { status: 'dead' }), 0);

  expect(graves.size).toBe(LIMITS.membersMax);
  expect(graves.get(peerOf('peer-0'))).toBeUndefined();
});
