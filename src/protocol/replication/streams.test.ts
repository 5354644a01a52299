import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareText } from '../../kit/order.ts';
import { Names } from '../../model/names.ts';
import { compareNames, streamKey } from './stream.ts';
import { Streams } from './streams.ts';
import { peerOf, streamOf } from './testing.ts';

const [ann, bob] = [peerOf('ann'), peerOf('bob')];

test('[RP6] the root hash does not depend on the order in which streams advanced', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('ann', 'bob', 'cat'), fc.integer({ min: 1, max: 9 })));
  fc.assert(
    fc.property(steps, (drawn) => {
      const one = streamsAfter(drawn);
      const highest = new Map<string, number>();
      for (const [origin, upto] of drawn) highest.set(origin, upto);

      const other = streamsAfter([...highest].reverse());

      expect(other.root).toBe(one.root);
    }),
    { seed: 1 },
  );
});

test('[RP6] a stream of which nothing is known does not count', () => {
  const streams = new Streams(new Names());
  const { root } = streams;

  const stream = streams.add(streamOf(ann));
  expect(streams.root).toBe(root);
  streams.setUpto(stream, 1);
  expect(streams.root).not.toBe(root);
  streams.remove(stream);

  expect(streams.root).toBe(root);
});

test('[RP6] different watermarks, origins and identities give different hashes', () => {
  const hashes = new Set<number>();
  for (const origin of [ann, bob]) {
    for (let birth = 1; birth <= 3; birth++) {
      for (let upto = 1; upto <= 2_000; upto++) {
        const streams = new Streams(new Names());
        streams.setUpto(streams.add(streamOf(origin, birth)), upto * 1_000_003);
        hashes.add(streams.root);
      }
    }
  }

  expect(hashes.size).toBe(12_000);
});

test('[RP4] an origin may have several streams, found by identity, the youngest first', () => {
  const streams = new Streams(new Names());

  for (const birth of [2, 10, 1]) streams.add(streamOf(ann, birth));
  const middle = streams.find(streamOf(ann, 2));
  if (middle) streams.remove(middle);

  expect(streams.ofOrigin(ann).map(({ identity }) => identity.birth)).toEqual([10, 1]);
  expect(streams.find(streamOf(ann, 2))).toBeNull();
  expect(streams.find(streamOf(bob, 1))).toBeNull();
});

test('[RP21] keys sort as names do', () => {
  const origin = fc.constantFrom('ann', 'ann-1', 'ann.', 'ann0', 'anna', 'a', 'b').map(peerOf);
  const name = fc
    .tuple(origin, fc.oneof(fc.integer({ min: 1, max: 12 }), fc.maxSafeNat()))
    .map(([of, birth]) => streamOf(of, Math.max(1, birth)));
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareText(streamKey(a), streamKey(b)))).toBe(Math.sign(compareNames(a, b)));
    }),
    { seed: 1 },
  );
});

function streamsAfter(steps: Iterable<readonly [string, number]>): Streams {
  const streams = new Streams(new Names());
  for (const [origin, upto] of steps) {
    const name = streamOf(peerOf(origin));
    streams.setUpto(streams.find(name) ?? streams.add(name), upto);
  }
  return streams;
}
