import { expect, test } from 'vitest';
import { matcher } from './matcher.ts';

const NAMES = ['bed1/temperature', 'bed1/humidity', 'hall/bed1', 'hall/door/state'];

test.each([
  ['', NAMES],
  ['bed1', ['bed1/temperature', 'bed1/humidity', 'hall/bed1']],
  ['HALL door', ['hall/door/state']],
  ['bed1/#', ['bed1/temperature', 'bed1/humidity']],
  ['+/bed1', ['hall/bed1']],
  ['hall/+', ['hall/bed1']],
  ['#', NAMES],
])('[UI21] %j finds what a person means by it', (query, found) => {
  const matches = matcher(query);

  expect(NAMES.filter((name) => matches(name, name))).toEqual(found);
});
