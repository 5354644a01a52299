import { expect, test } from 'vitest';
import { firstBase } from './first-base.ts';
import { Producers } from './producers.ts';
import { ann, ballotOf, bob, data, entriesAfter, GROUP, producerOf, viewOf } from './testing.ts';

const base = firstBase(GROUP, viewOf([ann]));

test('[OR7] only what continues the last n of its producer fits', () => {
  const producers = new Producers([]);
  const [first] = entriesAfter(base, ballotOf(1, ann), [data(producerOf(ann), 1, 3)]);
  if (first !== undefined) producers.append(first);

  expect(producers.fits(data(producerOf(ann), 4))).toBe(true);
  expect(producers.fits(data(producerOf(ann), 3))).toBe(false);
  expect(producers.fits(data(producerOf(ann), 5))).toBe(false);
  expect(producers.fits(data(producerOf(ann, 2), 1))).toBe(true);
  expect(producers.fits(data(producerOf(bob), 2))).toBe(false);
});

test('[OR8] what the log loses the table loses, and what is committed stays', () => {
  const producers = new Producers([]);
  const entries = entriesAfter(
    base,
    ballotOf(1, ann),
    [1, 2, 3].map((n) => data(producerOf(ann), n)),
  );
  for (const entry of entries) producers.append(entry);
  for (const entry of entries.slice(0, 1)) producers.commit(entry);

  producers.recall(entries.slice(1, 2));

  expect(producers.lastN(producerOf(ann))).toBe(2);
  expect(producers.committedN(producerOf(ann))).toBe(1);
});

test('[OR9] a retired producer writes no more and keeps its row', () => {
  const producers = new Producers([]);
  const bodies = [data(producerOf(ann), 1), { kind: 'retire', producer: producerOf(ann) } as const];
  for (const entry of entriesAfter(base, ballotOf(1, ann), bodies)) {
    producers.append(entry);
    producers.commit(entry);
  }

  expect(producers.fits(data(producerOf(ann), 2))).toBe(false);
  expect(producers.rows()).toEqual([{ ...producerOf(ann), lastN: 1, lastIndex: 2, retired: true }]);
});

test('[OR8] the table that a base holds gives the same table again', () => {
  const producers = new Producers([]);
  const bodies = [data(producerOf(bob), 1, 4), data(producerOf(ann), 1), data(producerOf(ann, 2), 1)];
  for (const entry of entriesAfter(base, ballotOf(1, ann), bodies)) {
    producers.append(entry);
    producers.commit(entry);
  }

  const again = new Producers(producers.rows());

  expect(again.rows()).toEqual(producers.rows());
  expect(again.rows().map(({ origin }) => origin)).toEqual([ann, ann, bob]);
});
