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
  queue.put(rumourOf(bob));

  const told = Array.from({ length: 9 }, () => queue.take(5, 4).length);

  expect(told).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0]);
  expect(queue.size).toBe(0);
});

test('[MB6] those told least come first', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob));
  queue.put(rumourOf(cat));
  queue.take(2, 4);
  queue.put(rumourOf(dan));

  expect(peersOf(queue.take(2, 4))).toEqual([dan, bob]);
  expect(peersOf(queue.take(2, 4))).toEqual([cat, dan]);
});

test('[MB6] what a peer says of itself comes before all else', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(ann));
  for (let i = 0; i < 5; i++) queue.take(1, 9);
  queue.put(rumourOf(bob));

  expect(peersOf(queue.take(1, 9))).toEqual([ann]);
  expect(peersOf(queue.take(2, 9))).toEqual([ann, bob]);
});

test('[MB6] what was said before of the same peer is not told any more', () => {
  const queue = new RumourQueue(ann);
  queue.put(rumourOf(bob, { incarnation: 1 }));
  queue.take(1, 4);

  queue.put(rumourOf(bob, { incarnation: 2 }));

  expect(queue.size).toBe(1);
  expect(queue.take(9, 4)).toEqual([rumourOf(bob, { incarnation: 2 })]);
});

function peersOf(rumours: readonly Rumour[]) {
  return rumours.map(({ peer }) => peer);
}
