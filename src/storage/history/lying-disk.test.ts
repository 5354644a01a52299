// Disks that put a write elsewhere, forget one, or say that something is durable that is not.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { ok } from '../../kit/result.ts';
import type { Disk, DiskFile } from '../disk.ts';
import type { MemoryDisk } from '../memory-disk.ts';
import { CONTROL, data, LogInTest, SMALL_ORDER } from './testing.ts';
import { expectSound } from './testing-damage.ts';
import { writeAstray } from './testing-lives.ts';

test('[ST32] a write that the disk put elsewhere is noticed in both places', () => {
  let noticed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const log = new LogInTest().ready();
    for (let i = 0; i < 30; i++) log.append(data(60, 1, random), CONTROL);
    log.run();
    let isAstray = true;
    log.disk.placeOf = (name, offset) => {
      if (!isAstray || !name.startsWith('history-0')) return offset;
      isAstray = false;
      return Math.max(0, offset - 8 * (1 + random.below(60)));
    };
    for (let i = 0; i < 20; i++) {
      log.append(data(60, 1, random));
      log.run();
    }
    const model = log.answeredModel;
    log.machine.rest();
    log.disk.kill();

    log.machine.open();

    expectSound(log, model);
    if (log.recovered.damaged.length > 0) noticed++;
  }
  expect(noticed).toBe(40);
});

test('[ST40] what a write that went astray has spoilt is mended, also where the log is cut meanwhile (seeds 1 to 60)', () => {
  for (let seed = 1; seed <= 60; seed++) writeAstray(seed);
});

// A cut to before the only segment that a start goes through stood behind the damage. The entries in the segments
// before it, which that cut had taken away, were taken for the log, and what others gave did not fit them.
test('[ST40] what a cut behind the damage took from earlier segments is not the log (seed 140044)', () => {
  writeAstray(140_044);
});

test('[ST40] what was missing and has left the log is missing no more, also at the next start', () => {
  const log = new LogInTest().ready();
  for (let i = 0; i < 9; i++) {
    log.commit(Math.min(i, 3));
    log.append(data(60));
    log.run();
  }
  log.machine.rest();
  log.disk.flipBit('history-00000001.log', 900, 1);
  log.readAll();
  const [hole] = log.store.logHoles;

  log.cut(3);
  log.run();

  expect(hole?.from).toBeGreaterThan(3);
  expect(log.store.logHoles).toEqual([]);
  log.crash(1);
  expect(log.recovered.damaged).toEqual([]);
  expect(log.store.logEnd).toBe(3);
});

test('[ST32] a group that the disk never wrote, though it said so, is found by what was written behind it', () => {
  let noticed = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const log = new LogInTest(SMALL_ORDER, (disk) => new ForgetfulDisk(disk, 6 + seed)).ready();
    for (let i = 0; i < 60; i++) {
      log.append(data(40 + (i % 5) * 30));
      log.run();
    }
    const model = log.answeredModel;
    log.machine.rest();
    log.disk.kill();

    log.machine.open();

    expectSound(log, model);
    if (log.recovered.damaged.length > 0) noticed++;
  }
  expect(noticed).toBe(30);
});

test('[ST40] a disk that lies about syncs of the log is found out by the superblock after the power cut', () => {
  let lost = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const log = new LogInTest().ready();
    for (let i = 0; i < 10; i++) log.append(data(60));
    log.run();
    log.disk.lies = (name) => name.startsWith('history-0');
    for (let i = 0; i < 60; i++) {
      log.append(data(90));
      log.run();
    }
    const model = log.answeredModel;
    log.disk.lies = () => false;

    log.machine.crash(new Random(seed));
    log.machine.open();

    expectSound(log, model);
    if (log.machine.opened?.tailUnknown || log.recovered.damaged.length > 0) lost++;
  }
  expect(lost).toBe(30);
});

test('[ST37] a store that answers before the disk has synced is caught by the comparison after a power cut', () => {
  let caught = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const log = new LogInTest(SMALL_ORDER, (disk) => new HastyDisk(disk)).ready();
    for (let i = 0; i < 30; i++) {
      log.append(data(80));
      for (let steps = 0; steps < 3; steps++) log.machine.queue.step();
    }
    try {
      log.crash(seed);
      // A sound store never has to say so after a power cut.
      if (log.machine.opened?.tailUnknown || log.recovered.damaged.length > 0) caught++;
    } catch {
      caught++;
    }
  }

  expect(caught).toBe(40);
});

/** Passes everything on, apart from what files do. */
class DiskBetween implements Disk {
  readonly #disk: MemoryDisk;
  readonly #changed: (file: DiskFile) => DiskFile;

  constructor(disk: MemoryDisk, changed: (file: DiskFile) => DiskFile) {
    this.#disk = disk;
    this.#changed = changed;
  }

  list: Disk['list'] = (done) => this.#disk.list(done);
  rename: Disk['rename'] = (from, to, done) => this.#disk.rename(from, to, done);
  remove: Disk['remove'] = (name, done) => this.#disk.remove(name, done);
  syncDirectory: Disk['syncDirectory'] = (done) => this.#disk.syncDirectory(done);
  open: Disk['open'] = (name, done) =>
    this.#disk.open(name, (file) => done(file.ok ? ok(this.#changed(file.value)) : file));
  create: Disk['create'] = (name, bytes, done) =>
    this.#disk.create(name, bytes, (file) => done(file.ok ? ok(this.#changed(file.value)) : file));
}

/** Answers a sync without having synced. */
class HastyDisk extends DiskBetween {
  constructor(disk: MemoryDisk) {
    super(disk, (file) => ({
      ...file,
      bytes: file.bytes,
      sync: (done) => file.read(0, 0, () => done(ok(null))),
    }));
  }
}

/** Forgets one write to a segment of the log, the one of that number. */
class ForgetfulDisk extends DiskBetween {
  constructor(disk: MemoryDisk, forgotten: number) {
    let writes = 0;
    super(disk, (file) => ({
      ...file,
      bytes: file.bytes,
      write: (offset, bytes, done) => {
        const isForgotten = file.name.startsWith('history-0') && ++writes === forgotten;
        if (isForgotten) file.read(0, 0, () => done(ok(null)));
        else file.write(offset, bytes, done);
      },
    }));
  }
}
