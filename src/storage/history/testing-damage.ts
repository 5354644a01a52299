// Logs that were used for a while, and what must be true of one that was damaged: for the tests of rot and of disks
// that lie.

import { assert } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { Entry } from '../../model/entry.ts';
import { sameChain } from '../../wire/entry.ts';
import { CONTROL, data, endOf, LogInTest, type Model } from './testing.ts';

/** What was found is part of the model, and what is not there is reported. */
export function expectSound(log: LogInTest, model: Model): void {
  const { entries, base, damaged } = log.recovered;
  const end = entries.at(-1)?.index ?? base?.index ?? 0;
  expectIn(model, entries);
  const isKnown = damaged.some(({ to }) => to >= endOf(model).index) || end === endOf(model).index;
  const isTold = isKnown || damaged.length > 0 || log.machine.opened?.tailUnknown === true;
  assert(isTold, `the log ends at ${end} instead of ${endOf(model).index}, and nobody is told`);
}

/** Reads all, and lets others give what is missing: rot of a segment that was sealed long ago shows when it is read. */
export function readMending(log: LogInTest, model: Model): readonly Entry['chain'][] {
  for (let tries = 0; tries < 20; tries++) {
    assert(log.restore(model), 'what others have mends the log');
    const read = log.readAll();
    expectIn(model, read);
    if (log.store.logHoles.length === 0) return read.map(({ chain }) => chain);
  }
  return [];
}

/** Nothing is there that was not appended at its place. */
export function expectIn(model: Model, found: readonly Entry[]): void {
  for (const { index, chain } of found) {
    const expected = model.entries.find((entry) => entry.index === index);
    const isSame = expected !== undefined && sameChain(expected.chain, chain);
    assert(isSame, `entry ${index} is not the one that was appended`);
  }
}

export function chainsFrom({ entries }: Model, start: number): readonly Entry['chain'][] {
  return entries.filter(({ index }) => index >= start).map(({ chain }) => chain);
}

export function startAgain(log: LogInTest): void {
  log.machine.close();
  log.disk.kill();
  log.machine.open();
}

/** A log that was written, shortened and trimmed, all of it answered. */
export function usedLog(random: Random, actions: number): LogInTest {
  const log = new LogInTest().ready();
  for (let i = 0; i < actions; i++) {
    const drawn = random.unit();
    if (drawn < 0.75) {
      const size = random.chance(0.2) ? random.below(1_000) : random.below(120);
      const bodies = Array.from({ length: 1 + random.below(3) }, () =>
        random.chance(0.2) ? CONTROL : data(size, 2, random),
      );
      log.append(...bodies);
    } else if (drawn < 0.82 && log.lastIndex > log.floor) {
      log.cut(log.floor + random.below(log.lastIndex - log.floor + 1));
    } else if (drawn < 0.9) log.commit(log.floor + random.below(20));
    else if (drawn < 0.95) log.base();
    else if (drawn < 0.97) log.store.trimLog(log.floor);
    else log.machine.wakeAfter(60);
    log.run();
  }
  return log;
}

/** 120 entries in many segments, bases at 80 and 100, closed by a mark. */
export function longLog(): LogInTest {
  const log = new LogInTest().ready();
  for (let i = 0; i < 120; i++) {
    log.commit(i === 100 ? 80 : i === 119 ? 100 : log.floor);
    log.append(data(90));
    log.base();
    log.run();
  }
  log.machine.rest();
  return log;
}

/** Turns bits of a log at rest. */
export function flip(log: LogInTest, random: Random, flips: number): void {
  if (random.chance(0.3)) log.machine.close();
  else log.machine.rest();
  log.disk.kill();
  const names = log.disk.names.filter((name) => name.startsWith('history-0') || name.startsWith('base-'));
  for (let left = flips; left > 0; left--) {
    log.disk.flipBit(random.pick(names), random.below(3_000), random.below(8));
  }
}
