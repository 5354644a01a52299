import fc from 'fast-check';
import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { LIMITS } from '../../model/limits.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { LIVE_BUCKETS } from './buckets.ts';
import { compareEntries, comparePlaces, differingBuckets, isEqual } from './comparison.ts';
import { ALL, bucketsFrom, bucketsOf, entriesOf, isWhole, placesOf } from './digest.ts';
import { Replica } from './replica.ts';
import { at, deltaOf, peerOf, SPAN, streamOf } from './testing.ts';

const dan = peerOf('dan');
const LIVE = bucketsFrom(0);

test('[RP49] who lists the same streams needs no names: watermarks alone tell what each lacks', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 40, maxLength: 40 });
  for (const more of [0, 400]) {
    fc.assert(
      fc.property(counts, counts, (left, right) => {
        const rest = Array.from({ length: more }, () => 7);
        const [one, other] = [replicaOf([...left, ...rest]), replicaOf([...right, ...rest])];

        const found = must(comparePlaces(one, dan, placesOf(other.streams, LIVE), 0), 'it makes sense');

        expect(found.named).toBe(false);
        expect(new Set(found.gives.map(({ stream, after }) => `${stream.origin} ${after}`))).toEqual(
          new Set(left.flatMap((upto, i) => (upto > (right[i] ?? 0) ? [`p${i} ${right[i]}`] : []))),
        );
        expect(found.lacking).toBe(left.filter((upto, i) => upto < (right[i] ?? 0)).length);
      }),
      { seed: 1, numRuns: 30 },
    );
  }
});

test('[RP49] of a thousand streams one change is found by the hashes of buckets, in a few hundred bytes', () => {
  const [one, other] = [replicaOf(Array(1_000).fill(3)), replicaOf(Array(1_000).fill(3))];
  one.take(deltaOf(streamOf(peerOf('p500')), 3, [], { upto: 4 }), at(0));

  const buckets = must(differingBuckets(one, bucketsOf(other.streams)), 'it makes sense');
  const digest = placesOf(other.streams, buckets);
  const found = must(comparePlaces(one, dan, digest, 0), 'it makes sense');

  expect(buckets.length).toBe(1);
  expect(found.gives.map(({ stream, after }) => [stream.origin, after])).toEqual([['p500', 3]]);
  expect(encodeMessage({ type: 'GET_STATE', digest: bucketsOf(other.streams) }).length).toBeLessThan(300);
  expect(encodeMessage({ type: 'GET_STATE', digest }).length).toBeLessThan(60);
});

test('[RP49] where the streams are not the same, the buckets in question are spoken of by name', () => {
  const [one, other] = [replicaOf(Array(1_000).fill(3)), replicaOf(Array(1_001).fill(3))];

  const places = must(comparePlaces(one, dan, placesOf(other.streams, LIVE), 0), 'it makes sense');
  const lacks = must(places.lacks, 'something lacks');
  const found = must(compareEntries(other, dan, entriesOf(one.streams, lacks), 0), 'it makes sense');

  expect([places.named, places.gives.length, lacks.buckets.length]).toEqual([true, 0, 1]);
  expect(found.gives.map(({ stream, after }) => [stream.origin, after])).toEqual([['p1000', 0]]);
});

test('[RP21] a digest of more streams than fit lists whole buckets, and the next ones follow', () => {
  const replica = replicaOf(Array(LIMITS.digestPlacesMax + 2_000).fill(1));

  const first = placesOf(replica.streams, LIVE);
  const second = placesOf(replica.streams, bucketsFrom(first.parts.length));

  expect(isWhole(first)).toBe(false);
  expect(first.parts.length + second.parts.length).toBeGreaterThanOrEqual(LIVE_BUCKETS);
  for (const { parts } of [first, second]) {
    expect(parts.reduce((sum, { uptos }) => sum + uptos.length, 0)).toBeLessThanOrEqual(
      LIMITS.digestPlacesMax,
    );
  }
});

