import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { StreamSnapshot } from '../../model/durable.ts';
import { LIMITS } from '../../model/limits.ts';
import { recordBytes } from '../../wire/records.ts';
import { Replication } from './machine.ts';
import { REPLICATION_DEFAULTS } from './options.ts';
import { at, deltaOf, digestOf, peerOf, reading, recordingOutbox, streamOf, tombstone } from './testing.ts';
import { Mesh } from './testing-mesh.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];

test('[RP41] a peer that has only its own asks the first partner it is linked to, and no other', () => {
  const { machine, out } = newcomer();
  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);

  machine.memberUp(bob, at(1), out);
  expect(out.take()).toEqual([]);
  machine.linkUp(bob, at(2), out);
  machine.memberUp(cat, at(2), out);
  machine.linkUp(cat, at(2), out);

  expect(out.sent).toMatchObject([
    { to: 'bob', message: { type: 'FULL_SYNC_REQUEST', digest: { entries: [{ origin: 'ann', upto: 1 }] } } },
  ]);
  expect(out.factsOf('full-sync-started')).toEqual([{ type: 'full-sync-started', peer: bob }]);
});

test('[RP41] a peer that has only its own answers an offer without asking, since it will be sent all', () => {
  const { machine, out } = newcomer();
  machine.ownChanges([reading(1, 'bed', 1, 1)], at(0), out);

  machine.receive(bob, { type: 'GOSSIP_STATE', digest: { kind: 'root', hash: 7 }, deltas: [] }, at(1), out);
  machine.memberUp(bob, at(2), out);
  machine.linkUp(bob, at(3), out);

  expect(out.take().map(({ type }) => type)).toEqual(['SENSOR_UPDATE', 'FULL_SYNC_REQUEST']);
});

test('[RP42] it asks on with what it has by then, until there is no more', () => {
  const { machine, out } = newcomer(bob);
  const frame = (n: number, more: boolean) =>
    ({
      type: 'FULL_SYNC_RESPONSE',
      deltas: [deltaOf(streamOf(dan), n - 1, [reading(n, `s${n}`, n, n)])],
      more,
    }) as const;

  machine.receive(bob, frame(1, true), at(10), out);
  expect(out.take()).toMatchObject([{ type: 'FULL_SYNC_REQUEST', digest: { entries: [{ upto: 1 }] } }]);
  machine.receive(bob, frame(2, false), at(11), out);

  expect(out.factsOf('full-sync-finished')).toEqual([{ type: 'full-sync-finished', peer: bob, records: 2 }]);
  expect(out.factsOf('registers-changed').map(({ source }) => source)).toEqual(['full_sync', 'full_sync']);
});

test('[RP42] an answer that promises more and brings nothing ends it', () => {
  const { machine, out } = newcomer(bob);

  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas: [], more: true }, at(10), out);
  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas: [], more: true }, at(11), out);

  expect(out.take().filter(({ type }) => type === 'FULL_SYNC_REQUEST')).toEqual([]);
  expect(out.factsOf('full-sync-finished')).toHaveLength(1);
});

test('[RP44] it ends with an exchange', () => {
  const { machine, out } = newcomer(bob);

  machine.receive(bob, { type: 'ACK', of: 'FULL_SYNC_REQUEST' }, at(10), out);

  expect(out.take()).toMatchObject([{ type: 'GOSSIP_STATE' }]);
});

test('[RP44] then partners met meanwhile get their exchange, those with a greater id', () => {
  const { machine, out } = newcomer(bob);
  for (const peer of [ann, dan]) {
    machine.memberUp(peer, at(1), out);
    machine.linkUp(peer, at(2), out);
  }
  out.take();

  machine.receive(bob, { type: 'ACK', of: 'FULL_SYNC_REQUEST' }, at(10), out);

  expect(out.sent.map(({ to, message }) => `${message.type} to ${to}`).sort()).toEqual([
    'GOSSIP_STATE to bob',
    'GOSSIP_STATE to dan',
  ]);
});

