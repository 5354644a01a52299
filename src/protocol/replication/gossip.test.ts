import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Digest, DigestEntry } from '../../wire/messages.ts';
import { at, deltaOf, digestOf, machineOf, peerOf, reading, type Started, streamOf } from './testing.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];

test('[RP28] a round has pushFanout partners, one after the other within the interval', () => {
  const partners = Array.from({ length: 20 }, (_, i) => peerOf(`p${i}`));
  const { machine, out } = machineOf(ann, partners);
  const sent: { atMs: number; to: PeerId }[] = [];

  while (machine.wakeAt < 10_000) {
    const atMs = machine.wakeAt;
    machine.wake(at(atMs), out);
    for (const { to, message } of out.sent.splice(0))
      if (message.type === 'GOSSIP_STATE') sent.push({ atMs, to });
  }

  const rounds = must(machine.counters().replication_rounds_total, 'counted');
  expect(rounds).toBe(10);
  expect(sent.length).toBeGreaterThanOrEqual(3 * rounds - 2);
  expect(sent.length).toBeLessThanOrEqual(3 * rounds);
  sent.forEach(({ atMs }, i) => {
    if (i > 0) expect(atMs - must(sent[i - 1], 'one before').atMs).toBeGreaterThan(200);
  });
  expect(new Set(sent.map(({ to }) => to)).size).toBeGreaterThan(10);
});

test('[RP28] every few rounds a partner is asked for what it has', () => {
  const { out, runUntil } = machineOf(ann, [bob, cat], { pullEveryRounds: 3 });

  runUntil(9_999);

  expect(out.take().filter(({ type }) => type === 'GET_STATE').length).toBe(3);
});

test('[RP29] partners are those alive, among the neighbours, whose link is not busy', () => {
  const { machine, out, runUntil } = machineOf(ann, [bob, cat, dan]);
  const receivers = () => [...new Set(out.sent.splice(0).map(({ to }) => to))].sort();

  machine.neighbours([bob, cat, peerOf('eve')]);
  runUntil(20_000);
  expect(receivers()).toEqual([bob, cat]);
  machine.memberDown(bob, at(20_000), out);
  runUntil(40_000);
  expect(receivers()).toEqual([cat]);
  machine.linkBusy(cat, true);
  runUntil(60_000);
  expect(receivers()).toEqual([]);
  machine.neighbours(null);
  runUntil(80_000);

  expect(receivers()).toEqual([dan]);
});

test('[RP31] a digest that is equal is acknowledged', () => {
  const started = withBob(ann, 5);

  answer(started, digestOf([entry(bob, 5)]));

  expect(started.out.take()).toEqual([{ type: 'ACK', of: 'GOSSIP_STATE' }]);
});

test('[RP31] to one that lacks something, and has nothing, deltas are sent', () => {
  const started = withBob(ann, 5);

  answer(started, digestOf([entry(bob, 3)]));

  expect(started.out.take()).toMatchObject([
    {
      type: 'SENSOR_UPDATE',
      source: 'pull',
      more: false,
      deltas: [{ after: 3, upto: 5, records: [{ n: 4 }, { n: 5 }] }],
    },
  ]);
});

test('[RP31] one that has something is asked for it, and given what it lacks', () => {
  const started = withBob(ann, 5);

  answer(started, digestOf([entry(bob, 3), entry(cat, 7)]));

  expect(started.out.take()).toMatchObject([
    { type: 'GET_DELTA', digest: { kind: 'entries', entries: [] }, deltas: [{ after: 3, upto: 5 }] },
  ]);
});

test('[RP31] [RP34] the third message gives what the second one asked for, and nothing else', () => {
  const started = withBob(ann, 5);
  const { machine, out } = started;

  machine.receive(
    cat,
    {
      type: 'GET_DELTA',
      digest: digestOf([entry(bob, 4), entry(dan, 2)]),
      deltas: [deltaOf(streamOf(dan), 0, [reading(2, 'attic', 1, 1)])],
    },
    at(10),
    out,
  );

  expect(out.take()).toMatchObject([
    { type: 'SENSOR_UPDATE', deltas: [{ origin: 'bob', after: 4, upto: 5 }] },
  ]);
  expect(machine.upto(streamOf(dan))).toBe(2);
});

