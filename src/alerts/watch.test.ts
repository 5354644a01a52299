import { expect, test } from 'vitest';
import type { Scalar } from '../model/reading.ts';
import type { Condition, Rule } from './rule.ts';
import { Watch } from './watch.ts';

test('[AL3] a value above its limit is wrong until it is below the other one', () => {
  const watch = watchOf({ kind: 'above', limit: 80, clearBelow: 75 });

  expect(verdicts(watch, [70, 80, 81, 79, 75, 74.9, 79])).toEqual([
    ...[false, false, true, true, true, false, false],
  ]);
});

test('[AL3] a value below its limit is wrong until it is above the other one', () => {
  const watch = watchOf({ kind: 'below', limit: 2, clearAbove: 4 });

  expect(verdicts(watch, [5, 2, 1, 3, 4, 4.1, 3])).toEqual([false, false, true, true, true, false, false]);
});

test('[AL3] without another limit a value is fine as soon as it is no longer beyond its own', () => {
  const watch = watchOf({ kind: 'above', limit: 80, clearBelow: 80 });

  expect(verdicts(watch, [81, 80, 81])).toEqual([true, false, true]);
});

test.each<[value: Scalar, other: Scalar]>([
  [false, true],
  ['open', 'shut'],
  [3, 4],
])('[AL3] a value that is %j is wrong, and %j is not', (value, other) => {
  const watch = watchOf({ kind: 'equals', value });

  expect(verdicts(watch, [other, value, other])).toEqual([false, true, false]);
});

test('[AL3] a rise is looked for among the values within its time, and a slow one is none', () => {
  const watch = watchOf({ kind: 'rises', by: 5, clearBy: 3, withinMs: 10_000 });

  expect(verdicts(watch, [20, 22, 25, 24, 24, 24, 24], 4_000)).toEqual([
    ...[false, false, true, false, false, false, false],
  ]);
  expect(watch.text).toBe('is 24, rose by 0 within 10 s');
});

test('[AL3] a fall is looked for from the highest value', () => {
  const watch = watchOf({ kind: 'falls', by: 5, clearBy: 5, withinMs: 60_000 });

  expect(verdicts(watch, [20, 30, 26, 25])).toEqual([false, false, false, true]);
});

test('[AL3] readings that come faster than there is room for hide no change', () => {
  const watch = watchOf({ kind: 'rises', by: 50, clearBy: 50, withinMs: 60_000 });
  const values = [...Array(5_000).fill(10), 0, ...Array(5_000).fill(10), 50];

  expect(verdicts(watch, values, 1).at(-1)).toBe(true);
});

test('[AL3] what is wrong for less than its time is not said, nor what is fine for less', () => {
  const watch = new Watch(ruleOf({ kind: 'above', limit: 80, clearBelow: 80 }, 10_000, 5_000), false);
  const said = [
    watch.take(81, 1, 0),
    watch.wake(9_999),
    watch.take(70, 2, 9_999),
    watch.take(81, 3, 10_000),
    watch.wake(19_999),
    watch.wake(20_000),
    watch.take(70, 4, 21_000),
    watch.wake(25_999),
    watch.wake(26_000),
  ];

  expect(said).toEqual([false, false, false, false, false, true, false, false, true]);
  expect(watch.isWrong).toBe(false);
});

test('[AL3] a reading that comes late says nothing of how things are', () => {
  const watch = watchOf({ kind: 'above', limit: 80, clearBelow: 80 });
  watch.take(70, 1_000, 1_000);

  watch.take(99, 999, 1_001);

  expect(watch.isWrong).toBe(false);
});

test('[AL3] a text says nothing of a limit, and what the site knows already is where a watch begins', () => {
  const watch = new Watch(ruleOf({ kind: 'above', limit: 80, clearBelow: 75 }, 0, 0), true);

  const said = [watch.take('hot', 1, 1), watch.take(78, 2, 2)];

  expect(said).toEqual([false, false]);
  expect(watch.isWrong).toBe(true);
});

function watchOf(condition: Condition): Watch {
  return new Watch(ruleOf(condition, 0, 0), false);
}

function ruleOf(condition: Condition, forMs: number, clearForMs: number): Rule {
  const told = { severity: 'warning', text: '' } as const;
  return { name: 'r', match: '#', field: '', condition, forMs, clearForMs, ...told };
}

function verdicts(watch: Watch, values: readonly Scalar[], everyMs = 1_000): boolean[] {
  return values.map((value, at) => {
    watch.take(value, at * everyMs, at * everyMs);
    return watch.isWrong;
  });
}
