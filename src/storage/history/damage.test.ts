// Bytes that rot, files that vanish, writes that go astray: what is left must be right, what is lost said, and the
// entries of other peers make it whole again.

import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { crc32 } from '../../kit/crc32.ts';
import { Random } from '../../kit/random.ts';
import { ok } from '../../kit/result.ts';
import type { Entry } from '../../model/entry.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { viewOf } from '../fields.ts';
import type { MemoryDisk } from '../memory-disk.ts';
import { COPY_BYTES } from '../superblock-copy.ts';
import { FIRST } from '../testing.ts';
import { CONTROL, data, endOf, LogInTest, type Model, SMALL_ORDER } from './testing.ts';

for (let seed = 1; seed <= 8; seed++) {
  test(`[ST40] one flipped bit anywhere is told, and the entries of others mend it (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let turn = 0; turn < 25; turn++) {
      const log = usedLog(random, 30 + random.below(60));
      const model = log.answeredModel;
      flip(log, random, 1);

      log.machine.open();

      expectSound(log, model);
      if (log.machine.opened?.tailUnknown) continue;
      expect(readMending(log, model)).toEqual(chainsFrom(model, log.store.logStart));
      startAgain(log);
      expect(log.recovered.damaged).toEqual([]);
      expect(log.machine.opened?.tailUnknown).toBe(false);
      expect(log.readAll().map(({ chain }) => chain)).toEqual(chainsFrom(model, log.store.logStart));
    }
  });
}

test('[ST40] many flipped bits never give an entry that is not the log, nor a shorter log in silence', () => {
  const random = new Random(77);
  for (let turn = 0; turn < 120; turn++) {
    const log = usedLog(random, 30 + random.below(60));
    const model = log.answeredModel;
    flip(log, random, 2 + random.below(8));

    log.machine.open();

    // Where the last group and the mark behind it are both hit, they look like an interrupted write.
    if (log.machine.report.some(({ kind }) => kind === 'torn')) continue;
    expectSound(log, model);
    if (log.machine.opened?.tailUnknown) continue;
    for (const chain of readMending(log, model)) expect(chainsFrom(model, 1)).toContainEqual(chain);
  }
});

test('[ST40] what is damaged is kept aside byte for byte', () => {
  const log = longLog();
  log.disk.kill();
  const name = lastSegment(log);
  log.disk.flipBit(name, 200, 3);
  const damaged = log.disk.content(name);

  log.machine.open();

  expect(log.recovered.damaged.length).toBe(1);
  expect(log.disk.content(`damaged-${name}`)).toEqual(damaged);
});

test('[ST40] damage is told at every start until the log has grown beyond it', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  log.disk.flipBit(lastSegment(log), 200, 3);
  log.machine.open();
  const { damaged } = log.recovered;
  const missing = model.entries.filter(({ index }) => index >= (damaged[0]?.from ?? 0));

  log.store.appendLog(missing.slice(0, 1), log.floor, () => {});
  log.run();
  startAgain(log);
  expect(log.recovered.damaged.at(-1)?.to).toBe(endOf(model).index);
  expect(log.restore(model)).toBe(true);
  startAgain(log);

  expect(log.recovered.damaged).toEqual([]);
  expect(log.recovered.entries.at(-1)?.index).toBe(endOf(model).index);
});

test('[ST40] a segment that is gone in the middle is one damaged range, and mended in its place', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  remove(log, 'history-00000003.log');

  log.machine.open();

  expect(log.machine.report).toMatchObject([]);
  expect(log.recovered.damaged.length).toBe(1);
  expect(log.recovered.entries.length).toBe(20);
  expect(readMending(log, model)).toEqual(chainsFrom(model, 1));
  startAgain(log);
  expect(log.recovered.damaged).toEqual([]);
  expect(log.readAll().map(({ chain }) => chain)).toEqual(chainsFrom(model, 1));
});

test('[ST40] entries that are not what is missing are not taken', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  remove(log, 'history-00000003.log');
  log.machine.open();
  const [hole] = log.recovered.damaged;
  const missing = model.entries.filter(({ index }) => index >= (hole?.from ?? 0) && index <= (hole?.to ?? 0));
  const other = new LogInTest().ready();
  const others = other.append(...missing.map(() => data(9)));

  expect(log.mend(missing.slice(1))).toBe(false);
  expect(log.mend(others)).toBe(false);
  expect(log.mend([])).toBe(false);
  expect(log.store.logHoles).toEqual([hole]);
  expect(log.mend(missing)).toBe(true);
  expect(log.store.logHoles).toEqual([]);
});

test('[ST40] when the last segment is gone, nobody knows what was in it: the identity is given up', () => {
  const log = longLog();
  log.disk.kill();
  for (const name of log.disk.names.filter((name) => name.startsWith('history-0')).slice(-2))
    remove(log, name);

  log.machine.open();

  expect(log.machine.opened?.tailUnknown).toBe(true);
  expect(log.machine.report.at(-1)).toMatchObject({ kind: 'log-lost' });
});

test('[ST40] a log that became zeros, though the superblock says there was one, is not taken for an empty one', () => {
  const log = new LogInTest().ready();
  log.append(data(50));
  log.run();
  log.machine.close();
  log.disk.kill();
  log.disk.create('history-00000001.log', 2_048, () => {});
  log.run();

  log.machine.open();

  expect(log.machine.opened?.tailUnknown).toBe(true);
});

test('[ST13] with both copies of the superblock bad, promises are lost and the log is kept', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  for (const copy of [0, 1]) log.disk.flipBit('superblock', copy * COPY_BYTES + 40, 0);

  log.machine.open();

  expect(log.machine.report).toContainEqual({ kind: 'superblock-lost' });
  expect(log.machine.opened?.tailUnknown).toBe(true);
  expect(log.machine.opened?.recovered?.hardState).toEqual({ identity: FIRST, incarnation: 0 });
  expect(log.readAll().map(({ chain }) => chain)).toEqual(chainsFrom(model, 1));
});

test('[ST41] a base that cannot be read is reported, and the one before it does', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  log.disk.flipBit('base-0000000000000100-00000001', 30, 2);

  log.machine.open();

  expect(log.machine.report).toMatchObject([{ kind: 'log-damaged', file: 'base-0000000000000100-00000001' }]);
  expect(log.recovered.base?.index).toBe(80);
  expect(log.recovered.entries.length).toBe(40);
  expect(log.readAll().map(({ chain }) => chain)).toEqual(chainsFrom(model, 1));
});

for (const [name, at, crcAt, from, to] of [
  ['history-00000002.log', 8, 4, 8, 128],
  ['base-0000000000000100-00000001', 4, 8, 0, 8],
] as const) {
  test(`[ST14] a later format of ${name} is refused and left as it is`, () => {
    const log = longLog();
    log.disk.kill();
    rewrite(log, name, (bytes) => {
      const view = viewOf(bytes);
      view.setUint32(at, 2, true);
      view.setUint32(crcAt, crc32(bytes, from, to, 0), true);
    });
    const before = contents(log);

    log.machine.begin();
    log.run();

    expect(log.machine.problem).toEqual({ kind: 'newer-format', found: 2, supported: 1 });
    expect(contents(log)).toEqual(before);
  });
}

test('[ST39] rot in a segment that was sealed long ago shows when it is read, and the order goes on', () => {
  const log = longLog();
  const model = log.answeredModel;
  startAgain(log);
  log.disk.flipBit('history-00000002.log', 400, 4);

  const read = log.readAll();
  log.append(data(30));
  log.run();

  expect(read.length).toBeLessThan(120);
  expect(log.machine.events).toContainEqual(expect.objectContaining({ type: 'log-damaged' }));
  expect(log.store.logEnd).toBe(121);
  expect(readMending(log, log.asked).slice(0, 120)).toEqual(chainsFrom(model, 1));
});

test('[ST39] bytes that the disk does not give are damage too, and may come back', () => {
  const log = longLog();
  startAgain(log);
  let failing = true;
  log.machine.fault = (operation, name) =>
    failing && operation === 'read' && name === 'history-00000002.log' ? 'broken' : null;

  expect(log.readAll().length).toBeLessThan(120);
  failing = false;

  expect(log.machine.failures).toEqual([]);
  expect(log.store.logHoles.length).toBe(1);
  expect(readMending(log, log.asked).length).toBe(120);
});

test('[ST45] the scrub finds rot that nobody reads', () => {
  const log = longLog();
  const found = (): boolean => log.machine.events.some(({ type }) => type === 'log-damaged');
  for (let i = 0; i < 40; i++) scrub(log, 700);
  expect(log.store.counters().history_scrub_passes_total).toBeGreaterThan(0);
  expect(found()).toBe(false);

  log.disk.flipBit('history-00000004.log', 500, 1);
  for (let i = 0; i < 60; i++) scrub(log, 700);

  expect(found()).toBe(true);
  expect(log.store.counters().history_damaged_entries).toBeGreaterThan(0);
});

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

test('[ST32] what an old segment left in a new one is not taken for records', () => {
  const log = longLog();
  const model = log.answeredModel;
  log.disk.kill();
  const old = must(log.disk.content('history-00000002.log'), 'there is one').slice();
  const blank = must(log.disk.names.filter((name) => name.startsWith('history-0')).at(-1), 'there is one');
  rewrite(log, blank, (bytes) => bytes.set(old));

  log.machine.open();

  expect(log.recovered.damaged).toEqual([]);
  expect(log.readAll().map(({ chain }) => chain)).toEqual(chainsFrom(model, 1));
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

  expect(caught).toBeGreaterThan(20);
});

/** What was found is part of the model, and what is not there is reported. */
function expectSound(log: LogInTest, model: Model): void {
  const { entries, base, damaged } = log.recovered;
  const end = entries.at(-1)?.index ?? base?.index ?? 0;
  for (const entry of entries) {
    expect(entry.chain).toEqual(model.entries.find(({ index }) => index === entry.index)?.chain);
  }
  const isKnown = damaged.some(({ to }) => to >= endOf(model).index) || end === endOf(model).index;
  expect(isKnown || damaged.length > 0 || log.machine.opened?.tailUnknown).toBe(true);
}

/** Reads all, and lets others give what is missing: rot of a segment that was sealed long ago shows when it is read. */
function readMending(log: LogInTest, model: Model): readonly Entry['chain'][] {
  for (let tries = 0; tries < 20; tries++) {
    expect(log.restore(model)).toBe(true);
    const read = log.readAll();
    for (const entry of read) {
      expect(entry.chain).toEqual(model.entries.find(({ index }) => index === entry.index)?.chain);
    }
    if (log.store.logHoles.length === 0) return read.map(({ chain }) => chain);
  }
  return [];
}

function chainsFrom({ entries }: Model, start: number): readonly Entry['chain'][] {
  return entries.filter(({ index }) => index >= start).map(({ chain }) => chain);
}

function startAgain(log: LogInTest): void {
  log.machine.close();
  log.disk.kill();
  log.machine.open();
}

/** Turns bits of a log at rest. */
function flip(log: LogInTest, random: Random, flips: number): void {
  if (random.chance(0.3)) log.machine.close();
  else log.machine.rest();
  log.disk.kill();
  const names = log.disk.names.filter((name) => name.startsWith('history-0') || name.startsWith('base-'));
  for (let left = flips; left > 0; left--) {
    log.disk.flipBit(random.pick(names), random.below(3_000), random.below(8));
  }
}

/** A log that was written, shortened and trimmed, all of it answered. */
function usedLog(random: Random, actions: number): LogInTest {
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
function longLog(): LogInTest {
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

function lastSegment(log: LogInTest): string {
  const begun = log.disk.names.filter((name) => {
    const isLog = name.startsWith('history-0');
    return isLog && log.disk.content(name)?.some((byte) => byte !== 0);
  });
  return must(begun.at(-1), 'a segment was begun');
}

function remove(log: LogInTest, name: string): void {
  log.disk.remove(name, () => {});
  log.run();
  log.disk.kill();
}

function rewrite(log: LogInTest, name: string, change: (bytes: Uint8Array) => void): void {
  const bytes = must(log.disk.content(name), 'the file is there').slice();
  change(bytes);
  log.disk.open(name, (file) => {
    if (!file.ok) return;
    file.value.write(0, bytes, () => file.value.sync(() => {}));
  });
  log.run();
}

function contents(log: LogInTest): ReadonlyMap<string, Uint8Array | null> {
  return new Map(log.disk.names.map((name) => [name, log.disk.content(name)]));
}

function scrub(log: LogInTest, bytes: number): void {
  log.store.scrubLog(bytes, () => {});
  log.run();
}

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