test('[RP21] no digest outgrows a frame, however many streams there are', () => {
  const replica = replicaOf(Array(LIMITS.originsMax - 1).fill(Number.MAX_SAFE_INTEGER));

  for (const digest of [
    bucketsOf(replica.streams),
    placesOf(replica.streams, LIVE),
    entriesOf(replica.streams, ALL),
  ]) {
    const message = encodeMessage({ type: 'GOSSIP_STATE', digest, deltas: [] });
    expect(message.length).toBeLessThan(LIMITS.frameBytesMax - LIMITS.deltaBytesMax);
  }
  expect(replica.streamsRefused).toBe(0);
});

test('[RP23] watermarks of buckets that do not exist, or out of order, are refused', () => {
  const replica = replicaOf([1, 2, 3]);
  const [part] = placesOf(replica.streams, LIVE).parts;
  if (!part) throw new Error('there is a part');
  const of = (...parts: (typeof part)[]) =>
    comparePlaces(replica, dan, { kind: 'places', attic: 0, parts }, 0);

  expect(of({ ...part, bucket: 1 })).toBeNull();
  expect(of(part, part)).toBeNull();
  expect(differingBuckets(replica, { kind: 'buckets', root: 1, hashes: [1] })).toBeNull();
  expect(of(part)).not.toBeNull();
});

test('[RP50] [RP51] what is in one attic only is found, told by name, and followed', () => {
  const [one, other] = [replicaOf([1, 2, 3]), replicaOf([1, 2, 3])];
  one.retire(peerOf('p1'), true);

  expect(one.streams.root).not.toBe(other.streams.root);
  const places = must(comparePlaces(other, dan, placesOf(one.streams, LIVE), 0), 'it makes sense');
  const told = must(compareEntries(other, dan, entriesOf(one.streams, ALL), 0), 'it makes sense');
  const asked = must(compareEntries(one, dan, entriesOf(other.streams, ALL), 0), 'it makes sense');

  expect(places.named).toBe(true);
  expect(told.retired.map(({ origin }) => origin)).toEqual(['p1']);
  expect([isEqual(told), told.gives.length, told.lacks]).toEqual([false, 0, null]);
  expect(asked.lacks).not.toBeNull();
  other.retire(peerOf('p1'), true);
  expect(isEqual(must(comparePlaces(other, dan, placesOf(one.streams, LIVE), 0), 'it makes sense'))).toBe(
    true,
  );
});

test('[RP52] a bucket takes so many streams, and the attic no more', () => {
  const replica = replicaOf(Array(LIMITS.streamsPerBucketMax + 200).fill(1));

  for (let i = 0; i < LIMITS.streamsPerBucketMax + 200; i++) replica.retire(peerOf(`p${i}`), true);

  expect(replica.streams.listed).toBe(200);
});

test('[RP55] what is heard of and not here is told, and for how long', () => {
  const [one, other] = [replicaOf([5, 5]), replicaOf([5, 9])];

  comparePlaces(one, dan, placesOf(other.streams, LIVE), 1_000);
  comparePlaces(one, dan, placesOf(other.streams, LIVE), 2_000);

  const lagOf = () => one.rows(3_000).map(({ origin, lagRecords, staleMs }) => [origin, lagRecords, staleMs]);
  expect(lagOf()).toContainEqual(['p1', 4, 2_000]);
  expect(lagOf()).toContainEqual(['p0', 0, 0]);
  one.take(deltaOf(streamOf(peerOf('p1')), 5, [], { upto: 9 }), at(0));
  expect(lagOf()).toContainEqual(['p1', 0, 0]);
});

function replicaOf(uptos: readonly number[]): Replica {
  const replica = new Replica(streamOf(dan), SPAN);
  uptos.forEach((upto, i) => {
    replica.restore({ ...streamOf(peerOf(`p${i}`)), upto, droppedUpto: 0, records: [] });
  });
  return replica;
}
