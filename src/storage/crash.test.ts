// Power cuts at every answer of the disk, again and again on one machine, also in the middle of a recovery.

import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { ok } from '../kit/result.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { FIRST, SMALL, StoreInTest, textOf } from './testing.ts';

const LIVES = 4;

for (let seed = 1; seed <= 12; seed++) {
  test(`[ST17] whenever the power goes, all that was acknowledged is there again (seed ${seed})`, () => {
    const steps = stepsOfOneLife(seed);
    expect(steps).toBeGreaterThan(60);

    for (let crashAfter = 0; crashAfter <= steps; crashAfter++) {
      const machine = new StoreInTest();
      const random = new Random(seed);
      liveFor(machine, random, crashAfter);
      comeBack(machine, random.fork());
    }
  });
}

for (let seed = 100; seed < 300; seed += 20) {
  test(`[ST17] many lives on one disk lose nothing (seeds ${seed} to ${seed + 19})`, () => {
    for (let each = seed; each < seed + 20; each++) {
      const machine = new StoreInTest();
      const random = new Random(each);
      for (let life = 0; life < LIVES; life++) {
        liveFor(machine, random, random.below(160));
        comeBack(machine, random);
      }
    }
  });
}

test('[ST11] what is found after a kill is still there after a power cut that follows', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const machine = new StoreInTest();
    machine.open();
    machine.saveIdentity(FIRST);
    machine.append('written and never synced');
    while (machine.disk.content('outbox-00000001.log')?.every((byte) => byte === 0) !== false)
      machine.queue.step();
    machine.kill();
    machine.open();
    machine.verify();
    expect(machine.acknowledgedN).toBe(1);

    machine.crash(new Random(seed));
    machine.open();

    machine.verify();
  }
});

test('[ST13] a kill during a save and a power cut during the start after it leave one whole superblock', () => {
  for (let killAfter = 0; killAfter < 8; killAfter++) {
    for (let crashAfter = 0; crashAfter < 16; crashAfter++) {
      const machine = new StoreInTest();
      machine.open();
      machine.saveIdentity(FIRST);
      machine.store.saveHardState({ identity: FIRST, incarnation: 2 }, () => {});
      for (let i = 0; i < killAfter; i++) machine.queue.step();
      machine.kill();
      machine.begin();
      for (let i = 0; i < crashAfter; i++) machine.queue.step();

      machine.crash(new TornEverywhere());
      const { recovered, tailUnknown } = machine.open();

      expect(recovered?.hardState.incarnation).toBeGreaterThanOrEqual(1);
      expect(tailUnknown).toBe(false);
    }
  }
});

test('[ST17] a store that acknowledges before the disk has synced is caught by the same test', () => {
  let caught = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const machine = new StoreInTest(SMALL, (disk) => new HastyDisk(disk));
    const random = new Random(seed);
    try {
      liveFor(machine, random, 120);
      comeBack(machine, random);
    } catch {
      caught++;
    }
  }

  expect(caught).toBeGreaterThan(20);
});

/** Works until the disk has answered so often, or the plan of this life is done. Gives the number of answers. */
function liveFor(machine: StoreInTest, random: Random, answers: number): number {
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
    // A peer appends nothing before its identity is durable.
    let isSaved = false;
    machine.store.saveHardState({ identity: FIRST, incarnation: 1 }, () => {
      isSaved = true;
    });
    while (!isSaved && step());
    if (!isSaved) return answers;
  } else machine.verify();

  for (let action = 0; action < 120 && left > 0; action++) {
    const drawn = random.unit();
    if (drawn < 0.35) machine.append(...Array.from({ length: 1 + random.below(3) }, () => textOf(random)));
    else if (drawn < 0.39) machine.snapshot();
    else if (drawn < 0.45) machine.wakeAfter(60);
    else for (let i = random.below(6); i > 0 && step(); i--);
  }
  while (step());
  return answers - left;
}

function stepsOfOneLife(seed: number): number {
  return liveFor(new StoreInTest(), new Random(seed), 100_000);
}

/** Loses power, perhaps again while it recovers, and at last comes up. */
function comeBack(machine: StoreInTest, random: Random): void {
  if (random.chance(0.3)) machine.kill();
  else machine.crash(random);
  for (let tries = random.below(3); tries > 0; tries--) {
    machine.begin();
    for (let i = random.below(40); i > 0 && machine.queue.step(); i--);
    machine.crash(random);
  }
  machine.open();
  machine.verify();
  const unexpected = machine.report.filter(({ kind }) => kind !== 'torn' && kind !== 'superblock-copy');
  expect(unexpected).toEqual([]);
  expect(machine.opened?.tailUnknown).toBe(false);
  expect(machine.failures).toEqual([]);
  if (random.chance(0.5)) machine.kill();
  else machine.crash(random);
}

/** The worst luck: every sector that is not synced is torn behind its first twenty bytes. */
class TornEverywhere extends Random {
  constructor() {
    super(0);
  }

  override below(below: number): number {
    return below === 8 ? 7 : 20;
  }
}

/** Answers a sync without having synced. */
class HastyDisk implements Disk {
  readonly #disk: MemoryDisk;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  list: Disk['list'] = (done) => this.#disk.list(done);
  rename: Disk['rename'] = (from, to, done) => this.#disk.rename(from, to, done);
  remove: Disk['remove'] = (name, done) => this.#disk.remove(name, done);
  syncDirectory: Disk['syncDirectory'] = (done) => this.#disk.syncDirectory(done);
  open: Disk['open'] = (name, done) =>
    this.#disk.open(name, (result) => done(result.ok ? ok(hasty(result.value)) : result));
  create: Disk['create'] = (name, bytes, done) =>
    this.#disk.create(name, bytes, (result) => done(result.ok ? ok(hasty(result.value)) : result));
}

function hasty(file: DiskFile): DiskFile {
  return { ...file, bytes: file.bytes, sync: (done) => file.read(0, 0, () => done(ok(null))) };
}
