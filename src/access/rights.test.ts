import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../model/limits.ts';
import { matchesTopic, parseFilter } from '../model/topic-filter.ts';
import { covers, mayPublish, maySubscribe, parsePatterns } from './rights.ts';

const anyLevel = fc.constantFrom('a', 'b', '', '$x');
const anyTopic = fc.array(anyLevel, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const anyFilter = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '', '+', '$x'), { maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ['#'] : [])].join('/'))
  .filter((text) => parseFilter(text).ok);

test('[AC4] a device publishes where one of its patterns matches, and never to what begins with $', () => {
  const patterns = ['bed1/#', 'tele/+/SENSOR', '$SYS/#'];

  expect(mayPublish(patterns, 'bed1/temperature')).toBe(true);
  expect(mayPublish(patterns, 'bed1')).toBe(true);
  expect(mayPublish(patterns, 'tele/plug/SENSOR')).toBe(true);
  expect(mayPublish(patterns, 'bed10/temperature')).toBe(false);
  expect(mayPublish(patterns, 'tele/plug/STATE')).toBe(false);
  expect(mayPublish(patterns, '$SYS/uptime')).toBe(false);
  expect(mayPublish([], 'bed1')).toBe(false);
});

test.each([
  ['bed1/#', 'bed1/#', true],
  ['bed1/#', 'bed1', true],
  ['bed1/#', 'bed1/+/x', true],
  ['#', 'bed1/#', true],
  ['+/x', '+/x', true],
  ['bed1/+', 'bed1/#', false],
  ['bed1/+', 'bed1', false],
  ['bed1/x', 'bed1/+', false],
  ['bed1/#', '#', false],
  ['bed1/#', '+/#', false],
  ['#', '$SYS/#', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/+', true],
])('[AC5] who may subscribe to %s and asks for %s: %s', (pattern, wanted, allowed) => {
  expect(maySubscribe([pattern], wanted)).toBe(allowed);
});

test('[AC5] a pattern that covers a filter matches every topic that the filter matches', () => {
  let covered = 0;
  fc.assert(
    fc.property(anyFilter, anyFilter, anyTopic, (pattern, wanted, topic) => {
      if (!covers(pattern, wanted)) return;
      covered++;
      if (matchesTopic(wanted, topic)) expect(matchesTopic(pattern, topic)).toBe(true);
    }),
    { numRuns: 3_000 },
  );

  expect(covered).toBeGreaterThan(50);
});

test('[AC4][AC5] patterns that make no sense are refused in one sentence', () => {
  const wrong = [
    parsePatterns('publish', ['a/#/b']),
    parsePatterns('publish', ['$sensorium/device/x']),
    parsePatterns('subscribe', ['$share/s/a']),
    parsePatterns('publish', [`a${'b'.repeat(LIMITS.devicePatternBytesMax)}`]),
    parsePatterns(
      'publish',
      Array.from({ length: LIMITS.devicePatternsMax + 1 }, (_, at) => `t/${at}`),
    ),
  ];

  expect(wrong.map(({ ok }) => ok)).toEqual([false, false, false, false, false]);
  expect(parsePatterns('subscribe', ['$SYS/#', 'a', 'a'])).toEqual({ ok: true, value: ['$SYS/#', 'a'] });
});
