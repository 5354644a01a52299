import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Entry } from '../../model/entry.ts';
import { Timeline } from '../timeline.ts';
import { ballot, data, type HandPlace, hands, logOf, state } from './checkers/testing.ts';
import { OrderDisk } from './disk.ts';

const [ann] = hands(1) as [HandPlace];
const ENTRIES: readonly Entry[] = logOf(
  [ballot(1, ann), { kind: 'epoch-start' }],
  [ballot(1, ann), data(ann, 1, 1)],
  [ballot(1, ann), data(ann, 2, 2)],
);

test('[SM42] one sync covers all that waits, in order, and answers after it is durable', () => {
  const { disk, timeline } = newDisk();
  const answered: number[] = [];
  for (const entry of ENTRIES) {
    disk.write({ type: 'append', entries: [entry], version: 0, floor: 0 }, () => {
      expect(disk.image.log.last).toBeGreaterThanOrEqual(entry.index);
      answered.push(entry.index);
    });
  }

  timeline.step(10);
  expect(disk.image.log.last).toBe(1);
  timeline.step(10);

  expect(disk.image.log.last).toBe(3);
  expect(answered).toEqual([1, 2, 3]);
});

test('[SM42] a crash keeps a beginning of what waited, of each file its own, and answers nobody', () => {
  const kept = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const { disk, timeline } = newDisk(seed);
    disk.write({ type: 'append', entries: ENTRIES, version: 0, floor: 3 }, () => expect.unreachable());
    disk.write({ type: 'state', state: state(ballot(2, ann)) }, () => expect.unreachable());

    disk.crash();
    while (timeline.step(100)) {}

    kept.add(`${disk.image.log.last} ${disk.image.state === null ? 'no' : 'a'} promise`);
  }

  expect([...kept].sort()).toEqual(
    [0, 1, 2, 3].flatMap((last) => [`${last} a promise`, `${last} no promise`]),
  );
});

test('[SM42] a cut takes entries away, and what follows continues what is left', () => {
  const { disk, timeline } = newDisk();
  const [first, second] = ENTRIES as [Entry, Entry];
  disk.write({ type: 'append', entries: ENTRIES, version: 0, floor: 1 }, () => {});
  disk.write({ type: 'cut', after: 1, version: 1 }, () => {});
  disk.write({ type: 'append', entries: [second], version: 1, floor: 1 }, () => {});

  while (timeline.step(100)) {}

  expect(disk.image.log.entries).toEqual([first, second]);
  expect(disk.image.floor).toBe(1);
});

test('[SM42] rotten bytes are found at the next start, as damage from there to the end', () => {
  const { disk, timeline } = newDisk();
  disk.write({ type: 'append', entries: ENTRIES, version: 0, floor: 1 }, () => {});
  while (timeline.step(100)) {}
  disk.image.rot = { from: 2, to: 3 };

  const found = disk.image.recoverLog();

  expect(found.entries.map(({ index }) => index)).toEqual([1]);
  expect(found.damaged).toEqual([{ from: 2, to: 3 }]);
});

test('[SM42] a disk that is stuck answers once it comes loose', () => {
  const { disk, timeline } = newDisk();
  let answered = false;
  disk.setStuck(true);
  disk.write({ type: 'append', entries: ENTRIES, version: 0, floor: 0 }, () => {
    answered = true;
  });

  while (timeline.step(1_000)) {}
  expect(answered).toBe(false);
  disk.setStuck(false);
  while (timeline.step(2_000)) {}

  expect(answered).toBe(true);
});

function newDisk(seed = 1) {
  const timeline = new Timeline();
  const events = {
    durable: () => {},
    full: () => {},
    damaged: () => {},
    broken: () => {},
    problem: () => {},
  };
  const disk = new OrderDisk(timeline, new Random(seed), { syncMs: { min: 1, max: 2 } }, events);
  return { timeline, disk };
}
