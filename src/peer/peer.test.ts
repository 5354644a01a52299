import { expect, test } from 'vitest';
import type { Batch, Snapshot } from '../model/durable.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN } from '../wire/messages.ts';
import type { Input } from './port.ts';
import { ANN, BOB, EMPTY_DISK, peerOptions, SoloHost } from './testing.ts';

test('[PR11] nothing is sent and nobody is dialled before the raised incarnation is durable', () => {
  const seeds = [{ host: '127.0.0.1', port: 9001 }];
  const host = new SoloHost(peerOptions(ANN, { seeds }), EMPTY_DISK, false);
  host.runUntil(10_000);
  expect(host.contacted).toEqual([]);
  expect(host.asked).toEqual([
    { type: 'hard-state-saved', state: { identity: EMPTY_DISK.hardState.identity, incarnation: 1 } },
  ]);

  host.flush();
  host.runUntil(11_000);

  expect(host.contacted).toContainEqual(seeds[0]);
});

test("[PR1] a reading is in nobody's view, not even its origin's, before the disk has answered", () => {
  const host = running();
  const ticket = host.submit('kitchen', 21);
  expect(host.valueOf('kitchen')).toBeNull();
  expect(host.factsOf('submit-stored')).toEqual([]);

  host.flush();

  expect(host.valueOf('kitchen')).toBe(21);
  expect(host.factsOf('submit-stored')).toMatchObject([{ ticket, firstN: 1 }]);
});

test('[PR2] the changes of one submit go to the disk as one batch', () => {
  const host = running();
  host.deliver({
    type: 'submit',
    ticket: 1,
    readings: [
      { sensor: sensorOf('kitchen'), value: 1, unit: 'Cel' },
      { sensor: sensorOf('hall'), value: 2 },
    ],
  });

  expect(batchesAsked(host).map((batch) => batch.records.map((record) => record.n))).toEqual([[1, 2, 3]]);
});

test('[PR5] a key under way is refused to be tried again; once stored it is answered the same, also after a restart', () => {
  const host = running();
  host.submit('kitchen', 21, 'k');
  host.submit('kitchen', 22, 'k');
  expect(host.factsOf('submit-refused')).toMatchObject([{ ticket: 2, retry: true }]);
  const [batch] = batchesAsked(host);
  host.flush();
  host.submit('kitchen', 23, 'k');

  expect(host.factsOf('submit-stored')).toMatchObject([
    { ticket: 1, firstN: 1, answer: 'answer to k' },
    { ticket: 3, firstN: 1, answer: 'answer to k' },
  ]);
  const restarted = new SoloHost(peerOptions(ANN), { ...EMPTY_DISK, batches: [batch as Batch] }, true);
  expect(restarted.peer.answered('k')).toMatchObject({ firstN: 1, answer: 'answer to k' });
});

test('[PR7] submits that wait for the disk are bounded, and what was taken before is kept', () => {
  const host = running();
  for (let i = 0; i <= LIMITS.submitsPendingMax; i++) host.submit('kitchen', i);
  expect(host.factsOf('submit-refused')).toMatchObject([{ retry: true }]);

  host.flush();

  expect(host.factsOf('submit-stored')).toHaveLength(LIMITS.submitsPendingMax);
});

test('[PR8] a stream of this id with another random: the birth rises above it, and the own is written anew', () => {
  const host = running(true);
  host.submit('kitchen', 21);

  host.deliver(pushOf({ birth: 4, random: 'ffffffffffffffff' }, 7));

  expect(host.peer.identity.birth).toBe(5);
  expect(host.peer.identity.random).not.toBe(EMPTY_DISK.hardState.identity.random);
  expect(host.valueOf('kitchen')).toBe(21);
  host.submit('hall', 1);
  const stored = host.factsOf('stored').filter((fact) => fact.identity.birth === 5);
  expect(stored.map((fact) => fact.firstN)).toEqual([1, 2]);
});

test('[PR8] own identity with a higher n: an older copy of the directory writes its own life anew', () => {
  const own = EMPTY_DISK.hardState.identity;
  const host = running(true);
  host.submit('kitchen', 21);

  host.deliver(pushOf(own, 9));

  expect(host.peer.identity.birth).toBe(2);
  expect(host.peer.identity.random).not.toBe(own.random);
  const rewritten = host.factsOf('registers-changed').filter((fact) => fact.identity.birth === 2);
  expect(rewritten.flatMap((fact) => fact.records)).toMatchObject([{ n: 1, sensor: 'kitchen', value: 21 }]);
});

