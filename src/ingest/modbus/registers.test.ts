import { expect, test } from 'vitest';
import { meaningOf, type RegisterType, type WordOrder } from './registers.ts';

test.each<[RegisterType, WordOrder, number[], number | null]>([
  ['uint16', 'big', [0xfffe], 65_534],
  ['int16', 'big', [0xfffe], -2],
  ['uint32', 'big', [0x0001, 0x0002], 65_538],
  ['uint32', 'little', [0x0002, 0x0001], 65_538],
  ['int32', 'big', [0xffff, 0xfffe], -2],
  ['int32', 'little', [0xfffe, 0xffff], -2],
  ['float32', 'big', [0x41ac, 0x0000], 21.5],
  ['float32', 'little', [0x0000, 0x41ac], 21.5],
  ['float64', 'big', [0x4035, 0x8000, 0, 0], 21.5],
  ['int64', 'big', [0xffff, 0xffff, 0xffff, 0xfffe], -2],
  ['uint64', 'little', [1, 0, 0, 0], 1],
  ['bool', 'big', [1], 1],
])('[MO2] %s, %s word first: %j is %s', (type, wordOrder, words, value) => {
  expect(meaningOf({ ...REGISTER, type, wordOrder }, words)).toBe(value);
});

test.each<[RegisterType, number[]]>([
  ['float32', [0x7fc0, 0]],
  ['float32', [0x7f80, 0]],
  ['uint64', [0xffff, 0xffff, 0xffff, 0xffff]],
])('[MO2] %s %j is no value', (type, words) => {
  expect(meaningOf({ ...REGISTER, type }, words)).toBeNull();
});

test('[MO2] a value is the number times its scale, plus its offset', () => {
  expect(meaningOf({ ...REGISTER, scale: 0.5, offset: -10 }, [43])).toBe(11.5);
});

const REGISTER = {
  sensor: 'meter/power',
  table: 'holding',
  address: 0,
  type: 'uint16',
  wordOrder: 'big',
  scale: 1,
  offset: 0,
  unit: '',
} as const;
