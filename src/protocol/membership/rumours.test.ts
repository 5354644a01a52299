import { expect, test } from 'vitest';
import type { Rumour } from '../../model/member.ts';
import { RumourQueue } from './rumours.ts';
import { peerOf, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const dan = peerOf('dan');

test('[MB5] a rumour is passed on a bounded number of times', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob), 'plain');

  const told = Array.from({ length: 9 }, () => queue.take(5, 4).length);

  expect(told).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0]);
  expect(queue.size).toBe(0);
});

test('[MB6] those told least come first', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob), 'plain');
  queue.put(rumourOf(cat), 'plain');
  queue.take(2, 4);
  queue.put(rumourOf(dan), 'plain');

  expect(peersOf(queue.take(2, 4))).toEqual([dan, bob]);
  expect(peersOf(queue.take(2, 4))).toEqual([cat, dan]);
});

test('[MB6] what a peer says of itself comes before all else', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(ann), 'plain');
  for (let i = 0; i < 5; i++) queue.take(1, 9);
  queue.put(rumourOf(bob), 'plain');

  expect(peersOf(queue.take(1, 9))).toEqual([ann]);
  expect(peersOf(queue.take(2, 9))).toEqual([ann, bob]);
});

test('[MB6] what was said before of the same peer is not told any more', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob, { incarnation: 1 }), 'plain');
  queue.take(1, 4);

  queue.put(rumourOf(bob, { incarnation: 2 }), 'plain');

  expect(queue.size).toBe(1);
  expect(queue.take(9, 4)).toEqual([rumourOf(bob, { incarnation: 2 })]);
});

test('[MB6] refutations come before what else there is to tell, however often they were told', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob), 'refutation');
  queue.take(1, 9);

  queue.put(rumourOf(cat, { status: 'dead' }), 'plain');

  expect(peersOf(queue.take(2, 9))).toEqual([bob, cat]);
});

test('[MB5] what comes back from others counts as told', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob), 'plain');
  for (let i = 0; i < 50; i++) queue.heardAgain(rumourOf(bob));

  const told = Array.from({ length: 9 }, () => queue.take(5, 12).length);

  expect(told).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0]);
  expect(queue.size).toBe(0);
});

test('[MB5] what others have already is passed on a few times only', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob), 'minor');

  const told = Array.from({ length: 30 }, () => queue.take(5, 30).length);

  expect(told.filter((count) => count > 0)).toHaveLength(4);
});

test('[MB5] something minor of what is being told changes it and goes on with it', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob, { status: 'suspected', accusers: [ann] }), 'plain');
  for (let i = 0; i < 3; i++) queue.take(5, 12);

  const confirmed = rumourOf(bob, { status: 'suspected', accusers: [ann, cat] });
  queue.put(confirmed, 'minor');

  const told = Array.from({ length: 12 }, () => queue.take(5, 12)).filter((rumours) => rumours.length > 0);
  expect(told).toEqual(Array.from({ length: 9 }, () => [confirmed]));
});

function peersOf(rumours: readonly Rumour[]) {
  return rumours.map(({ peer }) => peer);
}
