import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { drawFaults, FAULT_FAMILIES, faultsText, parseFaults } from './faults.ts';

test('[SM6] of many seeds each family is on in about one half, at rates of its own', () => {
  const seeds = Array.from({ length: 400 }, (_, seed) => drawFaults(new Random(seed), 'all'));

  const partitions = seeds.flatMap(({ events }) => events.filter(({ family }) => family === 'partition'));
  const lossy = seeds.filter(({ paths }) => paths.lossChance > 0);

  expect(partitions.length).toBeGreaterThan(150);
  expect(partitions.length).toBeLessThan(250);
  expect(lossy.length).toBeGreaterThan(150);
  expect(lossy.length).toBeLessThan(250);
  expect(new Set(partitions.map(({ everyMs }) => everyMs)).size).toBe(partitions.length);
});

test('[SM6] a list of families turns on exactly these', () => {
  const faults = drawFaults(new Random(3), ['loss', 'crash', 'pause']);

  expect(faults.events.map(({ family }) => family)).toEqual(['crash', 'pause']);
  expect(faults.paths.lossChance).toBeGreaterThan(0);
  expect(faults.paths.spikeChance).toBe(0);
});

test('[SM6] without faults nothing is lost, late or doubled', () => {
  const faults = drawFaults(new Random(3), 'none');

  expect(faults.events).toEqual([]);
  expect(faults.paths).toMatchObject({ lossChance: 0, spikeChance: 0, duplicateChance: 0 });
});

test('[SM6] families are named on the command line, and an unknown one is refused with those known', () => {
  const some = parseFaults('loss,crash');
  const unknown = parseFaults('loss,floods');

  expect(some).toEqual({ ok: true, value: ['loss', 'crash'] });
  expect(some.ok && faultsText(some.value)).toBe('loss,crash');
  expect(unknown).toEqual({
    ok: false,
    problem: `faults are all, none, or a list of ${FAULT_FAMILIES.join(' ')}, got "floods"`,
  });
});