test('[RP43] a silent partner is given up after the timeout, a lost one at once', () => {
  const { machine, out } = newcomer(bob);
  for (const peer of [cat, dan]) {
    machine.memberUp(peer, at(0), out);
    machine.linkUp(peer, at(0), out);
  }

  machine.wake(at(499), out);
  expect(out.take()).toEqual([]);
  machine.wake(at(500), out);
  const second = out.sent.splice(0).map(({ to }) => to)[0];
  if (second === undefined) throw new Error('another one is asked');
  machine.linkDown(second, at(600), out);
  const third = out.sent.splice(0).map(({ to }) => to)[0];

  expect([cat, dan]).toContain(second);
  expect(third).not.toBe(second);
  expect(out.factsOf('full-sync-started').map(({ peer }) => peer)).toEqual([bob, second, third]);
});

test('[RP43] while all are silent each partner gets twice as long as the one before', () => {
  const { machine, out } = newcomer(bob);
  machine.memberUp(dan, at(0), out);
  machine.linkUp(dan, at(0), out);
  const askedAt: number[] = [];

  for (let ms = 0; ms <= 32_000; ms += 500) {
    machine.wake(at(ms), out);
    if (out.take().some(({ type }) => type === 'FULL_SYNC_REQUEST')) askedAt.push(ms);
  }

  expect(askedAt).toEqual([500, 1_500, 3_500, 7_500, 15_500, 23_500, 31_500]);
});

test('[RP43] without another partner it ends, and begins with the next link', () => {
  const { machine, out } = newcomer(bob);

  machine.linkDown(bob, at(100), out);
  expect(out.take()).toEqual([]);
  machine.linkUp(bob, at(200), out);

  expect(out.take()).toMatchObject([{ type: 'FULL_SYNC_REQUEST' }]);
});

test('[RP42] a late joiner gets a state of several MiB frame by frame, and each record once', () => {
  const mesh = new Mesh({ seed: 3, latencyMs: { min: 5, max: 5 } });
  const streams = largeState(40, 1_500);
  mesh.start(ann, { own: streamOf(ann), streams });
  mesh.start(bob, { own: streamOf(bob), streams });
  mesh.join(ann, bob);
  mesh.run(5_000);
  mesh.start(dan);
  const before = mesh.sent.length;

  mesh.join(ann, bob, dan);
  const tookMs = mesh.runUntil(() => mesh.factsOf(dan, 'full-sync-finished').length > 0, 5_000);
  mesh.run(2_000);

  const toDan = mesh.sent.slice(before).filter(({ to }) => to === dan);
  const records = toDan.flatMap(({ message }) =>
    'deltas' in message ? message.deltas.flatMap((it) => it.records) : [],
  );
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
  expect(bytes).toBeGreaterThan(2_000_000);
  expect(records.length).toBe(60_000);
  expect(mesh.areEqual()).toBe(true);
  expect(mesh.machine(dan).sensorCount).toBe(60_000);
  expect(tookMs).toBeLessThan(10 * (2 + bytes / (LIMITS.deltaBytesMax * 0.9)));
  expect(mesh.factsOf(dan, 'full-sync-started')).toHaveLength(1);
  expect(mesh.factsOf(dan, 'full-sync-finished')).toEqual([
    { type: 'full-sync-finished', peer: ann, records: 60_000 },
  ]);
});

test('[RP42] more streams than a digest lists are fetched range by range', () => {
  const count = LIMITS.digestEntriesMax * 2 + 100;
  const mesh = new Mesh({ seed: 4 });
  mesh.start(ann, { own: streamOf(ann), streams: largeState(count, 1) });
  mesh.start(dan);

  mesh.join(ann, dan);
  mesh.run(10_000);

  expect(mesh.machine(dan).sensorCount).toBe(count);
  expect(mesh.areEqual()).toBe(true);
  expect(mesh.factsOf(dan, 'full-sync-finished')).toMatchObject([{ records: count }]);
  expect(mesh.factsOf(dan, 'converged').length).toBeGreaterThan(0);
});

test('[RP43] a joiner whose partner dies in the middle ends up with everything, from another one', () => {
  const mesh = new Mesh({ seed: 5, latencyMs: { min: 20, max: 20 } });
  const streams = largeState(40, 1_000);
  mesh.start(ann, { own: streamOf(ann), streams });
  mesh.start(bob, { own: streamOf(bob), streams });
  mesh.start(dan);
  mesh.join(ann, bob, dan);
  mesh.runUntil(() => mesh.machine(dan).sensorCount > 5_000, 5_000);

  mesh.stop(ann);
  mesh.runUntil(() => mesh.factsOf(dan, 'full-sync-finished').length > 0, 5_000);

  expect(mesh.machine(dan).sensorCount).toBe(40_000);
  expect(mesh.factsOf(dan, 'full-sync-started').map(({ peer }) => peer)).toEqual([ann, bob]);
});

