import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StreamName } from '../../model/durable.ts';
import type { Record } from '../../model/reading.ts';
import type { LatestReading } from '../../model/view.ts';
import { Replica } from './replica.ts';
import { at, deltaOf, meta, peerOf, reading, SPAN, sensorOf, streamOf, tombstone } from './testing.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];
const bed = sensorOf('bed');

test('[RP10] the later time wins, whichever comes first', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const said = [
      { name: streamOf(ann), records: [reading(1, 'bed', 'later', 20)] },
      { name: streamOf(bob), records: [reading(1, 'bed', 'sooner', 10)] },
    ];

    const replica = replicaAfter(order.map((i) => said[i] ?? said[0]) as Said[]);

    expect(replica.view.latestOf(bed)?.record.value).toBe('later');
  }
});

test('[RP10] of equal times the larger origin wins, then the later identity, then the later n', () => {
  const replica = replicaAfter([
    { name: streamOf(ann, 7), records: [reading(9, 'bed', 'ann', 10)] },
    { name: streamOf(bob, 2), records: [reading(8, 'bed', 'bob, earlier', 10)] },
  ]);
  expect(shown(replica)).toBe('bob, earlier');

  replica.take(deltaOf(streamOf(bob, 3), 0, [reading(1, 'bed', 'bob', 10)]), at(0));
  expect(shown(replica)).toBe('bob');
  replica.take(deltaOf(streamOf(bob, 3), 1, [reading(2, 'bed', 'bob again', 10)]), at(0));

  expect(shown(replica)).toBe('bob again');
});

test('[RP10] when the winner turns older or goes, the best of the others is shown', () => {
  const replica = replicaAfter([
    { name: streamOf(ann), records: [reading(1, 'bed', 'ann', 10)] },
    { name: streamOf(bob), records: [reading(1, 'bed', 'bob', 20)] },
    { name: streamOf(cat), records: [reading(1, 'bed', 'cat', 30)] },
  ]);

  replica.take(deltaOf(streamOf(cat), 1, [reading(2, 'bed', 'cat, long ago', 5)]), at(0));
  expect(shown(replica)).toBe('bob');
  replica.forget(streamOf(bob));

  expect(shown(replica)).toBe('ann');
});

test('[RP11] unit and period are those of the winner, whenever they come', () => {
  const replica = replicaAfter([
    { name: streamOf(ann), records: [meta(1, 'bed', 'Cel'), reading(2, 'bed', 20, 10)] },
    { name: streamOf(bob), records: [reading(1, 'bed', 293, 20)] },
  ]);
  expect(replica.view.latestOf(bed)).toMatchObject({ unit: '', periodMs: 0, origins: [ann, bob] });

  replica.take(deltaOf(streamOf(bob), 1, [meta(2, 'bed', 'K')]), at(0));

  expect(replica.view.latestOf(bed)).toMatchObject({ unit: 'K', periodMs: 1_000, origin: bob });
});

test('[RP12] a collision is reported once for each set of origins', () => {
  const replica = replicaAfter([{ name: streamOf(ann), records: [reading(1, 'bed', 1, 10)] }]);
  expect(replica.view.takeCollisions()).toEqual([]);

  replica.take(deltaOf(streamOf(bob), 0, [reading(1, 'bed', 2, 11)]), at(0));
  expect(replica.view.takeCollisions()).toEqual([{ sensor: bed, origins: [ann, bob] }]);
  replica.take(deltaOf(streamOf(ann), 1, [reading(2, 'bed', 3, 12)]), at(0));
  replica.take(deltaOf(streamOf(ann, 2), 0, [reading(1, 'bed', 3, 13)]), at(0));
  expect(replica.view.takeCollisions()).toEqual([]);
  replica.take(deltaOf(streamOf(cat), 0, [reading(1, 'bed', 4, 1)]), at(0));

  expect(replica.view.takeCollisions()).toEqual([{ sensor: bed, origins: [ann, bob, cat] }]);
});

test('[RP12] a report names at most eight origins, and there is none beyond', () => {
  const replica = new Replica(streamOf(dan), SPAN);
  let reports = 0;

  for (let i = 10; i < 40; i++) {
    replica.take(deltaOf(streamOf(peerOf(`peer-${i}`)), 0, [reading(1, 'bed', i, i)]), at(0));
    const collisions = replica.view.takeCollisions();
    reports += collisions.length;
    for (const { origins } of collisions) expect(origins.length).toBeLessThanOrEqual(8);
  }

  expect(reports).toBe(7);
  expect(replica.view.latestOf(bed)?.origins.length).toBe(30);
});

test('[RP13] a tombstone hides the sensor, and what it beats elsewhere is dropped', () => {
  const replica = replicaAfter([
    { name: streamOf(ann), records: [reading(1, 'bed', 1, 10), reading(2, 'hall', 1, 10)] },
    { name: streamOf(bob), records: [tombstone(1, 'bed', 20)] },
  ]);

  expect(replica.view.latestOf(bed)).toBeNull();
  expect(replica.view.sensorCount).toBe(1);
  expect([...replica.view.latest()].map(({ record }) => record.sensor)).toEqual(['hall']);
  expect(replica.streams.find(streamOf(ann))?.registers.size).toBe(1);
});

