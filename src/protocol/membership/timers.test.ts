import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { NEVER } from '../../model/time.ts';
import { type Timed, Timers } from './timers.ts';

test('[MB25] things are due in the order of their deadlines, whatever order they were set in', () => {
  const random = new Random(1);
  const timers = new Timers<Timed>();
  const things = Array.from({ length: 200 }, thing);
  const dueMs = new Map<Timed, number>();
  for (const each of [...things, ...things]) {
    dueMs.set(each, random.below(1_000));
    timers.set(each, dueMs.get(each) ?? 0);
  }
  for (const each of things.slice(0, 50)) timers.clear(each);

  const due = takeAll(timers, 2_000).map((each) => dueMs.get(each) ?? -1);

  expect(due).toHaveLength(150);
  expect(due).toEqual([...due].sort((a, b) => a - b));
});

test('[MB25] a deadline that is moved or taken away leaves nothing behind', () => {
  const timers = new Timers<Timed>();
  const [ann, bob] = [thing(), thing()];
  timers.set(ann, 10);
  timers.set(bob, 20);
  timers.set(ann, 30);

  timers.clear(ann);
  timers.clear(ann);

  expect(timers.size).toBe(1);
  expect(timers.takeDue(19)).toBeNull();
  expect(timers.takeDue(20)).toBe(bob);
  expect(timers.nextMs).toBe(NEVER);
});

function thing(): Timed {
  return { slot: -1 };
}

function takeAll(timers: Timers<Timed>, nowMs: number): Timed[] {
  const due: Timed[] = [];
  for (let next = timers.takeDue(nowMs); next !== null; next = timers.takeDue(nowMs)) due.push(next);
  return due;
}
