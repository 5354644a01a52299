import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import type { OrderState } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import { firstBase } from './first-base.ts';
import { bestSurvivor, regroup, type Survivor } from './recover-group.ts';
import {
  ann,
  ballotOf,
  bob,
  cat,
  data,
  entriesAfter,
  GROUP,
  memberOf,
  producerOf,
  viewOf,
} from './testing.ts';

test('[OR50] the best log among all survivors is the one with the last ballot, then the longest, and a sound one', () => {
  const long = survivorOf(ann, 1, 9);
  const late = survivorOf(bob, 2, 3);
  const damaged = {
    ...survivorOf(cat, 3, 9),
    log: { ...survivorOf(cat, 3, 9).log, damaged: [{ from: 9, to: 9 }] },
  };

  expect(bestSurvivor([long, late, damaged])?.member.peer).toBe(bob);
  expect(bestSurvivor([survivorOf(ann, 2, 4), late])?.member.peer).toBe(ann);
  expect(bestSurvivor([])).toBeNull();
});

test('[OR50] a group begun anew has the survivor as its voter, all of its log, and says what it knows to be sure', () => {
  const survivor = survivorOf(bob, 2, 5, 3);

  const { state, base, knownSequence, lastSequence } = regroup(survivor, '01bbbbbbbbbbbbbb');

  expect(state).toMatchObject({ group: '01bbbbbbbbbbbbbb', floor: 5, damaged: false });
  expect(base).toMatchObject({ group: '01bbbbbbbbbbbbbb', index: 5, nextSequence: 6 });
  expect(base.view.voters.map(({ peer }) => peer)).toEqual([bob]);
  expect(base.producers).toEqual([{ ...producerOf(cat), lastN: 5, lastIndex: 5, retired: false }]);
  expect([knownSequence, lastSequence]).toEqual([3, 5]);
});

function survivorOf(peer: PeerId, round: number, length: number, floor = 0): Survivor {
  const base = firstBase(GROUP, viewOf([ann, bob, cat]));
  const bodies = Array.from({ length }, (_, i) => data(producerOf(cat), i + 1));
  const entries = entriesAfter(base, ballotOf(round, bob), bodies);
  const state: OrderState = { group: GROUP, promised: NO_BALLOT, damaged: false, floor, founding: null };
  return { member: memberOf(peer), state, log: { base, entries, start: 1, floor, damaged: [] } };
}