test('[PR8] what is at the disk while the identity changes is stored under the new one before it is answered', () => {
  const host = running();
  host.submit('kitchen', 21, 'k');
  host.deliver(pushOf({ birth: 1, random: 'ffffffffffffffff' }, 7));
  const waiting = host.submit('hall', 2);
  expect(host.factsOf('submit-stored')).toEqual([]);

  while (host.asked.length > 0) host.flush();

  expect(
    host
      .factsOf('submit-stored')
      .map((fact) => fact.ticket)
      .sort(),
  ).toEqual([1, waiting]);
  expect(host.factsOf('stored').map((fact) => fact.identity.birth)).toEqual([2, 2]);
  expect(host.factsOf('submit-stored')[0]).toMatchObject({ answer: 'answer to k' });
  expect(host.peer.answered('k')).toMatchObject({ firstN: 1, answer: 'answer to k' });
  expect(host.valueOf('kitchen')).toBe(21);
});

test('[PR8] a crash before the new name had a snapshot: the former batches are written again', () => {
  const former: Identity = { birth: 1, random: '00000000000000aa' };
  const batch: Batch = {
    identity: former,
    records: [
      { kind: 'reading', n: 3, sensor: sensorOf('kitchen'), value: 21, tsMs: 5, ingestTsMs: 5, lwwTsMs: 5 },
    ],
  };
  const hardState = { identity: { birth: 2, random: '00000000000000aa' }, incarnation: 4 };

  const host = new SoloHost(peerOptions(ANN), { hardState, snapshot: null, batches: [batch] }, true);

  expect(host.factsOf('stored')).toMatchObject([{ identity: { birth: 2 }, firstN: 1, count: 1 }]);
  expect(host.valueOf('kitchen')).toBe(21);
});

test('[PR10] a restart from a snapshot and the batches after it shows all latest readings at once', () => {
  const host = running(true);
  host.submit('kitchen', 21);
  host.submit('hall', 1);
  const snapshot = snapshotOf(host);
  const later: Batch = {
    identity: snapshot.identity,
    records: [
      {
        kind: 'reading',
        n: 3,
        sensor: sensorOf('kitchen'),
        value: 22,
        tsMs: 2e12,
        ingestTsMs: 2e12,
        lwwTsMs: 2e12,
      },
    ],
  };

  const hardState = { identity: snapshot.identity, incarnation: 1 };
  const restarted = new SoloHost(peerOptions(ANN), { hardState, snapshot, batches: [later] }, true);

  expect(restarted.valueOf('kitchen')).toBe(22);
  expect(restarted.valueOf('hall')).toBe(1);
  expect(restarted.peer.lastN).toBe(3);
});

test('[PR10] a peer that leaves first takes a snapshot of what changed since the last, also where others wrote it', () => {
  const host = running();
  host.deliver({ type: 'leave' });
  const before = host.asked.filter(({ type }) => type === 'snapshot-saved').length;
  const changed = running();
  changed.deliver(pushOf({ birth: 9, random: 'cccccccccccccccc' }, 1, BOB));

  changed.deliver({ type: 'leave' });

  const snapshots = changed.asked.flatMap((input) =>
    input.type === 'snapshot-saved' ? [input.snapshot] : [],
  );
  expect(before).toBe(0);
  expect(snapshots.map(({ streams }) => streams.map(({ origin }) => origin))).toEqual([[BOB]]);
});

test('[PR3] a sensor is forgotten also where its reading runs ahead of this clock', () => {
  const host = running(true);
  const tsMs = host.now().wallMs + 4_000;
  host.deliver({ type: 'submit', ticket: 1, readings: [{ sensor: sensorOf('kitchen'), value: 1, tsMs }] });

  host.deliver({ type: 'forget', ticket: 2, sensors: [sensorOf('kitchen')] });

  expect(host.valueOf('kitchen')).toBeNull();
});

test('[PR12] after leave a submit is refused and those linked are told', () => {
  const host = running(true);
  host.deliver(linkUp());

  host.deliver({ type: 'leave' });
  host.submit('kitchen', 21);

  expect(host.factsOf('submit-refused')).toMatchObject([{ why: 'this node is stopping', retry: true }]);
  const told = host.sent.filter(({ to, message }) => to === BOB && message.type === 'PEER_LIST');
  expect(JSON.stringify(told)).toContain('"left"');
});

