import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import type { Entry } from '../../model/entry.ts';
import { firstBase } from '../../protocol/ordering/first-base.ts';
import { Timeline } from '../timeline.ts';
import { ByteDisk } from './byte-disk.ts';
import { ballot, data, GROUP, hands, logOf, state, view } from './checkers/testing.ts';
import type { OrderWrite } from './image.ts';
import { payloadOf } from './image.ts';

const ann = must(hands(1)[0], 'there is one');
const PROMISE = state(ballot(2, ann));

test('[SM42] the engine answers once its bytes are durable, and a start finds all of it', () => {
  const { disk, timeline, durable } = opened();

  disk.write({ type: 'append', entries: entriesTo(30), version: 0, floor: 12 }, () => {});
  disk.write({ type: 'state', state: PROMISE }, () => {});
  disk.write(batch(1, 5), (stored) => expect(stored?.lastN).toBe(5));
  expect(durable).toEqual([]);
  timeline.runFor(1_000);
  disk.crash(false);
  const found = disk.recover();

  expect([...durable].sort()).toEqual(['append', 'batch', 'state']);
  expect(found.log.entries).toHaveLength(30);
  expect(found.log.floor).toBe(12);
  expect(found.state?.promised).toEqual(PROMISE.promised);
  expect(found.outbox).toMatchObject([{ firstN: 1, lastN: 5 }]);
  expect(found.lastN).toBe(5);
});

test('[SM42][SM58] power that fails anywhere leaves what was answered for, and of the rest a beginning', () => {
  const kept = new Set<number>();
  for (let seed = 1; seed <= 40; seed++) {
    const { disk, timeline, problems } = opened(seed);
    disk.write({ type: 'append', entries: entriesTo(10), version: 0, floor: 4 }, () => {});
    timeline.runFor(200);
    disk.write({ type: 'append', entries: entriesTo(40).slice(10), version: 0, floor: 10 }, () => {});
    timeline.runFor(0.2 * seed);

    disk.crash(false);
    const found = disk.recover();

    expect(problems).toEqual([]);
    expect(found.isLost).toBe(false);
    expect(disk.image.log.last).toBe(found.log.entries.length);
    kept.add(found.log.entries.length);
  }

  expect(Math.min(...kept)).toBe(10);
  expect(Math.max(...kept)).toBe(40);
});

test('[SM58] a disk that forgot what it answered for is caught, and one that lied is lost', () => {
  const caught = opened();
  caught.disk.write({ type: 'append', entries: entriesTo(20), version: 0, floor: 5 }, () => {});
  caught.timeline.runFor(200);
  const lied = opened();
  lied.disk.setLying(true);
  lied.disk.write({ type: 'append', entries: entriesTo(20), version: 0, floor: 5 }, () => {});
  lied.timeline.runFor(200);

  // Behind the back of what remembers the answers.
  caught.disk.image.log.append(must(entriesTo(21).at(-1), 'the last one'));
  caught.disk.crash(false);
  lied.disk.crash(false);

  expect(caught.disk.recover().isLost).toBe(true);
  expect(caught.problems).toEqual(['the log ends at 20, answered for was 21']);
  expect(lied.disk.image.log.last).toBe(20);
  expect(lied.disk.isDoubtful).toBe(true);
  expect(lied.disk.recover().isLost).toBe(true);
  expect(lied.problems).toEqual([]);
});

test('[SM58] bits that turn are told as damage, not as a shorter log', () => {
  let damaged = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { disk, timeline, problems } = opened(seed);
    writeAll(disk, timeline);
    disk.crash(false);

    disk.rot(seed / 21);
    const found = disk.recover();

    expect(problems).toEqual([]);
    if (found.log.damaged.length > 0) damaged++;
    else expect(found.isLost || found.log.entries.length === 400).toBe(true);
  }

  expect(damaged).toBeGreaterThan(2);
});

