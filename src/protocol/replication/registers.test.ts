import fc from 'fast-check';
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

  expect(registers.put(reading(4, 'bed', 19, 9))).toBe('older');
  expect(registers.put(reading(5, 'bed', 20, 10))).toBe('older');

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
  let looks = 0;
  for (let n = 1; n <= 1_000; n++) {
    const record = reading(n, `s${n}`, n, n);
    Object.defineProperty(record, 'n', {
      get() {
        looks++;
        return n;
      },
    });
    registers.put(record);
  }

  looks = 0;
  const changes = registers.after(997);

  expect(looks).toBeLessThan(10);
  expect(changes.map(({ n }) => n)).toEqual([998, 999, 1_000]);
  expect(registers.after(1_000)).toEqual([]);
});

test('[RP2] a sensor whose slots are both empty is forgotten', () => {
  const registers = registersOf();
  registers.put(meta(1, 'bed', 'Cel'));
  registers.put(reading(2, 'bed', 20, 10));

  registers.dropState(sensorOf('bed'));
  expect(registers.sensors).toBe(1);
  registers.dropMeta(sensorOf('bed'));

  expect(registers.sensors).toBe(0);
  expect(registers.size).toBe(0);
  expect(registers.oldest).toBeNull();
});

test('[RP2] a long list is the same as a short one, whatever is superseded, dropped or late', () => {
  const anyStep = fc.record({
    sensor: fc.integer({ min: 0, max: 99 }),
    kind: fc.constantFrom('reading', 'reading', 'reading', 'meta', 'drop', 'late'),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 400 }), (steps) => {
      const registers = registersOf();
      const expected = new Map<string, number>();
      let n = 1_000;

      for (const { sensor, kind } of steps) {
        const name = `s${sensor}`;
        if (kind === 'drop') {
          registers.dropState(sensorOf(name));
          expected.delete(`reading ${name}`);
          continue;
        }
        n++;
        const at = kind === 'late' ? n - 900 - sensor : n;
        const slot = kind === 'meta' ? `meta ${name}` : `reading ${name}`;
        registers.put(kind === 'meta' ? meta(at, name, 'Cel') : reading(at, name, at, at));
        expected.set(slot, Math.max(at, expected.get(slot) ?? 0));
      }

      const rising = [...expected.values()].sort((a, b) => a - b);
      const ns = registers.records().map((record) => record.n);
      expect([...ns].sort((a, b) => a - b)).toEqual(rising);
      expect(ns).toEqual(rising);
      expect(registers.size).toBe(rising.length);
      for (const [slot, at] of expected) {
        const [kind, name] = slot.split(' ') as [string, string];
        const held = kind === 'meta' ? registers.meta(sensorOf(name)) : registers.state(sensorOf(name));
        expect(held?.n).toBe(at);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

function registersOf(): Registers {
  return new Registers(new Stream(streamOf(ann)));
}
