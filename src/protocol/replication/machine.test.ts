import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import type { Record } from '../../model/reading.ts';
import {
  at,
  deltaOf,
  digestOf,
  machineOf,
  meta,
  peerOf,
  reading,
  sensorOf,
  streamOf,
  tombstone,
} from './testing.ts';
import { type Delivery, Mesh } from './testing-mesh.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];
const ALL = [ann, bob, cat, dan];

test('[RP36] a reading is everywhere after one hop, and each reading crosses each link once', () => {
  const mesh = meshOf(1);
  mesh.run(3_000);
  const before = mesh.sent.length;

  for (let i = 0; i < 50; i++) {
    mesh.write(ann, { bed: i });
    mesh.run(100);
    expect(mesh.valuesOf(sensorOf('bed'))).toEqual([i, i, i, i]);
  }

  expect(recordsIn(mesh.sent.slice(before)).length).toBe(50 * 3);
});

test('[RP34] [RP9] what was pushed past a loss is shown, and the gap is filled by an exchange', () => {
  const mesh = meshOf(2);
  mesh.run(3_000);
  mesh.lossPercent = 100;
  mesh.write(ann, { hall: 1 });
  mesh.lossPercent = 0;
  mesh.run(50);

  mesh.write(ann, { bed: 2 });
  mesh.run(50);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([2, 2, 2, 2]);
  expect(mesh.valuesOf(sensorOf('hall'))).toEqual([1, null, null, null]);
  mesh.run(5_000);

  expect(mesh.valuesOf(sensorOf('hall'))).toEqual([1, 1, 1, 1]);
  expect(ALL.map((peer) => mesh.machine(peer).upto(streamOf(ann)))).toEqual([2, 2, 2, 2]);
});

test('[RP37] what only one peer got before its origin died reaches all, though the gap can never be filled', () => {
  const mesh = meshOf(3);
  mesh.write(ann, { bed: 1 });
  mesh.run(5_000);
  mesh.lossPercent = 100;
  mesh.write(ann, { hall: 2 });
  mesh.lossPercent = 0;
  const [lost] = mesh.sent.filter(({ message }) => message.type === 'SENSOR_UPDATE').slice(-1);
  mesh.run(20);
  for (const peer of [cat, dan]) mesh.cut(ann, peer);

  mesh.write(ann, { bed: 3 });
  mesh.run(20);
  mesh.stop(ann);
  mesh.run(30_000);

  expect(lost?.from).toBe(ann);
  expect([bob, cat, dan].map((peer) => mesh.machine(peer).upto(streamOf(ann)))).toEqual([1, 1, 1]);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([3, 3, 3]);
});

test('[RP32] four peers at rest exchange two tiny messages a round each', () => {
  const mesh = meshOf(4);
  for (const peer of ALL) mesh.write(peer, { [`of ${peer}`]: 1 });
  mesh.run(10_000);
  const before = mesh.sent.length;

  mesh.run(60_000);

  const quiet = mesh.sent.slice(before);
  // 60 rounds of four peers, with ten pulls each.
  expect(quiet.length).toBe(4 * 2 * (60 + 10));
  expect(new Set(quiet.map(({ message }) => message.type))).toEqual(
    new Set(['GOSSIP_STATE', 'GET_STATE', 'ACK']),
  );
  expect(quiet.every(({ message }) => !('digest' in message) || message.digest.kind === 'root')).toBe(true);
});

test('[RP36] the halves of a split agree within a few rounds after it heals', () => {
  const mesh = meshOf(5);
  for (const a of [ann, bob]) for (const b of [cat, dan]) mesh.cut(a, b);
  for (const peer of ALL) mesh.write(peer, { shared: `by ${peer}`, [`of ${peer}`]: 1 });
  mesh.run(5_000);
  expect(mesh.areEqual()).toBe(false);

  mesh.join(...ALL);
  const tookMs = mesh.runUntil(() => mesh.areEqual(), 10_000);

  expect(tookMs).toBeLessThan(3_000);
  expect(mesh.valuesOf(sensorOf('shared'))).toEqual(Array(4).fill('by dan'));
});

test('[RP17] a peer that starts again goes on with its numbers, and what it missed is made up for at once', () => {
  const mesh = meshOf(6);
  mesh.write(ann, { bed: 1 });
  mesh.write(bob, { hall: 1 });
  mesh.run(3_000);
  const disk = mesh.stop(ann);
  mesh.write(bob, { hall: 2 });
  mesh.run(1_000);

  const again = mesh.start(ann, disk);
  expect(again.latestOf(sensorOf('bed'))?.record.value).toBe(1);
  mesh.join(...ALL);
  mesh.run(10);
  expect(again.latestOf(sensorOf('hall'))?.record.value).toBe(2);
  mesh.write(ann, { bed: 3 });
  mesh.run(10);

  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([3, 3, 3, 3]);
  expect(mesh.machine(dan).upto(streamOf(ann))).toBe(2);
});

