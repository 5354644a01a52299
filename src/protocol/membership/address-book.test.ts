import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { LIMITS } from '../../model/limits.ts';
import { AddressBook } from './address-book.ts';
import { crowd, homeOf, peerOf, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const KEPT_MS = 1_000_000;

test('[MB29] who is lost is kept until it is there again', () => {
  const book = new AddressBook(ann, [], KEPT_MS, 0);
  book.lost(rumourOf(bob), 5_000);
  book.lost(rumourOf(cat), 6_000);

  book.present(bob);

  expect(book.latest(8)).toEqual([{ peer: cat, address: homeOf(cat), seenMs: 6_000 }]);
});

test('[MB29] of too many the one not seen for longest goes', () => {
  const book = new AddressBook(ann, [], KEPT_MS, 0);

  for (const [i, peer] of crowd(LIMITS.addressesAbsentMax + 3).entries()) book.lost(rumourOf(peer), i);

  expect(book.absent).toBe(LIMITS.addressesAbsentMax);
  expect(book.latest(LIMITS.addressesAbsentMax).at(-1)?.peer).toBe('peer-3');
});

test('[MB29] half of the looks go to those seen last, the others to all', () => {
  const book = new AddressBook(ann, [], KEPT_MS, 0);
  const random = new Random(1);
  for (const [i, peer] of crowd(400).entries()) book.lost(rumourOf(peer), i);

  const looks = Array.from({ length: 4_000 }, () => book.pick(random)?.seenMs ?? -1);

  const late = looks.filter((seenMs) => seenMs >= 392).length;
  expect(late).toBeGreaterThan(1_800);
  expect(late).toBeLessThan(2_300);
  expect(new Set(looks).size).toBeGreaterThan(350);
});

test('[MB30] what was written down is read again, without this peer itself and without who was not seen for too long', () => {
  const before = new AddressBook(ann, [], KEPT_MS, 0);
  before.lost(rumourOf(bob), 10);
  const page = before.page([rumourOf(cat), rumourOf(peerOf('dan'))], 900_000);

  const after = new AddressBook(cat, page, KEPT_MS, 1_500_000);

  expect(page.map(({ peer }) => peer)).toEqual([cat, 'dan', bob]);
  expect(after.latest(8).map(({ peer }) => peer)).toEqual(['dan']);
});

test('[MB30] of those present only some are written down', () => {
  const book = new AddressBook(ann, [], KEPT_MS, 0);

  const page = book.page(
    crowd(1_000).map((peer) => rumourOf(peer)),
    1_000,
  );

  expect(page).toHaveLength(LIMITS.addressesPresentMax);
});
