import { expect, test } from 'vitest';
import type { PeerId } from './ids.ts';
import { Names, PeerMap, PeerSet } from './names.ts';

const [ann, bob, cat] = ['ann', 'bob', 'cat'] as PeerId[] as [PeerId, PeerId, PeerId];

test('[MB25] a map by peer finds, replaces and drops, and walks what is left', () => {
  const map = new PeerMap<{ readonly age: number }>(new Names());

  map.set(ann, { age: 1 });
  map.set(bob, { age: 2 });
  map.set(ann, { age: 3 });
  map.delete(bob);
  map.delete(bob);
  map.set(cat, { age: 4 });

  expect([map.size, map.get(ann)?.age, map.get(bob), map.get(cat)?.age]).toEqual([2, 3, undefined, 4]);
  expect([...map.keys()]).toEqual([ann, cat]);
  expect([...map.values()].map(({ age }) => age)).toEqual([3, 4]);
});

test('[MB25] a number is used again once no map holds its id, and not before', () => {
  const names = new Names();
  const [one, other] = [new PeerMap<object>(names), new PeerMap<object>(names)];
  one.set(ann, {});
  other.set(ann, {});

  one.delete(ann);
  const heldStill = names.find(ann);
  other.delete(ann);
  other.set(bob, {});

  expect(heldStill).toBe(0);
  expect([names.find(ann), names.find(bob)]).toEqual([-1, 0]);
  expect(one.get(bob)).toBeUndefined();
});

test('[MB25] a set of peers knows who is in it, however many there are', () => {
  const names = new Names();
  const set = new PeerSet(names);
  const peers = Array.from({ length: 100 }, (_, i) => `p${i}` as PeerId);

  for (const peer of peers) set.add(peer);
  const [first, , third] = peers;
  const left = [first, third, first].map((peer) => set.delete(peer as PeerId));

  expect(left).toEqual([true, true, false]);
  expect([...set]).toEqual(peers.filter((peer) => peer !== first && peer !== third));
  expect([set.has(first as PeerId), names.find(first as PeerId)]).toEqual([false, -1]);
});
