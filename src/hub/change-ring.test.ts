import { expect, test } from 'vitest';
import type { SensorId } from '../model/ids.ts';
import { ChangeRing } from './change-ring.ts';

test('[HB3] the ring keeps the last changes and no more', () => {
  const ring = new ChangeRing(3);
  for (let i = 0; i < 10; i++) add(ring);

  expect(ring.kept).toBe(3);
  expect(ring.oldest).toBe(8);
  expect(ring.newest).toBe(10);
});

test('[HB2] a cursor at the edge of the ring still reads on; one before it is told to reset', () => {
  const ring = new ChangeRing(3);
  for (let i = 0; i < 10; i++) add(ring);

  expect(ring.after(7, 100).changes.map((change) => change.cursor)).toEqual([8, 9, 10]);
  expect(ring.after(6, 100).reset).toBe(true);
  expect(ring.after(11, 100).reset).toBe(true);
});

test('[HB1] an empty ring has nothing to read and is no reason to reset', () => {
  const ring = new ChangeRing(3);

  expect(ring.after(0, 100)).toEqual({ changes: [], cursor: 0, reset: false });
});

function add(ring: ChangeRing): void {
  ring.add({ atMs: 0, sensor: 'kitchen' as SensorId, latest: null, source: 'push' });
}
