import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { NEVER } from '../model/time.ts';
import { FIRST, SECOND, SMALL, StoreInTest, textOf, textsOf } from './testing.ts';

test('[ST12] a directory that was never used gives nothing, one that was gives its hard state', () => {
  const machine = new StoreInTest();
  expect(machine.open()).toMatchObject({ recovered: null, report: [], tailUnknown: false });

  machine.saveIdentity(FIRST);
  machine.disk.kill();

  expect(machine.open().recovered?.hardState).toEqual({ identity: FIRST, incarnation: 1 });
});

test('[ST18] while a group is at the disk all that is appended becomes one next group', () => {
  const machine = ready();
  const before = machine.store.counters().outbox_groups_total ?? 0;

  for (let i = 0; i < 20; i++) machine.append('reading');
  machine.queue.runAll();

  expect(machine.acknowledgedN).toBe(20);
  expect(machine.store.counters().outbox_groups_total).toBe(before + 2);
});

test('[ST18] appends are answered in their order, and what the answers append goes into one group', () => {
  const machine = ready();
  const answered: number[] = [];
  const more = (left: number): void => {
    const { nextN } = machine;
    machine.append('reading');
    answered.push(nextN);
    if (left > 0) machine.queue.later(() => more(left - 1));
  };

  more(5);
  machine.queue.runAll();

  expect([...machine.acknowledged.keys()]).toEqual(answered);
});

test('[ST17] nothing is answered before write and sync were', () => {
  const machine = ready();
  machine.append('the first one takes a segment');
  machine.queue.runAll();
  const done: string[] = [];
  machine.fault = (operation) => {
    done.push(operation);
    return null;
  };

  machine.append('reading');
  while (machine.acknowledgedN < 2) machine.queue.step();

  expect(done).toEqual(['write', 'sync']);
});

test('[ST19] after a while without appends one mark follows, and then nothing is to be done', () => {
  const machine = ready();
  machine.append('reading');
  machine.queue.runAll();
  const before = machine.store.counters().outbox_bytes ?? 0;

  expect(machine.store.wakeAt).toBe(0);
  machine.store.wake(1_000);
  expect(machine.store.wakeAt).toBe(1_050);
  machine.store.wake(1_050);
  machine.queue.runAll();

  expect(machine.store.counters().outbox_bytes).toBe(before + 48);
  expect(machine.store.wakeAt).toBe(NEVER);
});

test('[ST19] a marked tail that rots is damage, though nothing follows it', () => {
  const machine = ready();
  machine.append('reading');
  machine.rest();
  machine.disk.kill();
  machine.disk.flipBit('outbox-00000001.log', 120, 0);

  expect(machine.open().report[0]).toMatchObject({ kind: 'damaged', fromN: 1, toN: 1 });
  expect(machine.opened?.tailUnknown).toBe(false);
});

test('[ST20] after a snapshot the segments that it covers are gone, the one written on is not', () => {
  const machine = ready();
  const random = new Random(1);
  for (let i = 0; i < 80; i++) {
    machine.append(textOf(random));
    machine.queue.runAll();
  }
  const before = logsOf(machine).length;

  machine.snapshot();
  machine.queue.runAll();

  expect(before).toBeGreaterThan(4);
  expect(logsOf(machine).length).toBe(2);
  machine.disk.kill();
  const { recovered, report } = machine.open();
  expect(report).toEqual([]);
  expect(recovered?.snapshot?.ownN).toBe(80);
  expect(recovered?.batches).toEqual([]);
});

test('[ST20] batches of an earlier identity stay readable until a snapshot of a later one', () => {
  const machine = ready();
  machine.append('under the first name');
  machine.queue.runAll();
  machine.saveIdentity(SECOND);
  machine.append('under the second name');
  machine.queue.runAll();
  machine.disk.kill();

  const before = machine.open().recovered;
  expect(textsOf(before, FIRST)).toEqual(new Map([[1, 'under the first name']]));
  expect(textsOf(before, SECOND)).toEqual(new Map([[1, 'under the second name']]));

  machine.verify();
  machine.store.saveSnapshot({ identity: SECOND, ownN: 0, streams: [], receipts: [] }, () => {});
  machine.queue.runAll();
  machine.disk.kill();
  const after = machine.open().recovered;
  expect(textsOf(after, FIRST).size).toBe(0);
  expect(textsOf(after, SECOND).size).toBe(1);
});

test('[ST16] a snapshot is the old one or the new one, whenever the power goes', () => {
  for (let crashAfter = 0; crashAfter < 20; crashAfter++) {
    const machine = ready();
    machine.append('one', 'two');
    machine.queue.runAll();
    machine.snapshot();
    machine.queue.runAll();
    machine.append('three');
    machine.queue.runAll();
    machine.snapshot();
    for (let i = 0; i < crashAfter; i++) machine.queue.step();
    const covered = machine.coveredN;

    machine.crash(new Random(crashAfter));
    const { recovered, report } = machine.open();

    machine.verify();
    expect(report.filter(({ kind }) => kind === 'damaged')).toEqual([]);
    expect(recovered?.snapshot?.ownN).toBeGreaterThanOrEqual(covered);
  }
});

