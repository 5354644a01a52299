import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import type { OrderState } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import { firstBase } from './first-base.ts';
import { bestSurvivor, regroup, remainsOf, type Survivor, successorOf } from './recover-group.ts';
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

test('[OR50] a group begun anew has the survivor as its voter and all of its log, and no ballot of it was used before', () => {
  const survivor = survivorOf(bob, 2, 5, 3);

  const { state, entries } = regroup(survivor, '01bbbbbbbbbbbbbb');

  expect(entries.map(({ index, body }) => [index, body.kind])).toEqual([
    [6, 'epoch-start'],
    [7, 'view'],
  ]);
  expect(entries.map(({ firstSequence, ballot }) => [firstSequence, ballot.round, ballot.peer])).toEqual([
    [6, 3, bob],
    [6, 3, bob],
  ]);
  expect(entries[1]?.body).toMatchObject({ view: { voters: [{ peer: bob }], learners: [], joint: null } });
  expect(state).toMatchObject({
    group: '01bbbbbbbbbbbbbb',
    floor: 7,
    damaged: false,
    promised: { round: 3 },
  });
});

test('[OR50] what remains of a group says what is known committed, and how far the log goes', () => {
  const { log, state } = survivorOf(bob, 2, 5, 3);

  expect(remainsOf({ log, state })).toMatchObject({
    group: GROUP,
    lastIndex: 5,
    knownSequence: 3,
    lastSequence: 5,
    into: null,
  });
  expect(remainsOf({ log: { ...log, base: null }, state })).toBeNull();
});

test('[OR50] the id of a group that was begun anew is the next in the line of its former one', () => {
  expect([successorOf('03aaaaaaaaaaaa00'), successorOf('03aaaaaaaaaaaa09')]).toEqual([
    '03aaaaaaaaaaaa01',
    '03aaaaaaaaaaaa0a',
  ]);
  expect(successorOf('03aaaaaaaaaaaaff')).toBeNull();
});

function survivorOf(peer: PeerId, round: number, length: number, floor = 0): Survivor {
  const base = firstBase(GROUP, viewOf([ann, bob, cat]));
  const bodies = Array.from({ length }, (_, i) => data(producerOf(cat), i + 1));
  const entries = entriesAfter(base, ballotOf(round, bob), bodies);
  const state: OrderState = { group: GROUP, promised: NO_BALLOT, damaged: false, floor, founding: null };
  return { member: memberOf(peer), state, log: { base, entries, start: 1, floor, damaged: [] } };
}
