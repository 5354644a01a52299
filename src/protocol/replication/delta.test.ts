import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Record } from '../../model/reading.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { DeltaPack, problemOf } from './delta.ts';
import { Replica } from './replica.ts';
import type { Stream } from './stream.ts';
import { at, deltaOf, peerOf, reading, SPAN, streamOf } from './testing.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];

test('[RP25] a message carries no more than its bound, and a cut delta reaches up to its last record', () => {
  const stream = streamWith(readings(5_000));

  const pack = new DeltaPack(LIMITS.deltaBytesMax);
  pack.add(stream, 0);

  const delta = must(pack.deltas[0], 'a delta');
  expect(pack.more).toBe(true);
  const bytes = encodeMessage({ type: 'FULL_SYNC_RESPONSE', deltas: pack.deltas, more: true }).length;
  expect(bytes).toBeLessThanOrEqual(LIMITS.deltaBytesMax);
  expect(bytes).toBeGreaterThan(LIMITS.deltaBytesMax * 0.4);
  expect(delta).toMatchObject({ after: 0, upto: delta.records.length });
  expect(problemOf(delta)).toBeNull();
});

test('[RP25] deltas cut one after the other add up to the whole stream', () => {
  const stream = streamWith(readings(5_000));
  const replica = new Replica(streamOf(dan), SPAN);
  let messages = 0;

  for (let more = true; more; messages++) {
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    pack.add(stream, replica.streams.find(stream)?.upto ?? 0);
    for (const delta of pack.deltas) replica.take(delta, at(0));
    more = pack.more;
  }

  expect(messages).toBeGreaterThan(1);
  expect(replica.streams.find(stream)).toMatchObject({ upto: 5_000, registers: { size: 5_000 } });
});

test('[RP25] one record always fits, however long it is', () => {
  const fields = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`f${i}`, 'x'.repeat(4_096)]));
  const stream = streamWith([reading(1, 'big', fields, 1), reading(2, 'small', 1, 1)]);

  const pack = new DeltaPack(LIMITS.deltaBytesMax);
  pack.add(stream, 0);

  expect(pack.deltas.map(({ upto }) => upto)).toEqual([1]);
  expect(pack.more).toBe(true);
});

test('[RP26] unknown streams go first, then those quiet longest', () => {
  const replica = new Replica(streamOf(dan), SPAN);
  for (const [origin, atMs] of [
    [ann, 300],
    [bob, 100],
    [cat, 200],
  ] as const) {
    replica.take(deltaOf(streamOf(origin), 0, readings(2)), at(atMs));
  }
  const gives = replica.streams.sorted
    .filter(({ upto }) => upto > 0)
    .map((stream) => ({ stream, after: stream.origin === ann ? 0 : 1 }));

  const pack = new DeltaPack(LIMITS.deltaBytesMax);
  pack.addAll(gives);

  expect(pack.deltas.map(({ origin }) => origin)).toEqual(['ann', 'bob', 'cat']);
});

test('[RP40] what was superseded is not in a delta', () => {
  const stream = streamWith([reading(1, 'hot', 1, 1), reading(2, 'hot', 2, 2), reading(3, 'hot', 3, 3)]);

  const pack = new DeltaPack(LIMITS.deltaBytesMax);
  pack.add(stream, 0);

  expect(pack.deltas).toEqual([deltaOf(streamOf(bob), 0, [reading(3, 'hot', 3, 3)])]);
});

test('[RP5] what lies beyond a gap goes change by change, each claiming itself alone', () => {
  const replica = new Replica(streamOf(dan), SPAN);
  replica.take(deltaOf(streamOf(bob), 5, [reading(6, 'bed', 1, 1), reading(9, 'hall', 1, 1)]), at(0));
  const stream = must(replica.streams.find(streamOf(bob)), 'the stream');

  const pack = new DeltaPack(LIMITS.deltaBytesMax);
  pack.add(stream, 0);
  pack.addAhead(stream);

  expect(pack.deltas.map(({ after, upto }) => [after, upto])).toEqual([
    [5, 6],
    [8, 9],
  ]);
});

test('[RP23] a delta that runs backwards, or whose records leave its range, has a problem', () => {
  const [one, two, three] = [reading(1, 'a', 1, 1), reading(2, 'b', 1, 1), reading(3, 'c', 1, 1)];
  const name = streamOf(bob);

  expect(problemOf(deltaOf(name, 5, [], { upto: 4 }))).toContain('cannot reach 4');
  expect(problemOf(deltaOf(name, 0, [two, one], { upto: 2 }))).toContain('rise');
  expect(problemOf(deltaOf(name, 0, [one, one], { upto: 2 }))).toContain('rise');
  expect(problemOf(deltaOf(name, 1, [one], { upto: 2 }))).toContain('within (1, 2]');
  expect(problemOf(deltaOf(name, 0, [one, three], { upto: 2 }))).toContain('got 3');
  expect(problemOf(deltaOf(name, 0, [one, three], { upto: 9 }))).toBeNull();
});

function readings(count: number): Record[] {
  return Array.from({ length: count }, (_, i) => reading(i + 1, `sensor-${i}`, i / 7, 1_700_000_000_000 + i));
}

function streamWith(records: readonly Record[]): Stream {
  const replica = new Replica(streamOf(dan), SPAN);
  replica.take(deltaOf(streamOf(bob), 0, records), at(0));
  return must(replica.streams.find(streamOf(bob)), 'the stream');
}