test('[RP16] a peer that missed dropped tombstones forgets what others wrote and fetches it anew', () => {
  const { machine, out } = newcomer();
  machine.ownChanges([reading(1, 'mine', 1, 1)], at(0), out);
  for (const name of [bob, cat]) {
    const deltas = [deltaOf(streamOf(name), 0, [reading(1, `of ${name}`, 1, 1)])];
    machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'push', deltas, more: false }, at(0), out);
  }
  out.take();

  machine.receive(cat, { type: 'DELTA_UNAVAILABLE', streams: [streamOf(bob)] }, at(1), out);

  expect([...machine.latest()].map(({ record }) => record.sensor)).toEqual(['mine']);
  expect(out.take()).toMatchObject([
    { type: 'FULL_SYNC_REQUEST', digest: digestOf([{ ...streamOf(ann), upto: 1, retired: false }]) },
  ]);
});

test('[RP27] what is unavailable of streams not known here, or of the own one, changes nothing', () => {
  const { machine, out } = newcomer();
  machine.ownChanges([reading(1, 'mine', 1, 1)], at(0), out);
  out.take();

  machine.receive(cat, { type: 'DELTA_UNAVAILABLE', streams: [streamOf(ann), streamOf(dan)] }, at(1), out);

  expect(out.take()).toEqual([]);
  expect(machine.sensorCount).toBe(1);
});

test('[RP16] a peer that slept longer than tombstones are kept shows none of what was forgotten meanwhile', () => {
  const mesh = new Mesh({ seed: 6, replication: { tombstoneSpan: 1 } });
  for (const peer of [ann, bob, cat]) mesh.start(peer);
  mesh.join(ann, bob, cat);
  mesh.write(ann, { old: 1, kept: 2 });
  mesh.write(bob, { other: 3 });
  mesh.run(3_000);
  const disk = mesh.stop(cat);

  mesh.forget(ann, 'old');
  mesh.forget(bob, 'old');
  mesh.write(ann, { kept: 3 });
  mesh.write(bob, { other: 3 });
  mesh.run(30_000);
  mesh.write(ann, { kept: 4 });
  mesh.start(cat, disk);
  mesh.join(ann, bob, cat);
  mesh.run(5_000);

  expect([...mesh.machine(cat).latest()].map(({ record }) => record.sensor).sort()).toEqual([
    'kept',
    'other',
  ]);
  expect(mesh.areEqual()).toBe(true);
  expect(mesh.factsOf(cat, 'full-sync-finished').length).toBeGreaterThan(1);
});

test('[RP27] a full sync begins a stream anew whatever was dropped of it', () => {
  const { machine, out } = newcomer(bob);
  const deltas = [deltaOf(streamOf(cat), 0, [reading(3, 'bed', 3, 3)], { droppedUpto: 8 })];
  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas, more: true }, at(1), out);
  const rest = [deltaOf(streamOf(cat), 3, [tombstone(9, 'hall', 9)], { droppedUpto: 8 })];

  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas: rest, more: false }, at(2), out);

  expect(machine.upto(streamOf(cat))).toBe(9);
  expect(out.factsOf('full-sync-started')).toHaveLength(1);
});

function newcomer(...partners: (typeof bob)[]) {
  const machine = new Replication(streamOf(ann), REPLICATION_DEFAULTS, new Random(1), at(0));
  const out = recordingOutbox();
  machine.start(at(0), out);
  for (const partner of partners) {
    machine.memberUp(partner, at(0), out);
    machine.linkUp(partner, at(0), out);
  }
  out.take();
  return { machine, out };
}

function largeState(streams: number, sensors: number): StreamSnapshot[] {
  return Array.from({ length: streams }, (_, s) => ({
    ...streamOf(peerOf(`origin-${s}`)),
    upto: sensors,
    droppedUpto: 0,
    records: Array.from({ length: sensors }, (_, i) =>
      reading(i + 1, `o${s}/s${i}`, i / 3, 1_700_000_000_000 + i),
    ),
  }));
}
