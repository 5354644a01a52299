import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import type { Record } from '../../model/reading.ts';
import { DeltaPack } from './delta.ts';
import { Replica } from './replica.ts';
import { at, deltaOf, meta, peerOf, reading, SPAN, sensorOf, streamOf, tombstone } from './testing.ts';

const [ann, bob, cat] = [peerOf('ann'), peerOf('bob'), peerOf('cat')];
const mine = streamOf(ann);
const bobs = streamOf(bob);
const bed = sensorOf('bed');

test('[RP1] own changes follow each other without a gap', () => {
  const replica = new Replica(mine, SPAN);
  replica.record([reading(1, 'bed', 1, 10)], 0);

  expect(() => replica.record([reading(3, 'bed', 2, 20)], 0)).toThrow('without a gap');
});

test('[RP7] an own reading of an earlier time takes its n and becomes no register', () => {
  const replica = new Replica(mine, SPAN);

  const taken = replica.record([reading(1, 'bed', 'now', 10), reading(2, 'bed', 'before', 9)], 0);

  expect(valuesOf(taken)).toEqual(['now']);
  expect(replica.own.upto).toBe(2);
  expect(replica.own.registers.records().map(({ n }) => n)).toEqual([1]);
});

test('[RP7] of two own readings of one time the later n stays', () => {
  const replica = new Replica(mine, SPAN);

  replica.record([reading(1, 'bed', 'first', 10), reading(2, 'bed', 'second', 10)], 0);

  expect(replica.view.latestOf(bed)?.record.value).toBe('second');
});

test('[RP8] a delta continues a stream also when it begins before its end', () => {
  const replica = new Replica(mine, SPAN);
  replica.take(deltaOf(bobs, 0, [reading(1, 'bed', 1, 10), reading(2, 'hall', 2, 10)]), at(0));

  const taken = replica.take(deltaOf(bobs, 1, [reading(2, 'hall', 2, 10), reading(3, 'bed', 3, 20)]), at(7));

  expect(valuesOf(taken)).toEqual([3]);
  expect(replica.streams.find(bobs)).toMatchObject({ upto: 3, advancedAtMs: at(7).wallMs });
});

test('[RP8] a delta without records moves the watermark over what was superseded', () => {
  const replica = new Replica(mine, SPAN);

  replica.take(deltaOf(bobs, 0, [], { upto: 9 }), at(0));

  expect(replica.streams.find(bobs)?.upto).toBe(9);
});

test('[RP5] [RP9] what comes from beyond a gap is shown, and not claimed', () => {
  const replica = new Replica(mine, SPAN);
  replica.take(deltaOf(bobs, 0, [reading(1, 'bed', 1, 10)]), at(0));

  const taken = replica.take(deltaOf(bobs, 4, [reading(5, 'bed', 5, 50)]), at(0));

  expect(valuesOf(taken)).toEqual([5]);
  expect(replica.view.latestOf(bed)?.record.value).toBe(5);
  expect(replica.streams.find(bobs)?.upto).toBe(1);
  expect(replica.snapshot()).toMatchObject([{ upto: 1, records: [{ n: 1 }] }]);
});

test('[RP9] [RP20] once the gap is filled nothing is left beyond it, and nothing is said twice', () => {
  const replica = new Replica(mine, SPAN);
  replica.take(deltaOf(bobs, 2, [reading(3, 'bed', 3, 30), meta(4, 'bed', 'Cel')]), at(0));

  const taken = replica.take(
    deltaOf(bobs, 0, [reading(2, 'hall', 2, 20), reading(3, 'bed', 3, 30), meta(4, 'bed', 'Cel')]),
    at(0),
  );

  expect(taken).toMatchObject([{ n: 2 }]);
  expect(replica.streams.find(bobs)).toMatchObject({ upto: 4, ahead: null });
  expect(replica.view.latestOf(bed)).toMatchObject({ unit: 'Cel', record: { value: 3 } });
  expect(replica.streams.gapped.size).toBe(0);
});

test('[RP9] a tombstone from beyond a gap does not bury what its own stream has below', () => {
  const replica = new Replica(mine, SPAN);
  replica.record([reading(1, 'bed', 'mine', 10)], 0);
  replica.take(deltaOf(bobs, 1, [tombstone(2, 'bed', 10)]), at(0));

  replica.take(deltaOf(bobs, 0, [tombstone(2, 'bed', 10)]), at(0));

  expect(replica.view.latestOf(bed)).toBeNull();
  expect(replica.streams.find(bobs)?.registers.size).toBe(1);
});

