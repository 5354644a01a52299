// Power cuts at every answer of the disk, again and again on one log, also in the middle of a recovery, of mending,
// and while the disk is full.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { LogInTest } from './testing.ts';
import { comeBack, live, liveFor, mendThroughPowerCuts, NONE } from './testing-lives.ts';

for (let seed = 1; seed <= 8; seed++) {
  test(`[ST35] whenever the power goes, the log is what was answered, or a later part of what was asked (seed ${seed})`, () => {
    const steps = liveFor(new LogInTest(), new Random(seed), 100_000, NONE);
    expect(steps).toBeGreaterThan(80);

    for (let crashAfter = 0; crashAfter <= steps; crashAfter++) {
      const log = new LogInTest();
      const random = new Random(seed);
      liveFor(log, random, crashAfter, NONE);
      comeBack(log, random.fork());
    }
  });
}

for (let seed = 100; seed < 200; seed += 20) {
  test(`[ST35] many lives of one log lose nothing (seeds ${seed} to ${seed + 19})`, () => {
    for (let each = seed; each < seed + 20; each++) live(each, NONE);
  });
}

// 1015: a log that had begun anew while the disk was full, and was opened before its first segment could be made.
test('[ST42] many lives on a disk that is full now and then lose nothing (seeds 1 to 40, 1015)', () => {
  for (const seed of [...seedsTo(40), 1_015]) live(seed, { full: true });
});

// 1052: the power failed while a segment was written anew.
test('[ST40] a power cut while a log is mended leaves what was there or what was mended (seeds 1 to 30, 1052)', () => {
  for (const seed of [...seedsTo(30), 1_052]) mendThroughPowerCuts(seed);
});

function seedsTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}
