// Power cuts at every answer of the disk, again and again on one log, also in the middle of a recovery.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { FIRST } from '../testing.ts';
import { CONTROL, data, endOf, LogInTest } from './testing.ts';

const LIVES = 4;

for (let seed = 1; seed <= 8; seed++) {
  test(`[ST35] whenever the power goes, the log is what was answered, or a later part of what was asked (seed ${seed})`, () => {
    const steps = stepsOfOneLife(seed);
    expect(steps).toBeGreaterThan(80);

    for (let crashAfter = 0; crashAfter <= steps; crashAfter++) {
      const log = new LogInTest();
      const random = new Random(seed);
      liveFor(log, random, crashAfter);
      comeBack(log, random.fork());
    }
  });
}

for (let seed = 100; seed < 200; seed += 20) {
  test(`[ST35] many lives of one log lose nothing (seeds ${seed} to ${seed + 19})`, () => {
    for (let each = seed; each < seed + 20; each++) {
      const log = new LogInTest();
      const random = new Random(each);
      for (let life = 0; life < LIVES; life++) {
        liveFor(log, random, random.below(250));
        comeBack(log, random);
      }
    }
  });
}

/** Works until the disk has answered so often, or the plan of this life is done. Gives the number of answers. */
function liveFor(log: LogInTest, random: Random, answers: number): number {
  const { machine } = log;
  let left = answers;
  const step = (): boolean => {
    if (left === 0 || !machine.queue.step()) return false;
    left--;
    return true;
  };
  machine.begin();
  while (machine.opened === null && step());
  if (machine.opened === null) return answers;
  if (machine.opened.recovered === null) {
    let isSaved = false;
    machine.store.saveHardState({ identity: FIRST, incarnation: 1 }, () => {
      isSaved = true;
    });
    while (!isSaved && step());
    if (!isSaved) return answers;
  } else log.verify();

  for (let action = 0; action < 100 && left > 0; action++) act(log, random, step);
  while (step());
  return answers - left;
}

function act(log: LogInTest, random: Random, step: () => boolean): void {
  const drawn = random.unit();
  if (drawn < 0.3) {
    const bodies = Array.from({ length: 1 + random.below(3) }, () =>
      random.chance(0.2)
        ? CONTROL
        : data(random.chance(0.2) ? random.below(1_200) : random.below(90), 1 + random.below(4), random),
    );
    log.append(...bodies);
  } else if (drawn < 0.35) log.commit(log.floor + random.below(12));
  else if (drawn < 0.4 && log.lastIndex > log.floor)
    log.cut(log.floor + random.below(log.lastIndex - log.floor + 1));
  else if (drawn < 0.43) log.base();
  else if (drawn < 0.45) log.store.trimLog(log.floor);
  else if (drawn < 0.49) log.machine.wakeAfter(60);
  else if (drawn < 0.495) log.install(log.baseAt(log.lastIndex + 1 + random.below(5)));
  else if (drawn < 0.55) {
    log.store.readLog(log.store.logStart, log.lastIndex, random.below(3_000), () => {});
  } else for (let i = random.below(8); i > 0 && step(); i--);
}

function stepsOfOneLife(seed: number): number {
  return liveFor(new LogInTest(), new Random(seed), 100_000);
}

/** Loses power, perhaps again while it recovers, and at last comes up. */
function comeBack(log: LogInTest, random: Random): void {
  const { machine } = log;
  if (random.chance(0.3)) machine.kill();
  else machine.crash(random);
  for (let tries = random.below(3); tries > 0; tries--) {
    machine.begin();
    for (let i = random.below(40); i > 0 && machine.queue.step(); i--);
    machine.crash(random);
  }
  machine.open();
  if (machine.opened?.recovered === null) return;
  log.verify();
  const unexpected = machine.report.filter(({ kind }) => kind !== 'torn' && kind !== 'superblock-copy');
  expect(unexpected).toEqual([]);
  expect(machine.opened?.tailUnknown).toBe(false);
  expect(log.recovered.damaged).toEqual([]);
  expect(machine.failures).toEqual([]);
  const read = log.readAll();
  expect(read.map(({ chain }) => chain)).toEqual(
    log.found.entries.filter(({ index }) => index >= log.store.logStart).map(({ chain }) => chain),
  );
  expect(read.at(-1)?.index ?? log.recovered.base?.index ?? 0).toBe(endOf(log.found).index);
  if (random.chance(0.5)) machine.kill();
  else machine.crash(random);
}