test('[RP17] own changes after the snapshot are taken again, those before it are not', () => {
  const { machine } = machineOf(ann, []);
  machine.restore(
    [{ ...streamOf(ann), upto: 2, droppedUpto: 0, records: [reading(2, 'bed', 2, 20)] }],
    at(0),
  );

  machine.restoreOwn([reading(1, 'bed', 1, 10), reading(2, 'bed', 2, 20), reading(3, 'hall', 3, 30)], at(0));

  expect(machine.upto(streamOf(ann))).toBe(3);
  expect(machine.ownLatest().map(({ n }) => n)).toEqual([2, 3]);
});

test('[RP4] a lost disk gives a second stream, and the readings of both are shown', () => {
  const mesh = meshOf(7);
  mesh.write(ann, { bed: 1, hall: 1 });
  mesh.run(2_000);
  mesh.stop(ann);

  mesh.start(ann, { own: streamOf(ann, 2), streams: [] });
  mesh.join(...ALL);
  mesh.write(ann, { bed: 2 });
  mesh.run(3_000);

  expect(mesh.areEqual()).toBe(true);
  expect(mesh.valuesOf(sensorOf('hall'))).toEqual([1, 1, 1, 1]);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([2, 2, 2, 2]);
  expect(mesh.factsOf(ann, 'foreign-identity')).toEqual([]);
});

test('[RP18] a disk restored from a backup is noticed, and nothing of the own stream is taken', () => {
  const { machine, out } = machineOf(ann, [bob]);
  machine.ownChanges([reading(1, 'bed', 'mine', 1)], at(0), out);
  const deltas = [deltaOf(streamOf(ann), 1, [reading(2, 'bed', 'lost', 2)])];

  for (const atMs of [1, 2]) {
    machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more: false }, at(atMs), out);
    machine.receive(
      bob,
      { type: 'GET_STATE', digest: digestOf([{ ...streamOf(ann), upto: 2, retired: false }]) },
      at(atMs),
      out,
    );
  }
  machine.receive(
    bob,
    { type: 'GET_STATE', digest: digestOf([{ ...streamOf(ann), upto: 5, retired: false }]) },
    at(3),
    out,
  );

  expect(out.factsOf('foreign-identity').map(({ upto }) => upto)).toEqual([2, 5]);
  expect(machine.latestOf(sensorOf('bed'))?.record.value).toBe('mine');
  expect(machine.upto(streamOf(ann))).toBe(1);
});

test('[RP18] another identity of the own id is announced when its birth is not lower, and replicated in any case', () => {
  const { machine, out } = machineOf(ann, [bob]);
  machine.identityTaken(streamOf(ann, 5), Number.POSITIVE_INFINITY, at(0), out);
  const push = (birth: number) => {
    const deltas = [deltaOf(streamOf(ann, birth), 0, [reading(1, `s${birth}`, birth, 1)])];
    machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'push', deltas, more: false }, at(1), out);
  };

  for (const birth of [4, 6, 6]) push(birth);

  expect(out.factsOf('foreign-identity').map(({ identity }) => identity.birth)).toEqual([6]);
  expect(machine.sensorCount).toBe(2);
});

test('[RP19] peers agree after one of them came back from a backup and took another identity', () => {
  const mesh = meshOf(8);
  mesh.write(ann, { bed: 1, hall: 1, attic: 1 });
  mesh.run(1_000);
  const backup = mesh.backup(ann);
  for (let i = 2; i < 12; i++) {
    mesh.write(ann, { bed: i, hall: i });
    mesh.run(100);
  }
  mesh.stop(ann);

  mesh.start(ann, backup);
  mesh.write(ann, { bed: 'restored' });
  mesh.join(...ALL);
  mesh.run(5_000);

  expect(mesh.areEqual()).toBe(true);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual(Array(4).fill('restored'));
  expect(mesh.valuesOf(sensorOf('hall'))).toEqual([11, 11, 11, 11]);
});

test('[RP10] equal times of one origin never differ between peers', () => {
  const mesh = meshOf(9);
  mesh.write(ann, { bed: 'first' }, 1_000);
  mesh.write(ann, { bed: 'second' }, 1_000);

  mesh.run(3_000);

  expect(mesh.valuesOf(sensorOf('bed'))).toEqual(Array(4).fill('second'));
});

test('[RP13] [RP15] a forgotten sensor is gone everywhere, also once its tombstone is, and comes back when it speaks', () => {
  const mesh = meshOf(10, { tombstoneSpan: 1 });
  mesh.describe(ann, 'bed', 'Cel');
  mesh.write(ann, { bed: 1 });
  mesh.write(bob, { bed: 2 });
  mesh.run(2_000);

  mesh.forget(cat, 'bed');
  mesh.run(2_000);
  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([null, null, null, null]);
  mesh.write(cat, { hall: 1 });
  mesh.run(40_000);
  expect(ALL.map((peer) => statesOf(mesh, peer).length)).toEqual([1, 1, 1, 1]);
  mesh.write(ann, { bed: 3 });
  mesh.run(1_000);

  expect(mesh.valuesOf(sensorOf('bed'))).toEqual([3, 3, 3, 3]);
  expect(mesh.areEqual()).toBe(true);
});