test('[PR11] an incarnation that refutes a rumour is durable before it is told', () => {
  const host = running();
  host.deliver(linkUp());
  host.flush();
  const before = host.sent.length;

  host.deliver({
    type: 'received',
    from: BOB,
    channel: 'stream',
    message: {
      type: 'PEER_LIST',
      whole: false,
      rumours: [
        {
          peer: ANN,
          identity: host.peer.identity,
          incarnation: 1,
          status: 'suspected',
          address: { host: '127.0.0.1', port: 9000 },
          apiPort: 0,
          zone: '',
        },
      ],
    },
  });
  const saidEarly = JSON.stringify(host.sent.slice(before)).includes('"incarnation":2');
  host.flush();
  host.runUntil(2_000);

  expect(saidEarly).toBe(false);
  expect(JSON.stringify(host.sent.slice(before))).toContain('"incarnation":2');
});

test('[RP48] where members stand is known from what they say, and heeded at once', () => {
  const host = new SoloHost(peerOptions(ANN, { zone: 'east' }), EMPTY_DISK, true);
  const east = ['e1', 'e2', 'e3'].map((name) => name as PeerId);
  const west = ['w1', 'w2', 'w3'].map((name) => name as PeerId);
  for (const peer of east) host.deliver(linkUp({ peer, zone: 'east' }));
  for (const peer of west) host.deliver(linkUp({ peer, zone: 'west' }));
  const pushedTo = (sensor: string): PeerId[] => {
    const before = host.sent.length;
    host.submit(sensor, 1);
    const pushes = host.sent.slice(before).filter(({ message }) => message.type === 'SENSOR_UPDATE');
    return pushes.map(({ to }) => to);
  };

  const receivers = pushedTo('attic');
  host.runUntil(100);
  for (const peer of west) host.deliver(linkUp({ peer, zone: 'east', incarnation: 2 }));
  const receiversLater = pushedTo('cellar');

  expect(receivers.filter((peer) => east.includes(peer))).toHaveLength(3);
  expect(receivers.filter((peer) => west.includes(peer))).toHaveLength(1);
  expect(receiversLater).toHaveLength(6);
  expect(host.peer.membership.zoneOf(ANN)).toBe('east');
});

function running(promptDisk = false): SoloHost {
  const host = new SoloHost(peerOptions(ANN), EMPTY_DISK, promptDisk);
  host.flush();
  return host;
}

function sensorOf(id: string) {
  return id as Parameters<SoloHost['peer']['replication']['latestOf']>[0];
}

function batchesAsked(host: SoloHost): Batch[] {
  return host.asked.flatMap((input) => (input.type === 'appended' ? [input.batch] : []));
}

function snapshotOf(host: SoloHost): Snapshot {
  return {
    identity: host.peer.identity,
    ownN: host.peer.lastN,
    streams: host.peer.replication.snapshotStreams(),
    receipts: [],
  };
}

function linkUp(said: Partial<Hello> = {}): Input {
  return {
    type: 'link-up',
    hello: {
      type: 'HELLO',
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL,
      site: 'test',
      peer: BOB,
      identity: { birth: 1, random: 'bbbbbbbbbbbbbbbb' },
      incarnation: 1,
      address: { host: '127.0.0.1', port: 9001 },
      apiPort: 0,
      zone: '',
      instance: '0000000000000001',
      uptimeMs: 5,
      ...said,
    },
  };
}

/** Bob tells of a stream, under ann's id unless another is named. */
function pushOf(identity: Identity, upto: number, origin: PeerId = ANN): Input {
  return {
    type: 'received',
    from: BOB,
    channel: 'stream',
    message: {
      type: 'SENSOR_UPDATE',
      source: 'push',
      more: false,
      deltas: [
        {
          origin,
          identity,
          after: 0,
          upto,
          droppedUpto: 0,
          records: [
            {
              kind: 'reading',
              n: upto,
              sensor: sensorOf('attic'),
              value: 1,
              tsMs: 5,
              ingestTsMs: 5,
              lwwTsMs: 5,
            },
          ],
        },
      ],
    },
  };
}
