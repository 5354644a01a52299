import { expect, test } from 'vitest';
import { readsOf } from './reads.ts';
import type { Register, RegisterType, Table } from './registers.ts';

test('[MO3] registers that follow each other are one read, a gap or another table begins the next', () => {
  const reads = readsOf([
    register('holding', 102, 'uint16'),
    register('holding', 100, 'float32'),
    register('holding', 104, 'uint16'),
    register('input', 100, 'uint16'),
    register('coil', 0, 'bool'),
    register('coil', 1, 'bool'),
  ]);

  expect(reads.map(({ table, address, length }) => [table, address, length])).toEqual([
    ['coil', 0, 2],
    ['holding', 100, 3],
    ['holding', 104, 1],
    ['input', 100, 1],
  ]);
});

test('[MO3] registers that lie over each other are read once', () => {
  const reads = readsOf([register('holding', 10, 'uint32'), register('holding', 10, 'uint16')]);

  expect(reads).toMatchObject([{ address: 10, length: 2, registers: [{}, {}] }]);
});

test('[MO3] a read has no more words than an answer may carry, and no register is cut in two', () => {
  const reads = readsOf(Array.from({ length: 70 }, (_, at) => register('holding', 2 * at, 'float32')));

  expect(reads.map(({ address, length }) => [address, length])).toEqual([
    [0, 124],
    [124, 16],
  ]);
});

function register(table: Table, address: number, type: RegisterType): Register {
  const sensor = `${table}/${address}`;
  return { sensor, table, address, type, wordOrder: 'big', scale: 1, offset: 0, unit: '' };
}