test('[RP4] of more than four identities of one origin the oldest goes, and does not come back', () => {
  const replica = new Replica(mine, SPAN);

  for (let birth = 1; birth <= 5; birth++) {
    replica.take(deltaOf(streamOf(bob, birth), 0, [reading(1, `s${birth}`, birth, 10)]), at(0));
  }
  replica.take(deltaOf(streamOf(bob, 1), 0, [reading(1, 's1', 1, 10)]), at(0));

  expect(replica.streams.ofOrigin(bob).map(({ identity }) => identity.birth)).toEqual([5, 4, 3, 2]);
  expect(replica.view.latestOf(sensorOf('s1'))).toBeNull();
  expect(replica.streamsRefused).toBe(1);
  expect(LIMITS.identitiesPerOriginMax).toBe(4);
});

test('[RP14] a record of one sensor too many is left out, and what follows is taken', () => {
  const replica = new Replica(mine, SPAN);
  const full = Array.from({ length: LIMITS.slotsPerStreamMax }, (_, i) => reading(i + 1, `s${i}`, i, 10));
  replica.take(deltaOf(bobs, 0, full), at(0));
  const n = full.length;

  const taken = replica.take(
    deltaOf(bobs, n, [reading(n + 1, 'bed', 0, 10), reading(n + 2, 's7', 7, 20)]),
    at(0),
  );

  expect(valuesOf(taken)).toEqual([7]);
  expect(replica.recordsRefused).toBe(1);
  expect(replica.streams.find(bobs)?.upto).toBe(n + 2);
});

test('[RP15] a tombstone goes with the meta before it, and the stream remembers', () => {
  const replica = new Replica(mine, 1);

  replica.take(
    deltaOf(bobs, 0, [meta(1, 'bed', 'Cel'), tombstone(2, 'bed', 100), tombstone(3, 'hall', 200)]),
    at(0),
  );

  const stream = replica.streams.find(bobs);
  expect(stream).toMatchObject({ upto: 3, droppedUpto: 2 });
  expect(stream?.registers.records().map(({ n }) => n)).toEqual([3]);
  expect(replica.tombstones).toBe(1);
});

test('[RP15] an own tombstone that has had its time is gone for what comes next, at a restart as well', () => {
  const records = [tombstone(1, 'bed', 100), reading(2, 'hall', 2, 110), reading(3, 'bed', 3, 50)];
  const lived = new Replica(mine, 1);
  const restarted = new Replica(mine, 1);

  for (const record of records) lived.record([record], 0);
  restarted.record(records, 0);

  expect(lived.view.latestOf(sensorOf('bed'))?.record.value).toBe(3);
  expect(restarted.view.hash()).toBe(lived.view.hash());
});

test('[RP13] a delta made anew leaves out what a tombstone of another stream has beaten since', () => {
  const replica = new Replica(mine, SPAN);
  replica.take(deltaOf(bobs, 0, [reading(1, 'bed', 1, 10), reading(2, 'hall', 2, 10)]), at(0));
  const before = new DeltaPack(LIMITS.deltaBytesMax);
  for (const stream of replica.streams.sorted) before.add(stream, 0);

  replica.take(deltaOf(streamOf(cat), 0, [tombstone(1, 'bed', 20)]), at(0));
  const after = new DeltaPack(LIMITS.deltaBytesMax);
  for (const stream of replica.streams.sorted) after.add(stream, 0);

  expect(before.deltas.map(({ records }) => records.map(({ n }) => n))).toEqual([[1, 2]]);
  expect(after.deltas.map(({ origin, records }) => [origin, records.map(({ n }) => n)])).toEqual([
    [bob, [2]],
    [cat, [1]],
  ]);
});

test('[RP16] dropped tombstones of a stream that it never heard of leave a peer behind that has others', () => {
  const replica = new Replica(mine, SPAN);
  const late = deltaOf(streamOf(cat), 0, [reading(9, 'hall', 9, 90)], { droppedUpto: 5 });
  replica.take(deltaOf(bobs, 0, [reading(1, 'bed', 1, 10)]), at(0));

  expect(replica.take(late, at(0))).toBe('behind');
  expect(valuesOf(replica.takeAnew(late, at(0)))).toEqual([9]);
});