test('[RP16] of who missed dropped tombstones only its own word is taken, until it has begun anew', () => {
  const { machine, out } = withBob(ann, 5);
  const late = deltaOf(streamOf(cat), 0, [reading(9, 'hall', 9, 90)], { droppedUpto: 8 });
  machine.receive(bob, { type: 'FULL_SYNC_RESPONSE', deltas: [late], more: false }, at(5), out);
  out.take();
  const its = deltaOf(streamOf(dan), 0, [reading(1, 'attic', 1, 1)]);
  const others = deltaOf(streamOf(peerOf('eve')), 0, [reading(1, 'bed', 1, 1)]);

  machine.receive(
    dan,
    { type: 'GET_DELTA', digest: digestOf([entry(bob, 5), entry(dan, 1)]), deltas: [its, others] },
    at(10),
    out,
  );

  expect([machine.upto(its), machine.upto(others)]).toEqual([1, 0]);
  expect(out.take()).toMatchObject([{ type: 'SENSOR_UPDATE', deltas: [{ origin: 'cat', droppedUpto: 8 }] }]);
});

test('[RP31] [RP49] an unequal root is answered by all watermarks where there are few streams', () => {
  const started = withBob(ann, 5);

  answer(started, { kind: 'root', hash: 1 });

  expect(started.out.take()).toMatchObject([
    { type: 'GET_DELTA', digest: { kind: 'places', parts: [{ span: 64, uptos: [5] }] }, deltas: [] },
  ]);
});

test('[RP30] [RP32] after an exchange found both sides equal, rounds have one partner and cost the same at any size', () => {
  const started = withBob(ann, 5);
  const { machine, out, runUntil } = started;
  runUntil(1_500);
  const sizes = new Set(
    out.take().map((message) => ('digest' in message ? message.digest.kind : message.type)),
  );
  expect(sizes).toEqual(new Set(['places']));
  answer(started, digestOf([entry(bob, 5)]));
  out.take();

  // Turns of the round under way may still be left.
  runUntil(2_999);
  out.take();
  runUntil(12_999);

  const rounds = out.sent.filter(({ message }) => message.type === 'GOSSIP_STATE');
  expect(rounds.length).toBe(10);
  for (const { message } of rounds) expect(message).toMatchObject({ digest: { kind: 'root' }, deltas: [] });
  expect(machine.counters().full_sync_requests_sent_total).toBe(0);
});

test('[RP30] in a large cluster news makes the next digest list watermarks', () => {
  const started = withBob(ann, 5, { eagerPeersMax: 0 });
  const { machine, out, runUntil } = started;
  answer(started, digestOf([entry(bob, 5)]));
  machine.receive(bob, update('push', 5, [reading(6, 'bed', 6, 6)]), at(20), out);
  out.take();

  runUntil(1_000);

  expect(out.take()[0]).toMatchObject({ type: 'GOSSIP_STATE', digest: { kind: 'places' } });
});

test('[RP33] when a link comes up the lower id starts one exchange', () => {
  const lower = withBob(ann, 1);
  const higher = withBob(dan, 1);

  for (const { machine, out } of [lower, higher]) {
    machine.linkDown(cat, at(5), out);
    out.take();
    machine.linkUp(cat, at(6), out);
  }

  expect(lower.out.take()).toMatchObject([{ type: 'GOSSIP_STATE' }]);
  expect(higher.out.take()).toEqual([]);
});

test('[RP33] among few the exchange does not wait for the link', () => {
  const few = withBob(ann, 1);
  const many = withBob(ann, 1, { eagerPeersMax: 1 });

  for (const { machine, out } of [few, many]) {
    out.take();
    machine.memberUp(dan, at(5), out);
  }

  expect(few.out.take()).toMatchObject([{ type: 'GOSSIP_STATE' }]);
  expect(many.out.take()).toEqual([]);
});

test('[RP33] among many about as many as `eagerPeersMax` meet whoever comes', () => {
  const others = Array.from({ length: 400 }, (_, i) => peerOf(`p${i}`));
  const { machine, out } = machineOf(ann, others, { gossipIntervalMs: 600_000 });

  for (const other of others) {
    machine.linkDown(other, at(5), out);
    machine.linkUp(other, at(6), out);
  }

  const met = out.take().filter(({ type }) => type === 'GOSSIP_STATE').length;
  expect(met).toBeGreaterThan(4);
  expect(met).toBeLessThan(40);
});

test('[RP35] an answer with more is followed by the next question, and the last one is not', () => {
  const { machine, out } = withBob(ann, 1);

  machine.receive(cat, { ...update('pull', 1, [reading(2, 'bed', 2, 2)]), more: true }, at(10), out);
  expect(out.take()).toMatchObject([{ type: 'GET_STATE', digest: { parts: [{ uptos: [2] }] } }]);
  machine.receive(cat, { ...update('pull', 2, [reading(3, 'bed', 3, 3)]), more: false }, at(11), out);

  expect(out.take()).toEqual([]);
});

