import { expect, test } from 'vitest';
import { UpdateCursors } from './update-cursors.ts';

test('[AP8] each address has its own place, and a new one starts before everything', () => {
  const cursors = new UpdateCursors(8);

  cursors.move('10.0.0.1', 7);

  expect(cursors.of('10.0.0.1')).toBe(7);
  expect(cursors.of('10.0.0.2')).toBe(0);
  expect(cursors.furthest).toBe(7);
});

test('[AP8] of too many addresses the one that asked longest ago is forgotten', () => {
  const cursors = new UpdateCursors(2);
  cursors.move('a', 1);
  cursors.move('b', 2);
  cursors.move('a', 3);

  cursors.move('c', 4);

  expect(cursors.size).toBe(2);
  expect([cursors.of('a'), cursors.of('b'), cursors.of('c')]).toEqual([3, 0, 4]);
});
