import { expect, test } from 'vitest';
import { Heap } from './heap.ts';
import { Random } from './random.ts';

test('a heap gives its items back in order, whatever the order they came in', () => {
  const random = new Random(7);
  const numbers = Array.from({ length: 500 }, () => random.below(100));
  const heap = new Heap<number>((a, b) => a < b);

  for (const number of numbers) heap.push(number);
  const drained = Array.from({ length: 500 }, () => heap.pop());

  expect(drained).toEqual([...numbers].sort((a, b) => a - b));
  expect(heap.size).toBe(0);
  expect(heap.pop()).toBeUndefined();
});

test('the first item of a heap is the smallest at any moment', () => {
  const heap = new Heap<number>((a, b) => a < b);

  for (const number of [5, 3, 9, 1]) heap.push(number);
  heap.pop();
  heap.push(4);

  expect(heap.first).toBe(3);
});
