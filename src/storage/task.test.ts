import { expect, test } from 'vitest';
import { ok, refused } from '../kit/result.ts';
import type { Answer } from './disk.ts';
import { AnswerQueue } from './memory-disk.ts';
import { need, run, type StorageProblem, type Task, together } from './task.ts';

test('[ST41] reads side by side are asked for some at a time, and come back in the order of the question', () => {
  const { queue, reads, under, most } = disk();
  const results: (readonly number[])[] = [];

  run(
    together(Array.from({ length: 20 }, (_, at) => reads(at))),
    (values) => results.push(values),
    () => {},
  );
  queue.runAll();

  expect(results).toEqual([Array.from({ length: 20 }, (_, at) => at)]);
  expect(most()).toBe(8);
  expect(under()).toBe(0);
});

test('[ST41] of reads side by side one that fails is told once the others have ended', () => {
  const { queue, reads, under } = disk();
  const problems: StorageProblem[] = [];

  run(
    together(Array.from({ length: 20 }, (_, at) => reads(at === 3 ? -1 : at))),
    () => {},
    (problem) => problems.push(problem),
  );
  queue.runAll();

  expect(problems).toEqual([{ kind: 'broken', detail: 'read -1' }]);
  expect(under()).toBe(0);
});

/** Answers later, and counts how much it was asked at once. */
function disk() {
  const queue = new AnswerQueue();
  let under = 0;
  let most = 0;
  const read =
    (value: number) =>
    (done: Answer<number>): void => {
      under++;
      most = Math.max(most, under);
      queue.later(() => {
        under--;
        done(value < 0 ? refused({ kind: 'broken', detail: `read ${value}` }) : ok(value));
      });
    };
  function* reads(value: number): Task<number> {
    return yield* need(read(value));
  }
  return { queue, reads, under: () => under, most: () => most };
}
