// Lives of a log: work of all kinds, cut short by a power cut after any answer of the disk, and what must be true
// when it comes back. For the tests of crashes.

import { assert } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import { FIRST } from '../testing.ts';
import { CONTROL, data, endOf, LogInTest, type Model } from './testing.ts';
import {
  chainsFrom,
  expectIn,
  expectSound,
  flip,
  readMending,
  startAgain,
  usedLog,
} from './testing-damage.ts';

/** What a life has to bear besides power cuts. */
export interface Hardships {
  /** The disk is full now and then, also within a segment. */
  readonly full: boolean;
}

export const NONE: Hardships = { full: false };

const LIVES = 4;

/** Some lives of one log, each ended by a power cut or a kill. */
export function live(seed: number, hardships: Hardships): void {
  const log = new LogInTest();
  const random = new Random(seed);
  for (let lives = 0; lives < LIVES; lives++) {
    liveFor(log, random, random.below(250), hardships);
    comeBack(log, random);
  }
}

/** A log with one damaged place is mended while the power fails again and again. */
export function mendThroughPowerCuts(seed: number): void {
  const random = new Random(seed);
  const log = usedLog(random, 30 + random.below(60));
  const model = log.answeredModel;
  flip(log, random, 1);
  log.machine.open();
  // A last group behind which nothing stands looks like an interrupted write where it has rotted.
  if (log.machine.report.some(({ kind }) => kind === 'torn')) return;
  expectSound(log, model);
  if (log.machine.opened?.tailUnknown) return;

  for (let cuts = random.below(4); cuts > 0; cuts--) {
    beginMending(log, model, random);
    log.machine.crash(random);
    log.machine.open();
    expectSound(log, model);
    assert(log.machine.opened?.tailUnknown === false, 'a power cut loses no more than was lost');
  }
  expectMended(log, model);
}

/** Bits of a log turn at rest; what of it is known to be lost comes back from others. */
export function mendFlips(seed: number): void {
  const random = new Random(seed);
  const log = usedLog(random, 30 + random.below(80));
  const model = log.answeredModel;
  flip(log, random, 2 + random.below(8));
  log.machine.open();
  // Where the last group and the mark behind it are both hit, they look like an interrupted write.
  if (log.machine.report.some(({ kind }) => kind === 'torn')) return;
  expectSound(log, model);
  if (log.machine.opened?.tailUnknown === false) readMending(log, model);
}

/** The disk puts one write elsewhere in its file, and nobody notices at once: the log goes on, and is cut. */
export function writeAstray(seed: number): void {
  const random = new Random(seed);
  const log = new LogInTest().ready();
  let wait = 20 + random.below(40);
  log.disk.placeOf = (name, offset) => {
    if (!name.startsWith('history-0') || wait-- !== 0) return offset;
    const by = (random.chance(0.5) ? 8 : 512) * (1 + random.below(60));
    return Math.max(0, random.chance(0.5) ? offset - by : offset + by);
  };
  for (let turn = 0; turn < 90; turn++) {
    log.append(random.chance(0.1) ? CONTROL : data(random.below(200), 1, random));
    if (random.chance(0.05) && log.lastIndex > log.floor + 1) {
      log.cut(log.floor + random.below(log.lastIndex - log.floor));
    }
    if (random.chance(0.1)) log.commit(log.floor + random.below(8));
    if (random.chance(0.05)) log.base();
    log.run();
  }
  wait = -1;
  const model = log.answeredModel;
  log.machine.rest();
  if (random.chance(0.5)) log.machine.crash(random);
  else log.disk.kill();

  log.machine.open();

  expectSound(log, model);
  // Where it was to end behind an entry that is lost, it had to stop.
  const hadToStop = log.machine.failures.length > 0;
  if (!hadToStop && log.machine.opened?.tailUnknown === false) expectMended(log, model);
}

function expectMended(log: LogInTest, model: Model): void {
  const read = readMending(log, model).length;
  // It begins before what was found first, where the first segment was lost and is there again.
  const whole = chainsFrom(model, log.store.logStart).length;
  assert(read === whole, 'the log is whole when others have given what was missing');
  startAgain(log);
  assert(log.recovered.damaged.length === 0, 'what was mended is not missing any more');
  assert(log.readAll().length === whole, 'the log is as whole after the next start');
}

/** What is missing shows when it is read; what others have of it comes in parts. */
function beginMending(log: LogInTest, { entries }: Model, random: Random): void {
  const { queue, store } = log.machine;
  store.readLog(store.logStart, Number.MAX_SAFE_INTEGER, 100_000, () => {});
  let isAppending = false;
  if (random.chance(0.5)) store.scrubLog(random.below(9_000), () => {});
  for (let asked = random.below(4); asked > 0; asked--) {
    for (let steps = random.below(60); steps > 0; steps--) queue.step();
    const [hole] = store.logHoles;
    if (hole === undefined) continue;
    const given = entries.filter(({ index }) => index >= hole.from && index <= hole.to);
    const some = given.slice(0, 1 + random.below(given.length));
    if (hole.from <= store.logEnd) store.mendLog(some, () => {});
    else if (!isAppending) store.appendLog(some, log.floor, () => {});
    isAppending ||= hole.from > store.logEnd;
  }
  for (let steps = random.below(40); steps > 0; steps--) queue.step();
}

/** Works until the disk has answered so often, or the plan of this life is done. Gives the number of answers. */
export function liveFor(log: LogInTest, random: Random, answers: number, hardships: Hardships): number {
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

  const harden = hardened(log, random, hardships);
  for (let action = 0; action < 100 && left > 0; action++) {
    harden();
    act(log, random, step);
  }
  while (step());
  return answers - left;
}

/** Loses power, perhaps again while it recovers, and at last comes up. */
export function comeBack(log: LogInTest, random: Random): void {
  const { machine } = log;
  log.disk.capacityBytes = Number.POSITIVE_INFINITY;
  machine.fault = () => null;
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
  assert(unexpected.length === 0, `a power cut does no harm: ${JSON.stringify(unexpected)}`);
  assert(machine.opened?.tailUnknown === false, 'after a power cut the end of the log is known');
  assert(log.recovered.damaged.length === 0, 'a power cut damages nothing');
  assert(
    machine.failures.every(({ kind }) => kind === 'full'),
    'no call fails but for want of space',
  );
  const read = log.readAll();
  expectIn(log.found, read);
  assert(read.length === chainsFrom(log.found, log.store.logStart).length, 'all that was found can be read');
  const last = read.at(-1)?.index ?? log.recovered.base?.index ?? 0;
  assert(last === endOf(log.found).index, 'the log is read to its end');
  if (random.chance(0.5)) machine.kill();
  else machine.crash(random);
}

/** Gives the disk its moods, one draw each time. */
function hardened(log: LogInTest, random: Random, { full }: Hardships): () => void {
  if (!full) return () => {};
  let refuses = false;
  log.machine.fault = (operation) => (refuses && operation === 'write' && random.chance(0.3) ? 'full' : null);
  return () => {
    const drawn = random.unit();
    if (drawn < 0.1) log.disk.capacityBytes = log.disk.usedBytes + random.below(8_000);
    else if (drawn < 0.2) log.disk.capacityBytes = Number.POSITIVE_INFINITY;
    else if (drawn < 0.3) refuses = !refuses;
    else if (drawn < 0.4) log.machine.wakeAfter(1_100);
  };
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
  } else if (drawn < 0.57) log.store.scrubLog(random.below(4_000), () => {});
  else for (let i = random.below(8); i > 0 && step(); i--);
}
