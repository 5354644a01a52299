// A disk without space, and one that fails: what may go on, what waits, and what ends.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { bytesOf, CONTROL, data, filled } from './testing.ts';

test('[ST42] on a full disk entries without readings go on, those with readings wait until there is space', () => {
  const log = filled(10);
  log.disk.capacityBytes = log.disk.usedBytes;

  let readings = 0;
  while (log.machine.events.every(({ type }) => type !== 'full')) {
    log.append(data(300));
    log.run();
    readings++;
  }
  const answered = log.answered;
  for (let i = 0; i < 6; i++) log.append(CONTROL);
  log.run();

  expect(readings).toBeLessThan(20);
  expect(log.answered).toBe(answered + 6);
  expect(log.machine.failures).toEqual([]);
});

test('[ST42] the reserve keeps the order: what waits for space holds up what was asked after it', () => {
  const log = filled(10);
  log.disk.capacityBytes = log.disk.usedBytes;
  for (let i = 0; i < 30; i++) log.append(data(300));
  log.append(CONTROL);
  log.run();
  const stuck = log.answered;
  expect(stuck).toBeLessThan(log.ops.length - 1);

  log.disk.capacityBytes = Number.POSITIVE_INFINITY;
  log.machine.rest();

  expect(log.answered).toBe(log.ops.length);
  expect(log.machine.events.filter(({ type }) => type === 'space').length).toBe(1);
  log.crash(1);
  expect(bytesOf(log.readAll())).toEqual(bytesOf(log.found.entries));
});

test('[ST42] a full disk at any moment, also within a segment, loses nothing that was answered', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const log = filled(6);
    const random = new Random(seed);
    let refusing = false;
    log.machine.fault = (operation) =>
      refusing && operation === 'write' && random.chance(0.5) ? 'full' : null;
    for (let i = 0; i < 60; i++) {
      refusing = random.chance(0.2);
      if (random.chance(0.1)) log.disk.capacityBytes = log.disk.usedBytes + random.below(6_000);
      if (random.chance(0.1)) log.disk.capacityBytes = Number.POSITIVE_INFINITY;
      if (random.chance(0.2)) log.machine.wakeAfter(1_200);
      if (random.chance(0.1)) log.base();
      log.append(random.chance(0.3) ? CONTROL : data(random.below(400), 1, random));
      if (random.chance(0.1)) log.commit(log.floor + 5);
      for (let steps = random.below(12); steps > 0; steps--) log.machine.queue.step();
    }
    refusing = false;
    log.disk.capacityBytes = Number.POSITIVE_INFINITY;

    log.crash(seed);

    expect(log.machine.failures.every(({ kind }) => kind === 'full')).toBe(true);
    expect(log.recovered.damaged).toEqual([]);
  }
});

test('[ST42] a mark for which there was no space is written again, and space is told though nothing is appended', () => {
  const log = filled(4);
  let refusing = true;
  log.machine.fault = (operation, name) =>
    refusing && operation === 'write' && name.startsWith('history-0') ? 'full' : null;
  log.machine.wakeAfter(2_000);
  log.machine.wakeAfter(2_000);
  log.run();
  const whileRefused = log.machine.events.map(({ type }) => type);

  refusing = false;
  log.machine.rest();

  expect(whileRefused.filter((type) => type === 'full' || type === 'space')).toEqual(['full']);
  expect(log.machine.events.at(-1)?.type).toBe('space');
});

for (const operation of ['write', 'sync'] as const) {
  test(`[ST23] after one failed ${operation} of the log nothing is ever answered again`, () => {
    const log = filled(3);
    let failing = true;
    log.machine.fault = (asked, name) => {
      const isFailing = failing && asked === operation && name.startsWith('history-0');
      failing &&= !isFailing;
      return isFailing ? 'broken' : null;
    };
    const before = log.answered;

    log.append(data(20));
    log.run();
    log.append(data(20));
    log.store.saveHardState({ identity: log.machine.identity, incarnation: 9 }, () => log.answered++);
    log.machine.rest();

    expect(log.answered).toBe(before);
    expect(log.machine.failures.map(({ kind }) => kind)).toEqual(['broken']);
  });
}

test('[ST35] what a failed sync left in the cache is written again at the start, and then survives a power cut', () => {
  const log = filled(3);
  let failing = true;
  log.machine.fault = (asked, name) => {
    const isFailing = failing && asked === 'sync' && name.startsWith('history-0');
    failing &&= !isFailing;
    return isFailing ? 'broken' : null;
  };
  log.append(data(200), data(300));
  log.run();
  log.disk.kill();
  log.machine.open();
  log.verify();
  expect(log.lastIndex).toBe(8);

  for (let seed = 1; seed <= 20; seed++) log.crash(seed);

  expect(log.lastIndex).toBe(8);
});
