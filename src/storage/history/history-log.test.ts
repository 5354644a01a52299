import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Entry } from '../../model/entry.ts';
import { NEVER } from '../../model/time.ts';
import { bytesOf, CONTROL, data, filled, LogInTest, SMALL_ORDER } from './testing.ts';

test('[ST31] entries come back as they were appended, over many segments and after a start', () => {
  const log = filled(60);

  const before = log.readAll();
  log.machine.close();
  log.disk.kill();
  log.machine.open();

  expect(bytesOf(before)).toEqual(bytesOf(log.asked.entries));
  expect(segmentsOf(log).length).toBeGreaterThan(4);
  expect(log.machine.report).toEqual([]);
  expect(bytesOf(log.recovered.entries)).toEqual(bytesOf(before));
});

test('[ST37] while a group is at the disk all that is appended becomes one next group', () => {
  const log = new LogInTest().ready();
  const before = log.store.counters().history_groups_total ?? 0;

  for (let i = 0; i < 12; i++) log.append(data(10));
  log.run();

  expect(log.answered).toBe(12);
  expect(log.store.counters().history_groups_total).toBe(before + 2);
});

test('[ST37] nothing is answered before write and sync were', () => {
  const log = new LogInTest().ready();
  log.append(data(10));
  log.run();
  const done: string[] = [];
  log.machine.fault = (operation) => {
    done.push(operation);
    return null;
  };

  log.append(data(10));
  while (log.answered < 2) log.machine.queue.step();

  expect(done).toEqual(['write', 'sync']);
});

test('[ST37] after a while without appends one mark follows, and then nothing is to be done', () => {
  const log = new LogInTest().ready();
  log.append(data(10));
  log.run();
  const before = log.store.counters().history_bytes_written_total ?? 0;

  log.machine.rest();

  expect(log.store.counters().history_bytes_written_total).toBe(before + 64);
  expect(log.store.wakeAt).toBe(NEVER);
});

test('[ST31] the floor of the last group is known after a start', () => {
  const log = new LogInTest().ready();
  log.append(data(10), data(10));
  log.run();
  log.commit(2);
  log.append(data(10));
  log.run();

  log.crash(4);

  expect(log.recovered.floor).toBe(2);
});

test('[ST38] a read gives a first entry whatever it weighs, and no more than asked', () => {
  const log = filled(20);

  expect(log.read(3, 40, 0).map(({ index }) => index)).toEqual([3]);
  expect(log.read(3, 5, 1_000_000).map(({ index }) => index)).toEqual([3, 4, 5]);
  expect(log.read(41, 50, 1_000)).toEqual([]);
  expect(log.read(38, 90, 1_000_000).map(({ index }) => index)).toEqual([38, 39, 40]);
});

test('[ST38] reads at random places give what was appended, while appends and cuts go on', () => {
  const log = filled(40);
  const random = new Random(7);
  for (let i = 0; i < 300; i++) {
    if (random.chance(0.2)) log.append(data(random.below(300), 1, random));
    if (random.chance(0.05)) log.cut(Math.max(1, log.lastIndex - random.below(6)));
    const from = 1 + random.below(log.lastIndex);
    const answers: (readonly Entry[])[] = [];
    log.store.readLog(from, log.lastIndex, random.below(1_500), (entries) => answers.push(entries));
    for (let steps = random.below(9); steps > 0; steps--) log.machine.queue.step();
    log.run();

    for (const entry of answers.flat()) {
      expect(log.ops.some((op) => op.kind === 'entry' && op.entry.bytes.length === entry.bytes.length)).toBe(
        true,
      );
    }
    expect(bytesOf(log.read(from, log.lastIndex, 1_000_000))).toEqual(
      bytesOf(log.asked.entries.slice(from - 1)),
    );
  }
  expect(log.machine.failures).toEqual([]);
});

