import { expect, test } from 'vitest';
import type { Identity } from '../model/ids.ts';
import { decodeBatch } from '../wire/durable.ts';
import type { StoredBatch } from './store.ts';
import { FIRST, SMALL, StoreInTest } from './testing.ts';

const ORDERED = {
  ...SMALL,
  order: {
    outboxBytesMax: 1_000_000,
    outboxPolicy: 'block' as const,
    outboxTailBytesMax: 400,
    history: {
      segmentBytes: 8_192,
      firstSegmentBytes: 8_192,
      reserveBytes: 4_096,
      groupBytesMax: 4_096,
      markAfterMs: 50,
      retryFullAfterMs: 1_000,
      openSegmentsMax: 4,
      cursorsMax: 4,
    },
  },
};

test('[ST46] what is covered by a snapshot and not known ordered stays in the outbox, over a start as well', () => {
  const machine = ready();
  for (let i = 0; i < 40; i++) machine.append(`reading ${i} of a long list of readings`);
  machine.queue.runAll();
  machine.snapshot();
  machine.queue.runAll();
  machine.store.ordered(FIRST, 10);
  machine.queue.runAll();
  machine.disk.kill();

  const opened = machine.open();

  const rest = opened.order?.outbox[0];
  expect(rest).toMatchObject({ identity: FIRST, lastN: 40 });
  expect(rest?.firstN).toBeLessThanOrEqual(11);
  expect(read(machine, FIRST, 11).map(({ firstN }) => firstN)[0]).toBe(11);
});

test('[ST47] batches are given back in order from any number, one that contains it is cut there', () => {
  const machine = ready();
  for (let i = 0; i < 20; i++) machine.append(`a${i}`, `b${i}`, `c${i}`);
  machine.queue.runAll();

  const [first, second] = read(machine, FIRST, 5);

  expect(first).toMatchObject({ firstN: 5, lastN: 6, readings: 2 });
  expect(second).toMatchObject({ firstN: 7, lastN: 9, readings: 3 });
  const decoded = first && decodeBatch(first.payload);
  expect(decoded?.ok && decoded.value.records.map(({ n }) => n)).toEqual([5, 6]);
});

test('[ST47] a batch is given back as often as it is asked for, also where a mark stands behind it', () => {
  const machine = ready();
  machine.append('the one before');
  machine.queue.runAll();
  machine.append('the last one');
  machine.rest();
  machine.kill();
  machine.open();

  const once = read(machine, FIRST, 2);
  const again = read(machine, FIRST, 2);

  expect(once.map(({ firstN }) => firstN)).toEqual([2]);
  expect(again).toEqual(once);
});

test('[ST48] a full outbox holds up what is appended and lets it go on once enough is ordered', () => {
  const machine = new StoreInTest({ ...ORDERED, order: { ...ORDERED.order, outboxBytesMax: 9_000 } });
  machine.open();
  machine.saveIdentity(FIRST);
  for (let i = 0; i < 80; i++) {
    machine.append(`reading ${i}, which is long enough to fill an outbox of nine thousand bytes soon`);
    machine.queue.runAll();
  }
  const before = machine.acknowledgedN;
  const events = machine.events.map(({ type }) => type);

  machine.snapshot();
  machine.store.ordered(FIRST, before);
  machine.queue.runAll();
  for (let turn = 0; turn < 10 && machine.acknowledgedN < 80; turn++) {
    machine.snapshot();
    machine.store.ordered(FIRST, machine.acknowledgedN);
    machine.queue.runAll();
  }

  expect(before).toBeLessThan(80);
  expect(events).toContain('outbox-full');
  expect(machine.acknowledgedN).toBe(80);
  expect(machine.events.map(({ type }) => type)).toContain('outbox-room');
});

function ready(): StoreInTest {
  const machine = new StoreInTest(ORDERED);
  machine.open();
  machine.saveIdentity(FIRST);
  return machine;
}

function read(machine: StoreInTest, identity: Identity, fromN: number): readonly StoredBatch[] {
  let batches: readonly StoredBatch[] = [];
  machine.store.readOutbox(identity, fromN, 100_000, (read) => {
    batches = read;
  });
  machine.queue.runAll();
  return batches;
}
