import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import type { Message } from '../../wire/messages.ts';
import { at, deltaOf, machineOf, peerOf, reading, streamOf } from './testing.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];
const QUIET = { gossipIntervalMs: 600_000 };

test('[RP38] the first change leaves at once, the next ones together after the pause', () => {
  const { machine, out, runUntil } = machineOf(ann, [bob], QUIET);

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(100), out);
  expect(pushed(out.take())).toEqual([[1]]);
  machine.ownChanges([reading(2, 'bed', 2, 2)], at(105), out);
  machine.ownChanges([reading(3, 'hall', 3, 3)], at(110), out);
  expect(out.take()).toEqual([]);
  expect(machine.wakeAt).toBe(125);
  runUntil(125);

  expect(pushed(out.take())).toEqual([[2, 3]]);
});

test('[RP38] among more partners than are all pushed to, four times in an interval is enough', () => {
  const partners = Array.from({ length: 17 }, (_, i) => peerOf(`p${i}`));
  const { machine, out, runUntil } = machineOf(ann, partners, QUIET);

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);
  expect(pushed(out.take())).toEqual([[1], [1], [1]]);
  machine.ownChanges([reading(2, 'bed', 2, 2)], at(10), out);
  runUntil(QUIET.gossipIntervalMs / 4 - 1);
  const before = pushed(out.take().filter(({ type }) => type === 'SENSOR_UPDATE'));
  machine.ownChanges([reading(3, 'bed', 3, 3)], at(QUIET.gossipIntervalMs / 4), out);

  expect(before).toEqual([]);
  expect(pushed(out.take().filter(({ type }) => type === 'SENSOR_UPDATE'))).toEqual([[3], [3], [3]]);
});

test('[RP40] of a hot sensor only the latest is sent', () => {
  const { machine, out, runUntil } = machineOf(ann, [bob], QUIET);

  for (let n = 1; n <= 100; n++) machine.ownChanges([reading(n, 'hot', n, n)], at(100 + n / 100), out);
  runUntil(200);

  expect(out.take()).toMatchObject([
    { deltas: [{ after: 0, upto: 1, records: [{ n: 1 }] }] },
    { deltas: [{ after: 1, upto: 100, records: [{ n: 100 }] }] },
  ]);
});

test('[RP39] up to sixteen partners each get the very same message', () => {
  const partners = Array.from({ length: 16 }, (_, i) => peerOf(`p${i}`));
  const { machine, out } = machineOf(ann, partners, QUIET);

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);

  expect(new Set(out.sent.map(({ to }) => to)).size).toBe(16);
  expect(new Set(out.sent.map(({ message }) => message)).size).toBe(1);
  expect(machine.counters()).toMatchObject({
    sensor_updates_pushed_total: 16,
  });
});

test('[RP39] of more partners a few random ones get it', () => {
  const partners = Array.from({ length: 17 }, (_, i) => peerOf(`p${i}`));
  const { machine, out, runUntil } = machineOf(ann, partners, QUIET);
  const receivers = new Set<PeerId>();

  for (let n = 1; n <= 30; n++) {
    const atMs = n * QUIET.gossipIntervalMs;
    machine.ownChanges([reading(n, 'bed', n, n)], at(atMs), out);
    const pushes = out.sent.splice(0).filter(({ message }) => message.type === 'SENSOR_UPDATE');
    expect(pushes.length).toBe(3);
    for (const { to } of pushes) receivers.add(to);
    runUntil(atMs);
  }

  expect(receivers.size).toBe(17);
});

test('[RP48] a push goes to all of a small zone, and one copy for each other zone crosses', () => {
  const partners = Array.from({ length: 12 }, (_, i) => peerOf(`p${i}`));
  const { machine, out } = machineOf(ann, partners, QUIET);
  machine.standsIn('hall-0');
  partners.forEach((partner, i) => {
    machine.memberZone(partner, `hall-${i % 3}`);
  });

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);

  const receivers = out.sent.map(({ to }) => partners.indexOf(to));
  expect(receivers.filter((i) => i % 3 === 0)).toHaveLength(4);
  expect(receivers.filter((i) => i % 3 !== 0)).toHaveLength(2);
});

test('[RP48] however many zones there are, a push crosses to no more than an exchange would', () => {
  const partners = Array.from({ length: 12 }, (_, i) => peerOf(`p${i}`));
  const { machine, out } = machineOf(ann, partners, QUIET);
  partners.forEach((partner, i) => {
    machine.memberZone(partner, `hall-${i}`);
  });

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);

  expect(out.sent).toHaveLength(3);
});

test('[RP40] a busy link is left out, and gets an exchange once it has drained', () => {
  const { machine, out, runUntil } = machineOf(ann, [bob, cat], QUIET);
  machine.linkBusy(bob, true);

  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);
  machine.ownChanges([reading(2, 'bed', 2, 2)], at(100), out);
  expect(out.sent.map(({ to }) => to)).toEqual(['cat', 'cat']);
  out.take();
  machine.linkBusy(bob, false);
  machine.wake(at(200), out);

  expect(out.sent).toMatchObject([{ to: 'bob', message: { type: 'GOSSIP_STATE' } }]);
  runUntil(200);
});

test('[RP25] a large submit is pushed in messages of bounded size, one after the other', () => {
  const { machine, out, runUntil } = machineOf(ann, [bob], QUIET);
  const records = Array.from({ length: 20_000 }, (_, i) => reading(i + 1, `s${i}`, i, i));

  machine.ownChanges(records, at(0), out);
  runUntil(1_000);

  const deltas = out.take().flatMap((message) => (message.type === 'SENSOR_UPDATE' ? message.deltas : []));
  expect(deltas.length).toBeGreaterThan(2);
  expect(deltas.flatMap((delta) => delta.records)).toEqual(records);
  deltas.forEach((delta, i) => {
    expect(delta.after).toBe(deltas[i - 1]?.upto ?? 0);
  });
});

test('[RP38] what was written before the start, or while nobody was there, is left to exchanges', () => {
  const before = { ...streamOf(ann), upto: 7, droppedUpto: 0, records: [reading(7, 'bed', 7, 7)] };
  const { machine, out, runUntil } = machineOf(ann, [], QUIET, [before]);
  machine.ownChanges([reading(8, 'bed', 8, 8)], at(0), out);
  runUntil(100);
  machine.memberUp(dan, at(200), out);
  out.take();

  machine.ownChanges([reading(9, 'hall', 9, 9)], at(300), out);

  expect(out.take()).toMatchObject([{ deltas: [deltaOf(streamOf(ann), 8, [reading(9, 'hall', 9, 9)])] }]);
});

function pushed(messages: readonly Message[]): number[][] {
  return messages.flatMap((message) =>
    message.type === 'SENSOR_UPDATE' && message.source === 'push'
      ? message.deltas.map((delta) => delta.records.map(({ n }) => n))
      : [],
  );
}