// One who had read what it had cut away sent it on as committed, as what took its place was (simulated 7000205).
test('[ST38] what a cut takes away is not given once the cut is asked for, though the disk still has it', () => {
  const log = new LogInTest().ready();
  for (let i = 0; i < 5; i++) log.append(data(40));
  log.run();
  const given: number[][] = [];
  const read = (): void =>
    log.store.readLog(2, 9, 100_000, (entries) => given.push(entries.map(({ index }) => index)));

  read();
  log.cut(3);
  read();
  const cutAgain = log.append(data(50), data(50));
  read();
  log.cut(4);
  log.run();
  read();
  log.append(data(60));
  log.run();

  expect(cutAgain.map(({ index }) => index)).toEqual([4, 5]);
  for (const indices of given.slice(0, 3)) expect(indices).toEqual([2, 3]);
  expect(given.slice(3)).toEqual([[2, 3, 4]]);
  expect(log.readAll().map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
});

test('[ST38] the entry that gave a sequence is found, and none for a sequence that nobody has', () => {
  const log = filled(40);

  for (const { index, firstSequence, count } of log.asked.entries) {
    for (let sequence = firstSequence; sequence < firstSequence + count; sequence++) {
      expect(log.find(sequence)).toBe(index);
    }
  }
  expect(log.find(0)).toBe(null);
  expect(log.find(40 * 3 + 1)).toBe(null);
});

test('[ST43] a cut takes entries away, keeps them aside, and what follows takes their place', () => {
  const log = filled(20);

  log.cut(10);
  log.append(data(33));
  log.run();

  expect(bytesOf(log.readAll())).toEqual(bytesOf(log.asked.entries));
  expect(log.disk.names.filter((name) => name.startsWith('diverged-'))).toEqual(['diverged-00000001-1-11']);
  log.crash(3);
  expect(bytesOf(log.recovered.entries)).toEqual(bytesOf(log.found.entries));
  expect(log.recovered.entries.length).toBe(11);
});

test('[ST43] what is kept aside is bounded', () => {
  const log = filled(5);
  for (let i = 0; i < 30; i++) {
    log.append(data(20));
    log.cut(log.lastIndex - 1);
    log.run();
  }

  expect(log.disk.names.filter((name) => name.startsWith('diverged-')).length).toBe(8);
});

test('[ST43] what is committed is never cut', () => {
  const log = filled(5);
  log.commit(6);
  log.append(data(5));
  log.run();

  expect(() => log.cut(5)).toThrow('what is committed stays in the log');
});

test('[ST41] a start reads no more than headers of what is behind the base', () => {
  const log = filled(60);
  log.commit(115);
  log.append(CONTROL);
  log.base();
  log.run();
  log.disk.kill();
  let scanned = 0;
  log.machine.fault = (operation, name, offset) => {
    if (operation === 'read' && name.startsWith('history-0') && offset === 0) scanned++;
    return null;
  };

  log.machine.open();

  expect(log.recovered.base?.index).toBe(115);
  expect(log.recovered.entries.map(({ index }) => index)).toEqual([116, 117, 118, 119, 120, 121]);
  // Each header once, the content of the last few, and that of the blank one.
  expect(scanned).toBeLessThan(segmentsOf(log).length + 6);
  expect(bytesOf(log.readAll())).toEqual(bytesOf(log.asked.entries));
});

test('[ST44] a trim removes whole segments, none that a base, a pin or a commit holds', () => {
  const log = filled(60);
  const all = segmentsOf(log).length;
  log.commit(100);
  log.append(CONTROL);
  log.store.pinLog('csv', 40, 5_000);
  log.base();
  log.run();
  log.commit(110);
  log.append(CONTROL);
  log.base();
  log.run();

  log.store.trimLog(100);
  log.run();
  expect(log.store.logStart).toBe(101);
  const pinned = segmentsOf(log).length;
  expect(pinned).toBeLessThan(all);
  expect(log.read(40, 40, 0).length).toBe(1);

  log.store.wake(5_000);
  log.run();
  expect(segmentsOf(log).length).toBeLessThan(pinned);
  expect(log.machine.events).toContainEqual({ type: 'pin-expired', name: 'csv' });
  log.crash(2);
  expect(log.recovered.start).toBe(101);
  expect(log.recovered.base?.index).toBe(110);
  expect(log.recovered.earlier?.map(({ index }) => index)).toEqual([100]);
  expect(log.readAll().map(({ index }) => index)).toEqual(Array.from({ length: 22 }, (_, at) => 101 + at));
});

test('[ST41] a base beyond the log, or of another group, begins the log anew behind it', () => {
  const log = filled(30);

  log.install(log.baseAt(500));
  log.append(data(20), data(20));
  log.run();
  expect(log.readAll().map(({ index }) => index)).toEqual([501, 502]);
  log.install(log.baseAt(300, 'fedcba9876543210'));
  log.append(data(20));
  log.run();

  expect(log.store.logStart).toBe(301);
  log.crash(9);
  expect(log.machine.report).toEqual([]);
  expect(log.recovered.base?.group).toBe('fedcba9876543210');
  expect(log.recovered.entries.map(({ index }) => index)).toEqual([301]);
});

test('[ST31] an entry larger than a segment gets one of its own', () => {
  const log = new LogInTest().ready();

  log.append(data(20), data(9_000), data(20));
  log.run();

  expect(log.answered).toBe(3);
  log.crash(5);
  expect(log.recovered.entries.length).toBe(3);
});

test('[ST24] what is asked for before close is durable after it', () => {
  const log = filled(4);
  for (let i = 0; i < 20; i++) log.append(data(300));
  log.commit(8);
  log.base();

  log.machine.close();

  expect(log.answered).toBe(log.ops.length);
  log.crash(3);
  expect(log.machine.report).toEqual([]);
  expect(log.recovered.base?.index).toBe(8);
});

test('[ST25] the log is counted', () => {
  const log = filled(20);

  expect(log.store.counters()).toMatchObject({
    history_first_index: 1,
    history_last_index: 40,
    history_entries_written_total: 40,
    history_damaged_entries: 0,
    history_disk_full: 0,
    history_reserve_segments: 2,
  });
});

test('[ST12] order state and incarnation share the superblock, and each save leaves the other as it was', () => {
  const log = new LogInTest(SMALL_ORDER).ready();
  const order = { group: 'fedcba9876543210', promised: log.ballot, damaged: false, floor: 7, founding: null };
  const before = log.disk.content('superblock');

  let saved = 0;
  for (let i = 0; i < 10; i++) log.store.saveOrderState({ ...order, floor: i }, () => saved++);
  log.run();
  log.store.saveHardState({ identity: log.machine.identity, incarnation: 5 }, () => saved++);
  log.run();

  expect(saved).toBe(11);
  expect(log.disk.content('superblock')).not.toEqual(before);
  log.crash(1);
  const { hardState } = log.machine.opened?.recovered ?? {};
  expect(hardState).toEqual({
    identity: log.machine.identity,
    incarnation: 5,
    order: { ...order, floor: 9 },
  });
});

function segmentsOf(log: LogInTest): readonly string[] {
  return log.disk.names.filter((name) => name.startsWith('history-0'));
}
