import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { BUCKETS, Buckets, bucketOf } from './buckets.ts';
import { minus52 } from './hash.ts';
import { compareNames, Stream } from './stream.ts';
import { peerOf, streamOf } from './testing.ts';

test('[RP21] [RP49] however streams come, go and advance, each bucket lists its own in the order of their names', () => {
  const random = new Random(1);
  const buckets = new Buckets();
  const listed = new Set<Stream>();
  const streams = Array.from({ length: 600 }, (_, i) => streamAt(i, 1 + random.below(9)));

  for (let step = 0; step < 3_000; step++) {
    const stream = random.pick(streams);
    if (!listed.has(stream)) {
      buckets.add(stream);
      listed.add(stream);
    } else if (random.chance(0.3)) {
      buckets.remove(stream);
      listed.delete(stream);
    } else {
      const was = stream.hash;
      stream.upto++;
      buckets.advanced(stream, minus52(stream.hash, was));
    }
  }

  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const expected = [...listed].filter((it) => bucketOf(it) === bucket).sort(compareNames);
    expect(buckets.uptosOf(bucket, 1)).toEqual(expected.map(({ upto }) => upto));
    expect(expected.map((_, place) => buckets.streamAt(bucket, place))).toEqual(expected);
    expect(expected.map(({ place }) => place)).toEqual(expected.map((_, place) => place));
    const again = new Buckets();
    for (const stream of expected) again.add(stream);
    expect(buckets.sumOf(bucket)).toBe(again.sumOf(bucket));
    expect(buckets.directoryOf(bucket, 1)).toBe(again.directoryOf(bucket, 1));
  }
});

test('[RP55] how far behind a stream is stays with it when others are listed before it', () => {
  const buckets = new Buckets();
  const [late, ...others] = Array.from({ length: 300 }, (_, i) => streamAt(299 - i, 4));
  if (late === undefined) throw new Error('there are streams');
  buckets.add(late);

  buckets.heardOf(bucketOf(late), late.place, 7, 1_000);
  buckets.heardOf(bucketOf(late), late.place, 6, 2_000);
  for (const other of others) buckets.add(other);

  expect(buckets.lagOf(late, 5_000)).toEqual({ records: 3, staleMs: 4_000 });
  expect(others.every((other) => buckets.lagOf(other, 5_000).records === 0)).toBe(true);
});

function streamAt(index: number, upto: number): Stream {
  const stream = new Stream(streamOf(peerOf(`p${String(index).padStart(3, '0')}`)));
  stream.upto = upto;
  return stream;
}