// A peer whose disk was lost twice heard of its first stream from one that had missed the tombstone of its second.
test('[RP16] what a peer wrote as another identity is forgotten with what others wrote', () => {
  const replica = new Replica(streamOf(ann, 3), SPAN);
  replica.record([reading(1, 'door', 1, 5)], 0);
  replica.take(deltaOf(streamOf(ann, 1), 0, [reading(4, 'bed', 28, 10)]), at(0));
  const late = deltaOf(streamOf(ann, 2), 0, [reading(58, 'hall', 9, 90)], { droppedUpto: 2 });

  const taken = replica.take(late, at(0));
  replica.forgetForeign();
  const anew = replica.takeAnew(late, at(0));

  expect(taken).toBe('behind');
  expect(valuesOf(anew)).toEqual([9]);
  expect(replica.view.latestOf(bed)).toBeNull();
  expect(replica.view.latestOf(sensorOf('door'))?.record.value).toBe(1);
});

test('[RP16] whoever lacks what was dropped is behind, unless it begins anew', () => {
  const replica = new Replica(mine, SPAN);
  replica.take(deltaOf(bobs, 0, [reading(1, 'bed', 1, 10)]), at(0));

  expect(replica.take(deltaOf(bobs, 1, [reading(6, 'hall', 6, 60)], { droppedUpto: 5 }), at(0))).toBe(
    'behind',
  );
  replica.forget(bobs);
  const anew = replica.take(deltaOf(bobs, 0, [reading(3, 'x', 3, 30)], { droppedUpto: 5 }), at(0));
  const rest = replica.take(deltaOf(bobs, 3, [reading(6, 'hall', 6, 60)], { droppedUpto: 5 }), at(0));

  expect([valuesOf(anew), valuesOf(rest)]).toEqual([[3], [6]]);
  expect(replica.streams.find(bobs)).toMatchObject({ upto: 6, droppedUpto: 5 });
});

test('[RP17] a replica made from a snapshot has and shows the same', () => {
  const replica = new Replica(mine, SPAN);
  replica.record([meta(1, 'bed', 'Cel'), reading(2, 'bed', 20, 10), reading(3, 'bed', 21, 20)], 0);
  replica.take(deltaOf(bobs, 0, [reading(2, 'hall', true, 5), tombstone(4, 'attic', 6)], { upto: 4 }), at(0));

  const again = new Replica(mine, SPAN);
  for (const stream of replica.snapshot()) again.restore(stream);

  expect(again.view.hash()).toBe(replica.view.hash());
  expect(again.streams.root).toBe(replica.streams.root);
  expect(again.own.upto).toBe(3);
  expect(again.record([reading(4, 'bed', 22, 30)], 0)).toHaveLength(1);
});

test('[RP19] under another name, what was sure of the former stream stays shown until it is fetched anew', () => {
  const replica = new Replica(mine, SPAN);
  replica.record(
    [reading(1, 'bed', 'sure', 10), reading(2, 'hall', 'sure', 10), reading(3, 'hall', 'not', 20)],
    0,
  );

  replica.rename(streamOf(ann, 2), 2, at(0));

  expect(replica.view.latestOf(bed)?.record.value).toBe('sure');
  expect(replica.view.latestOf(sensorOf('hall'))).toBeNull();
  expect(replica.streams.find(mine)?.upto).toBe(0);
  replica.take(deltaOf(mine, 0, [reading(1, 'bed', 'sure', 10), reading(4, 'hall', 'theirs', 15)]), at(0));
  expect(replica.view.latestOf(sensorOf('hall'))?.record.value).toBe('theirs');
});

test('[RP19] a former stream in which all is sure stays as it is', () => {
  const replica = new Replica(mine, SPAN);
  replica.record([reading(1, 'bed', 1, 10)], 0);

  replica.rename(streamOf(ann, 2), Number.POSITIVE_INFINITY, at(0));
  replica.record([reading(1, 'bed', 2, 20)], 0);

  expect(replica.streams.find(mine)?.upto).toBe(1);
  expect(replica.view.latestOf(bed)).toMatchObject({ identity: { birth: 2 }, origins: [ann] });
});

test('[RP4] a name under which nothing was written is nobody’s, and pushes no other identity out', () => {
  const replica = new Replica(streamOf(ann, 9), SPAN);
  for (const birth of [1, 2, 3]) {
    replica.take(deltaOf(streamOf(ann, birth), 0, [reading(1, 'bed', birth, birth)]), at(0));
  }

  replica.rename(streamOf(ann, 10), Number.POSITIVE_INFINITY, at(0));

  expect(replica.streams.ofOrigin(ann).map(({ identity }) => identity.birth)).toEqual([10, 3, 2, 1]);
});

function valuesOf(taken: readonly Record[] | 'behind') {
  if (taken === 'behind') throw new Error('behind');
  return taken.map((record) => (record.kind === 'reading' ? record.value : record.kind));
}