test('[RP35] who gets nowhere stops asking', () => {
  const { machine, out } = withBob(ann, 2);

  machine.receive(cat, { ...update('pull', 1, [reading(2, 'bed', 2, 2)]), more: true }, at(10), out);

  expect(out.take()).toEqual([]);
});

test('[RP35] while one partner gives, no other is asked', () => {
  const started = withBob(ann, 1);
  const { machine, out } = started;
  machine.receive(cat, { ...update('pull', 1, [reading(2, 'bed', 2, 2)]), more: true }, at(10), out);
  out.take();

  machine.receive(dan, { type: 'GOSSIP_STATE', digest: digestOf([entry(bob, 9)]), deltas: [] }, at(11), out);
  expect(out.take()).toEqual([{ type: 'SENSOR_UPDATE', source: 'pull', deltas: [], more: false }]);
  machine.receive(
    dan,
    { type: 'GOSSIP_STATE', digest: digestOf([entry(bob, 9)]), deltas: [] },
    at(2_011),
    out,
  );

  expect(out.take()).toMatchObject([{ type: 'GET_DELTA' }]);
});

test('[RP23] nonsense is refused, and nothing of its message is taken', () => {
  const { machine, out } = withBob(ann, 5);
  const good = deltaOf(streamOf(dan), 0, [reading(1, 'attic', 1, 1)]);
  const bad = deltaOf(streamOf(cat), 3, [reading(2, 'hall', 1, 1)]);

  machine.receive(
    cat,
    { type: 'SENSOR_UPDATE', source: 'push', deltas: [good, bad], more: false },
    at(1),
    out,
  );
  machine.receive(cat, { type: 'GET_STATE', digest: digestOf([entry(dan, 1), entry(bob, 1)]) }, at(1), out);

  expect(out.factsOf('message-refused')).toMatchObject([
    { peer: 'cat', code: 'malformed' },
    { peer: 'cat', code: 'malformed' },
  ]);
  expect(machine.upto(streamOf(dan))).toBe(0);
  expect(out.take()).toEqual([]);
});

test('[RP27] a stream with dropped tombstones is refused to who has less, and begun anew by a full sync', () => {
  const { machine, out } = machineOf(ann, [cat], {}, [
    { ...streamOf(bob), upto: 9, droppedUpto: 5, records: [reading(7, 'bed', 7, 7)] },
  ]);

  machine.receive(cat, { type: 'GET_STATE', digest: digestOf([entry(bob, 4)]) }, at(1), out);
  machine.receive(cat, { type: 'FULL_SYNC_REQUEST', digest: digestOf([entry(bob, 4)]) }, at(2), out);

  expect(out.take()).toMatchObject([
    { type: 'DELTA_UNAVAILABLE', streams: [streamOf(bob)] },
    { type: 'FULL_SYNC_RESPONSE', deltas: [{ after: 4, upto: 9, droppedUpto: 5 }] },
  ]);
  expect(machine.counters()).toMatchObject({ get_delta_unavailable_total: 1 });
});

test('[RP45] converged is announced once both sides are equal after something was missing', () => {
  const started = withBob(ann, 5);
  const { out } = started;

  answer(started, digestOf([entry(bob, 5)]));
  expect(out.factsOf('converged')).toEqual([]);
  answer(started, digestOf([entry(bob, 3)]));
  answer(started, digestOf([entry(bob, 5)]), 4_000);
  expect(out.factsOf('converged')).toEqual([]);
  answer(started, digestOf([entry(bob, 3)]), 5_000);
  answer(started, digestOf([entry(bob, 5)]), 10_000);
  answer(started, digestOf([entry(bob, 5)]), 20_000);

  expect(out.factsOf('converged')).toEqual([{ type: 'converged', peer: cat }]);
});

/** A peer that has so many readings of bob, each of a sensor of its own, and is linked to cat. */
function withBob(peer: PeerId, upto: number, options = {}): Started {
  const records = Array.from({ length: upto }, (_, i) => reading(i + 1, `b${i}`, i, i));
  return machineOf(peer, [cat], options, [{ ...streamOf(bob), upto, droppedUpto: 0, records }]);
}

function answer({ machine, out }: Started, digest: Digest, atMs = 10): void {
  machine.receive(cat, { type: 'GOSSIP_STATE', digest, deltas: [] }, at(atMs), out);
}

function entry(origin: PeerId, upto: number): DigestEntry {
  return { ...streamOf(origin), upto, retired: false };
}

function update(source: 'push' | 'pull', after: number, records: Parameters<typeof deltaOf>[2]) {
  return {
    type: 'SENSOR_UPDATE',
    source,
    deltas: [deltaOf(streamOf(bob), after, records)],
    more: false,
  } as const;
}
