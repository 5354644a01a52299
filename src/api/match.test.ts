import { expect, test } from 'vitest';
import { matches, parseMatch } from './match.ts';

test.each([
  ['bed1/temperature', 'bed1/temperature', true],
  ['bed1/temperature', 'bed1/temperature/raw', false],
  ['bed1/temperature', 'bed1', false],
  ['bed1/+', 'bed1/temperature', true],
  ['bed1/+', 'bed1', false],
  ['bed1/+', 'bed1/', true],
  ['+/temperature', 'bed1/temperature', true],
  ['+/+', 'bed1', false],
  ['bed1/#', 'bed1/a/b/c', true],
  ['bed1/#', 'bed1', true],
  ['bed1/#', 'bed10/a', false],
  ['+/#', 'bed1', true],
  ['#', 'temperature@0', true],
  ['temperature@0', 'temperature@0', true],
  ['a//b', 'a//b', true],
  ['a/+/b', 'a//b', true],
])('[AP9] the filter %s and the sensor %s: %s', (pattern, sensor, expected) => {
  const match = parseMatch(pattern);

  expect(match.ok && matches(match.value, sensor)).toBe(expected);
});

test.each(['', 'a#', '#/a', 'a/#/b', 'a+', '+a/b', 'a'.repeat(257), 'a/'.repeat(64)])(
  '[AP9] what is no filter is refused with what is allowed: %s',
  (pattern) => {
    const match = parseMatch(pattern);

    expect(match.ok).toBe(false);
    expect(!match.ok && match.problem).toMatch(/^match (is|has)/);
  },
);

test('[AP9] the worst filter takes no longer than the sensor is long', () => {
  const match = parseMatch(`${'+/'.repeat(63)}x`);
  const sensor = `${'a/'.repeat(63)}y`;
  expect(match.ok).toBe(true);

  const startedMs = performance.now();
  for (let i = 0; i < 10_000; i++) if (match.ok) matches(match.value, sensor);

  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