// A start reads no more than the headers of what a base covers, so it cannot tell of what is wrong there.
test('[SM58] what such a disk left wrong where no start looks is damage when somebody reads it, at once and later', () => {
  for (const unit of [0.005, 0.105, 0.195]) {
    const { disk, timeline, problems, told } = opened();
    writeAll(disk, timeline);
    disk.write(baseAt(300), () => {});
    timeline.runFor(200);
    disk.crash(false);
    disk.rot(unit);
    expect(disk.recover().log.damaged).toEqual([]);

    disk.readLog({ from: 1, to: 300, bytesMax: 1_000_000, isWanted: () => true }, () => {});
    timeline.runFor(100);
    disk.crash(false);
    const found = disk.recover();

    expect(told).toEqual(['damaged']);
    expect(found.log.damaged).toHaveLength(1);
    expect(found.isLost).toBe(false);
    expect(problems).toEqual([]);
  }
});

test('[SM58] the same is true of a disk that had lied', () => {
  let damaged = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { disk, timeline, problems, told } = opened(seed);
    disk.setLying(true);
    writeAll(disk, timeline, 200);
    disk.setLying(false);
    writeAll(disk, timeline, 400, 200);
    disk.write(baseAt(300), () => {});
    timeline.runFor(200);
    disk.crash(false);
    const found = disk.recover();
    if (found.isLost || found.log.damaged.length > 0) continue;

    disk.readLog({ from: 1, to: 300, bytesMax: 1_000_000, isWanted: () => true }, () => {});
    timeline.runFor(100);

    expect(problems).toEqual([]);
    if (told.includes('damaged')) damaged++;
  }
  expect(damaged).toBeGreaterThan(2);
});

test('[SM42] a refused sync ends the process, and a full disk says so and has room again', () => {
  const failing = opened();
  const full = opened();

  failing.disk.failNext();
  failing.disk.write({ type: 'state', state: PROMISE }, () => expect.unreachable());
  failing.timeline.runFor(100);
  full.disk.setFull(true);
  for (let n = 1; n <= 400; n++)
    full.disk.write({ type: 'append', entries: [at(n)], version: 0, floor: 0 }, () => {});
  full.timeline.runFor(1_000);
  full.disk.setFull(false);
  full.timeline.runFor(2_000);

  expect(failing.told).toEqual(['broken']);
  expect(full.told).toEqual(['full', 'room']);
  expect(full.disk.image.log.last).toBe(400);
});

const ENTRIES = logOf(
  ...Array.from({ length: 400 }, (_, at) => [ballot(1, ann), data(ann, at + 1, at + 1)] as const),
);

function entriesTo(index: number): readonly Entry[] {
  return ENTRIES.slice(0, index);
}

function at(index: number): Entry {
  return must(ENTRIES[index - 1], 'the entry is there');
}

/** In groups of forty. */
function writeAll(disk: ByteDisk, timeline: { runFor(ms: number): void }, last = 400, from = 0): void {
  for (let upto = from + 40; upto <= last; upto += 40) {
    const entries = entriesTo(upto).slice(upto - 40);
    disk.write({ type: 'append', entries, version: 0, floor: upto - 40 }, () => {});
    timeline.runFor(200);
  }
}

function baseAt(index: number): OrderWrite {
  const { chain, ballot: by, firstSequence, count } = at(index);
  const nextSequence = firstSequence + count;
  const base = { ...firstBase(GROUP, view([ann])), index, ballot: by, chain, nextSequence };
  return { type: 'base', base };
}

function batch(firstN: number, lastN: number): OrderWrite {
  const { identity } = ann;
  const readings = lastN - firstN + 1;
  return { type: 'batch', batch: { identity, firstN, lastN, readings, payload: payloadOf(firstN, lastN) } };
}

/** A disk that belongs to ann, and all that it says. */
function opened(seed = 1) {
  const timeline = new Timeline();
  const durable: string[] = [];
  const told: string[] = [];
  const problems: string[] = [];
  const disk = new ByteDisk(
    ann.peer,
    timeline,
    new Random(seed),
    { syncMs: { min: 1, max: 2 } },
    {
      durable: ({ type }) => durable.push(type),
      full: (full) => told.push(full ? 'full' : 'room'),
      damaged: () => told.push('damaged'),
      broken: () => told.push('broken'),
      problem: (what) => problems.push(what),
    },
  );
  disk.recover();
  disk.born(ann.identity);
  const runFor = (ms: number): void => {
    const untilMs = timeline.nowMs + ms;
    while (timeline.step(untilMs));
  };
  return { disk, timeline: { runFor }, durable, told, problems };
}
