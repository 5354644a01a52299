import { expect, test } from 'vitest';
import { Registers } from './registers.ts';
import { Stream } from './stream.ts';
import { meta, peerOf, reading, sensorOf, streamOf, tombstone } from './testing.ts';

const ann = peerOf('ann');

test('[RP2] a sensor keeps its last state and its last meta, and they do not replace each other', () => {
  const registers = registersOf();

  for (const record of [meta(1, 'bed', 'Cel'), reading(2, 'bed', 20, 10), meta(3, 'bed', 'K')]) {
    registers.put(record);
  }
  registers.put(reading(4, 'bed', 293, 20));

  expect(registers.records().map(({ n }) => n)).toEqual([3, 4]);
  expect(registers.sensors).toBe(1);
});

test('[RP2] a tombstone takes the place of the reading, and the next reading its', () => {
  const registers = registersOf();

  registers.put(reading(1, 'bed', 20, 10));
  registers.put(tombstone(2, 'bed', 20));
  expect(registers.records().map(({ kind }) => kind)).toEqual(['tombstone']);
  registers.put(reading(3, 'bed', 21, 30));

  expect(registers.records().map(({ kind }) => kind)).toEqual(['reading']);
});

test('[RP2] a record older than what its slot holds is nothing', () => {
  const registers = registersOf();
  registers.put(reading(5, 'bed', 20, 10));

  expect(registers.put(reading(4, 'bed', 19, 9))).toBeNull();
  expect(registers.put(reading(5, 'bed', 20, 10))).toBeNull();

  expect(registers.holds(reading(5, 'bed', 20, 10))).toBe(true);
  expect(registers.holds(reading(4, 'bed', 19, 9))).toBe(false);
});

test('[RP3] the list rises in n, whatever order records came in', () => {
  const registers = registersOf();

  for (const n of [3, 1, 5, 2, 4]) registers.put(reading(n, `s${n}`, n, n));
  registers.put(reading(6, 's3', 6, 6));

  expect(registers.records().map(({ n }) => n)).toEqual([1, 2, 4, 5, 6]);
});

test('[RP3] the changes after an n are found without a walk over those before', () => {
  const registers = registersOf();
  for (let n = 1; n <= 1_000; n++) registers.put(reading(n, `s${n}`, n, n));
  // Whoever walks this far finds the list torn.
  const far = registers.firstAfter(500);
  if (far) far.older = null;

  const first = registers.firstAfter(997);

  expect(first?.record.n).toBe(998);
  expect(first?.newer?.newer?.record.n).toBe(1_000);
  expect(registers.firstAfter(1_000)).toBeNull();
});

test('[RP2] a sensor whose slots are both empty is forgotten', () => {
  const registers = registersOf();
  registers.put(meta(1, 'bed', 'Cel'));
  registers.put(reading(2, 'bed', 20, 10));
  const slots = registers.slotsOf(sensorOf('bed'));
  if (slots === null) throw new Error('there are slots');

  registers.dropState(slots);
  expect(registers.sensors).toBe(1);
  registers.dropMeta(slots);

  expect(registers.sensors).toBe(0);
  expect(registers.size).toBe(0);
  expect(registers.oldest).toBeNull();
});

function registersOf(): Registers {
  return new Registers(new Stream(streamOf(ann)));
}
