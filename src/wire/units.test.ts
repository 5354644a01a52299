import { expect, test } from 'vitest';
import type { Batch } from '../model/durable.ts';
import type { SensorId } from '../model/ids.ts';
import type { ReadingRecord } from '../model/reading.ts';
import { decodeBatch, encodeBatch } from './durable.ts';

test('[WR19] units come back record by record, also where some have none', () => {
  const units = ['Cel', '', '%', 'Cel'];

  const decoded = decodeBatch(encodeBatch(batchOf(4, units)));

  expect(decoded.ok && decoded.value.units).toEqual(units);
});

test('[WR19] a batch of one unit pays a few bytes for it, however many records it has', () => {
  const without = encodeBatch(batchOf(256)).length;

  const withOne = encodeBatch(batchOf(256, new Array<string>(256).fill('Cel'))).length;

  expect(withOne - without).toBeLessThanOrEqual(10);
  expect(encodeBatch(batchOf(1)).at(-1)).toBe(0);
});

test('[WR19] a place beyond the table, a unit that is empty and one that stands twice are refused', () => {
  const bytes = encodeBatch(batchOf(1, ['Cel']));
  // Behind the units stands the flag of copies.
  const last = bytes.length - 2;
  const at = last - 5;

  const problems = [
    bytes.with(last, 4),
    bytes.with(at + 1, 0),
    Uint8Array.from([...bytes.subarray(0, at), 2, 1, 65, 1, 65, 2, 0]),
  ].map((spoiled) => decodeBatch(spoiled));

  expect(bytes[at]).toBe(1);
  expect(problems.map(({ ok }) => ok)).toEqual([false, false, false]);
});

function batchOf(count: number, units?: readonly string[]): Batch {
  const records = Array.from({ length: count }, (_, i): ReadingRecord => {
    const sensor = `hall/${i}` as SensorId;
    return { kind: 'reading', n: i + 1, sensor, value: i, tsMs: 1_000, ingestTsMs: 1_000, lwwTsMs: 1_000 };
  });
  return { identity: { birth: 1, random: '00000000000000aa' }, records, ...(units && { units }) };
}