test('[ST21] on a full disk appends wait, the host is told once, and nothing is lost when space comes', () => {
  const machine = ready();
  machine.disk.capacityBytes = machine.disk.usedBytes + 100;

  for (let i = 0; i < 30; i++) {
    machine.append('x'.repeat(400));
    machine.queue.runAll();
  }
  const stored = machine.acknowledgedN;
  expect(machine.failures.length).toBe(1);
  expect(machine.failures[0]).toMatchObject({ kind: 'full' });
  expect(stored).toBeGreaterThan(6);
  expect(stored).toBeLessThan(30);

  machine.disk.capacityBytes = Number.POSITIVE_INFINITY;
  machine.rest();
  expect(machine.acknowledgedN).toBe(30);
  machine.crash(new Random(4));
  expect(machine.open().report).toEqual([]);
  machine.verify();
});

test('[ST21] a full disk at any moment and a power cut lose nothing that was acknowledged', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const machine = ready();
    const random = new Random(seed);
    for (let i = 0; i < 60; i++) {
      if (random.chance(0.1)) machine.disk.capacityBytes = machine.disk.usedBytes + random.below(6_000);
      if (random.chance(0.1)) machine.disk.capacityBytes = Number.POSITIVE_INFINITY;
      if (random.chance(0.1)) machine.snapshot();
      if (random.chance(0.1)) machine.wakeAfter(1_200);
      machine.append(textOf(random));
      for (let steps = random.below(12); steps > 0; steps--) machine.queue.step();
    }

    machine.crash(random);
    machine.disk.capacityBytes = Number.POSITIVE_INFINITY;
    machine.open();

    machine.verify();
    expect(machine.failures.every(({ kind }) => kind === 'full')).toBe(true);
    expect(machine.report.filter(({ kind }) => kind === 'damaged')).toEqual([]);
  }
});

test('[ST22] as soon as one segment is begun the next one is made', () => {
  const machine = ready();

  expect(logsOf(machine)).toEqual(['outbox-00000001.log']);
  machine.append('reading');
  machine.queue.runAll();

  expect(logsOf(machine)).toEqual(['outbox-00000001.log', 'outbox-00000002.log']);
});

for (const operation of ['write', 'sync'] as const) {
  test(`[ST23] after one failed ${operation} nothing is ever acknowledged again`, () => {
    const machine = ready();
    let failing = false;
    machine.fault = (asked, name) => {
      const isFailing = failing && asked === operation && name.startsWith('outbox-');
      failing &&= !isFailing;
      return isFailing ? 'broken' : null;
    };
    machine.append('before');
    machine.queue.runAll();

    failing = true;
    machine.append('at the failure');
    machine.append('behind it');
    machine.queue.runAll();
    machine.append('after it');
    machine.store.saveHardState({ identity: FIRST, incarnation: 2 }, () => machine.acknowledged.set(99, ''));
    machine.store.saveSnapshot({ identity: FIRST, ownN: 1, streams: [], receipts: [] }, () => {
      machine.acknowledged.set(99, '');
    });
    machine.rest();

    expect(machine.acknowledgedN).toBe(1);
    expect(machine.failures.length).toBe(1);
    expect(machine.failures[0]?.kind).toBe('broken');
    machine.crash(new Random(2));
    machine.open();
    machine.verify();
  });
}

test('[ST24] what is asked for before close is durable after it', async () => {
  const machine = ready();
  for (let i = 0; i < 30; i++) machine.append('x'.repeat(300));
  machine.snapshot();
  const closed = machine.store.close();
  machine.queue.runAll();
  await closed;

  expect(machine.acknowledgedN).toBe(30);
  machine.crash(new Random(8));
  machine.open();
  machine.verify();
  expect(machine.report).toEqual([]);
});

test('[ST25] sizes and numbers are counted', () => {
  const machine = ready();
  machine.append('reading');
  machine.snapshot();
  machine.queue.runAll();

  const counters = machine.store.counters();

  expect(counters).toMatchObject({ outbox_segments: 1, snapshots_saved_total: 1, outbox_disk_full: 0 });
  expect(counters.outbox_bytes).toBeGreaterThan(64);
});

test('[ST7] a batch as large as a segment allows is stored, a larger one is our mistake', () => {
  const machine = new StoreInTest({ ...SMALL, segmentBytes: 16_384 });
  machine.open();
  machine.saveIdentity(FIRST);

  machine.append(...longTexts(4));
  machine.queue.runAll();

  expect(machine.acknowledgedN).toBe(4);
  expect(() => machine.append(...longTexts(5))).toThrow('at most');
});

function ready(): StoreInTest {
  const machine = new StoreInTest();
  machine.open();
  machine.saveIdentity(FIRST);
  return machine;
}

function longTexts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}`.repeat(3_900));
}

function logsOf(machine: StoreInTest): readonly string[] {
  return machine.disk.names.filter((name) => name.startsWith('outbox-'));
}