test('[RP13] what comes late and is older than the tombstone is not kept, what is younger shows again', () => {
  const replica = replicaAfter([{ name: streamOf(bob), records: [tombstone(1, 'bed', 20)] }]);

  const late = replica.take(deltaOf(streamOf(ann), 0, [reading(1, 'bed', 1, 19)]), at(0));
  expect(late).toEqual([]);
  expect(replica.streams.find(streamOf(ann))).toMatchObject({ upto: 1, registers: { size: 0 } });
  replica.take(deltaOf(streamOf(ann), 1, [reading(2, 'bed', 2, 21)]), at(0));

  expect(shown(replica)).toBe(2);
  expect(replica.view.sensorCount).toBe(1);
});

const said = fc.record({
  origin: fc.constantFrom('ann', 'bob', 'cat').map(peerOf),
  birth: fc.integer({ min: 1, max: 2 }),
  sensor: fc.constantFrom('bed', 'hall'),
  kind: fc.constantFrom('reading', 'reading', 'reading', 'meta', 'tombstone'),
  ts: fc.integer({ min: 1, max: 6 }),
});

test('[RP10] the view depends on what was heard, not on the order: it is what a search over all would find', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 25 }), fc.infiniteStream(fc.nat(1_000)), (script, dice) => {
      const streams = written(script);
      const one = replicaAfter(streams);
      const other = replicaInPieces(streams, dice);

      expect(other.view.hash()).toBe(one.view.hash());
      for (const sensor of ['bed', 'hall'].map(sensorOf)) {
        const best = bestOf(streams, sensor);
        expect(one.view.latestOf(sensor)?.record ?? null).toEqual(best?.kind === 'reading' ? best : null);
      }
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('[RP10] hashes tell apart what differs in value, unit or writer', () => {
  const hashes = [
    [{ name: streamOf(ann), records: [reading(1, 'bed', 1, 10)] }],
    [{ name: streamOf(ann), records: [reading(1, 'bed', '1', 10)] }],
    [{ name: streamOf(bob), records: [reading(1, 'bed', 1, 10)] }],
    [{ name: streamOf(ann), records: [reading(1, 'bed', 1, 10), meta(2, 'bed', 'Cel')] }],
  ].map((streams) => replicaAfter(streams).view.hash());
  const a = replicaAfter([{ name: streamOf(ann), records: [reading(1, 'bed', { x: 1, y: 2 }, 10)] }]);
  const b = replicaAfter([{ name: streamOf(ann), records: [reading(1, 'bed', { y: 2, x: 1 }, 10)] }]);

  expect(new Set(hashes).size).toBe(4);
  expect(a.view.hash()).toBe(b.view.hash());
});

interface Said {
  readonly name: StreamName;
  readonly records: readonly Record[];
}

/** What origins write: times of a sensor never go back within a stream, as its origin sees to. */
function written(
  script: readonly { origin: string; birth: number; sensor: string; kind: string; ts: number }[],
) {
  const streams = new Map<string, { name: StreamName; records: Record[] }>();
  for (const { origin, birth, sensor, kind, ts } of script) {
    const key = `${origin} ${birth}`;
    const stream = streams.get(key) ?? { name: streamOf(peerOf(origin), birth), records: [] };
    streams.set(key, stream);
    const n = stream.records.length + 1;
    const before = stream.records.findLast((it) => it.sensor === sensor && it.kind !== 'meta');
    const time = Math.max(ts, before && before.kind !== 'meta' ? before.lwwTsMs : 0);
    if (kind === 'meta') stream.records.push(meta(n, sensor, `unit ${n}`));
    else if (kind === 'tombstone') stream.records.push(tombstone(n, sensor, time));
    else stream.records.push(reading(n, sensor, `${key} ${n}`, time));
  }
  return [...streams.values()];
}

function replicaAfter(streams: readonly Said[]): Replica {
  const replica = new Replica(streamOf(dan), SPAN);
  for (const { name, records } of streams) replica.take(deltaOf(name, 0, records), at(0));
  return replica;
}

/** Each stream in deltas of drawn length, some of them from beyond the gap, mixed with the others'. */
function replicaInPieces(streams: readonly Said[], dice: Iterator<number>): Replica {
  const replica = new Replica(streamOf(dan), SPAN);
  const roll = () => Number(dice.next().value);
  const progress = streams.map(() => 0);
  for (let left = streams.length; left > 0; ) {
    const i = roll() % streams.length;
    const { name, records } = streams[i] as Said;
    const done = progress[i] as number;
    if (roll() % 3 === 0) {
      const pushed = records[roll() % records.length] as Record;
      replica.take(deltaOf(name, pushed.n - 1, [pushed]), at(0));
    }
    if (done === records.length) continue;
    const next = Math.min(records.length, done + 1 + (roll() % 4));
    replica.take(deltaOf(name, done, records.slice(done, next)), at(0));
    progress[i] = next;
    if (next === records.length) left--;
  }
  for (const { name, records } of streams) replica.take(deltaOf(name, 0, records), at(0));
  return replica;
}

/** The winner by the rule, by brute force over all states. */
function bestOf(streams: readonly Said[], sensor: string): Record | null {
  const states = streams.flatMap(({ name, records }) =>
    records.flatMap((record) =>
      record.kind !== 'meta' && record.sensor === sensor ? [{ name, record }] : [],
    ),
  );
  states.sort(
    (a, b) =>
      b.record.lwwTsMs - a.record.lwwTsMs ||
      (a.name.origin < b.name.origin ? 1 : a.name.origin > b.name.origin ? -1 : 0) ||
      b.name.identity.birth - a.name.identity.birth ||
      b.record.n - a.record.n,
  );
  return states[0]?.record ?? null;
}

function shown(replica: Replica): LatestReading['record']['value'] | undefined {
  return replica.view.latestOf(bed)?.record.value;
}