test('[RP15] own meta that a tombstone followed has to be said again', () => {
  const { machine, out } = machineOf(ann, []);

  machine.ownChanges([meta(1, 'bed', 'Cel'), reading(2, 'bed', 1, 10)], at(0), out);
  expect(machine.ownMeta(sensorOf('bed'))?.unit).toBe('Cel');
  machine.ownChanges([tombstone(3, 'bed', 20)], at(1), out);

  expect(machine.ownMeta(sensorOf('bed'))).toBeNull();
  expect(machine.ownRegister(sensorOf('bed'))?.kind).toBe('tombstone');
  expect(machine.latestOf(sensorOf('bed'))).toBeNull();
});

test('[RP20] changes say how they came', () => {
  const { machine, out } = machineOf(ann, [bob]);
  const deltas = (n: number) => [deltaOf(streamOf(cat), n - 1, [reading(n, 'bed', n, n)])];

  machine.ownChanges([reading(1, 'mine', 1, 1)], at(0), out);
  machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'push', deltas: deltas(1), more: false }, at(1), out);
  machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'pull', deltas: deltas(2), more: false }, at(2), out);
  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas: deltas(3), more: false }, at(3), out);
  machine.receive(bob, { type: 'SENSOR_UPDATE', source: 'push', deltas: deltas(3), more: false }, at(4), out);

  expect(out.factsOf('registers-changed').map(({ source, from, origin }) => [source, from, origin])).toEqual([
    ['local_sensor', 'ann', 'ann'],
    ['push', 'bob', 'cat'],
    ['pull', 'bob', 'cat'],
    ['full_sync', 'bob', 'cat'],
  ]);
});

test('[RP12] a collision is a fact, whoever of the two writes last', () => {
  const mesh = meshOf(11);
  mesh.write(ann, { bed: 1 });
  mesh.run(100);

  mesh.write(bob, { bed: 2 });
  mesh.write(ann, { bed: 3 });
  mesh.run(3_000);

  for (const peer of ALL) {
    expect(mesh.factsOf(peer, 'sensor-collision')).toEqual([
      { type: 'sensor-collision', sensor: 'bed', origins: [ann, bob] },
    ]);
  }
});

test('[RP45] each side of an exchange says once that they converged', () => {
  const mesh = meshOf(12);
  mesh.run(5_000);
  for (const peer of ALL) mesh.cut(peer, peer === dan ? ann : dan);
  mesh.write(ann, { bed: 1 });
  mesh.run(8_000);
  const before = mesh.facts.length;

  mesh.join(...ALL);
  mesh.run(10_000);

  const converged = mesh.facts.slice(before).filter(({ fact }) => fact.type === 'converged');
  expect(new Set(converged.map(({ peer }) => peer))).toContain(dan);
  expect(converged.length).toBeLessThanOrEqual(4);
});

test('[RP46] counters count what their names say', () => {
  const mesh = meshOf(13);
  for (let i = 0; i < 20; i++) {
    mesh.write(ann, { bed: i });
    mesh.run(500);
  }
  const sentBy = (peer: PeerId, type: string) =>
    mesh.sent.filter(({ from, message }) => from === peer && message.type === type).length;

  const counters = mesh.machine(ann).counters();

  expect(counters.gossip_messages_sent_total).toBe(mesh.sent.filter(({ from }) => from === ann).length);
  expect(counters.gossip_messages_received_total).toBe(mesh.sent.filter(({ to }) => to === ann).length);
  expect(counters.get_delta_requests_sent_total).toBe(sentBy(ann, 'GET_DELTA'));
  expect(counters.full_sync_requests_sent_total).toBe(sentBy(ann, 'FULL_SYNC_REQUEST'));
  expect(counters.full_sync_responses_sent_total).toBe(sentBy(ann, 'FULL_SYNC_RESPONSE'));
  expect(counters.sensor_updates_pushed_total).toBe(60);
  expect(counters.sensor_updates_applied_total).toBe(0);
  expect(mesh.machine(bob).counters().sensor_updates_applied_total).toBe(20);
  expect(counters.replication_rounds_total).toBe(10);
});

/** Four peers, every two linked. */
function meshOf(seed: number, replication = {}): Mesh {
  const mesh = new Mesh({ seed, replication });
  for (const peer of ALL) mesh.start(peer);
  mesh.join(...ALL);
  mesh.run(100);
  return mesh;
}

function recordsIn(deliveries: readonly Delivery[]): Record[] {
  return deliveries.flatMap(({ message }) =>
    'deltas' in message ? message.deltas.flatMap((delta) => delta.records) : [],
  );
}

/** Every state a peer holds, tombstones among them. */
function statesOf(mesh: Mesh, peer: PeerId): Record[] {
  return mesh
    .backup(peer)
    .streams.flatMap(({ records }) => records)
    .filter(({ kind }) => kind !== 'meta');
}
