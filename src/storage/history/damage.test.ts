// Bytes that rot, files that vanish: what is left must be right, what is lost said, and the entries of other peers
// make it whole again.

import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { crc32 } from '../../kit/crc32.ts';
import { Random } from '../../kit/random.ts';
import { viewOf } from '../fields.ts';
import { COPY_BYTES } from '../superblock-copy.ts';
import { FIRST } from '../testing.ts';
import { RECORD_ALIGN, type RecordKind, readHeader } from './record.ts';
import { data, endOf, LogInTest } from './testing.ts';
import {
  chainsFrom,
  expectSound,
  flip,
  longLog,
  readMending,
  startAgain,
  usedLog,
} from './testing-damage.ts';
import { mendFlips, mendThroughPowerCuts } from './testing-lives.ts';

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

// The header of a first segment went, and with it what stands before its first entry. What was trimmed of the segment
// was still called missing, and asked of those who had trimmed it too (140201); an entry behind that was not taken, as
// nobody could say what it continues, though what stands behind it does (140198), or would once all of them had come
// (150616). In 160084 such a header was lost behind a hole, and its segment passed for one that continues nothing. In
// 160481 it would have told of a cut in the segment before: what that had taken away was read as the log.
test('[ST40] a log is mended where nothing says what stood before (seeds 140198, 140201, 150616, 160084, 160481)', () => {
  for (const seed of [140_198, 140_201, 150_616, 160_084, 160_481]) mendFlips(seed);
});

// An entry that was trimmed had rotted, and kept those behind it in its segment from being read (151051). Where such a
// segment is written anew without its beginning, its former header is of a log that was cut (140379).
test('[ST39] what was trimmed and has rotted keeps nothing from being read (seeds 140379, 151051)', () => {
  for (const seed of [140_379, 151_051]) mendThroughPowerCuts(seed);
});

test('[ST39] what was cut away does not come back where the record of the cut has rotted', () => {
  const log = new LogInTest().ready();
  for (let i = 0; i < 10; i++) log.append(data(40));
  log.run();
  log.cut(4);
  log.run();
  const model = log.answeredModel;
  log.machine.rest();
  log.disk.kill();
  rot(log, 'cut');

  log.machine.open();

  expect(log.recovered.entries.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  expectSound(log, model);
  expect(log.machine.report).toMatchObject([{ kind: 'log-damaged' }]);
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

/** Turns a bit of each record of this kind. */
function rot({ disk }: LogInTest, kind: RecordKind): void {
  for (const name of disk.names.filter((one) => one.startsWith('history-0'))) {
    const bytes = must(disk.content(name), 'the file is there');
    for (let at = 0; at < bytes.length; at += RECORD_ALIGN) {
      const record = readHeader(bytes, viewOf(bytes), at, Number(name.slice(8, 16)), at);
      if (record?.kind === kind) disk.flipBit(name, at + 40, 3);
    }
  }
}
