import fc from 'fast-check';
import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { LIMITS } from '../../model/limits.ts';
import type { DigestEntry } from '../../wire/messages.ts';
import { type Comparison, compareEntries } from './comparison.ts';
import { ALL, type EntriesDigest, entriesOf } from './digest.ts';
import { Replica } from './replica.ts';
import { sameName, streamKey } from './stream.ts';
import { at, deltaOf, digestOf, peerOf, SPAN, streamOf } from './testing.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];

test('[RP21] a digest lists what is known of, in order', () => {
  const replica = replicaOf({ cat: 3, ann: 1, bob: 2 });

  const digest = entriesOf(replica.streams, ALL);

  expect(digest).toMatchObject({ after: '', until: '' });
  expect(digest.entries.map(({ origin, upto }) => [origin, upto])).toEqual([
    ['ann', 1],
    ['bob', 2],
    ['cat', 3],
  ]);
});

test('[RP21] a digest of many streams stops at its bound and the next one continues there', () => {
  const replica = new Replica(streamOf(dan), SPAN);
  const count = LIMITS.digestEntriesMax * 2 + 5;
  for (let i = 0; i < count; i++) {
    replica.take(deltaOf(streamOf(peerOf(`p${i}`)), 0, [], { upto: 1 }), at(0));
  }

  const seen: string[] = [];
  let after = '';
  let digests = 0;
  do {
    const digest = entriesOf(replica.streams, { ...ALL, after });
    seen.push(...digest.entries.map(streamKey));
    after = digest.until;
    digests++;
  } while (after !== '');

  expect(digests).toBe(3);
  expect(seen.length).toBe(count);
  expect(new Set(seen).size).toBe(count);
});

test('[RP22] what a digest does not list within its range is given from the beginning', () => {
  const replica = replicaOf({ ann: 1, bob: 2, cat: 3 });
  const range = { after: streamKey(streamOf(ann)), until: streamKey(streamOf(bob)) };

  expect(givesOf(compare(replica, digestOf([])))).toEqual(['ann 0', 'bob 0', 'cat 0']);
  expect(givesOf(compare(replica, digestOf([], range.after, range.until)))).toEqual(['bob 0']);
});

test('[RP34] what a digest lists is given from there on, and not at all when it is known', () => {
  const replica = replicaOf({ ann: 5, bob: 2 });

  const comparison = compare(replica, digestOf([entry('ann', 3), entry('bob', 2)]));

  expect(givesOf(comparison)).toEqual(['ann 3']);
  expect(comparison.lacks).toBeNull();
});

test('[RP31] what the other has more of is lacking, within as small a range as there is', () => {
  const replica = replicaOf({ ann: 1, bob: 1, cat: 1 });

  const { lacks } = compare(replica, digestOf([entry('ann', 1), entry('bob', 2), entry('cat', 1)]));

  expect(lacks).toEqual({ after: streamKey(streamOf(ann)), until: streamKey(streamOf(bob)), buckets: [] });
  expect(
    entriesOf(replica.streams, must(lacks, 'something lacks')).entries.map(({ origin }) => origin),
  ).toEqual(['bob']);
});

test('[RP24] nothing is wanted of the own stream, nor of an identity that would be dropped', () => {
  const replica = replicaOf({ dan: 1 });
  for (let birth = 2; birth <= 5; birth++) {
    replica.take(deltaOf(streamOf(bob, birth), 0, [], { upto: 1 }), at(0));
  }
  const older: DigestEntry[] = [1, 2, 3, 4, 5].map((birth) => ({
    ...streamOf(bob, birth),
    upto: 1,
    retired: false,
  }));

  const comparison = compare(replica, digestOf([...older, entry('dan', 9)]));

  expect(comparison.lacks).toBeNull();
  expect(comparison.ofThisPeer).toEqual([entry('dan', 9)]);
});

test('[RP27] a stream of which tombstones were dropped is not continued, but for its writer', () => {
  const replica = new Replica(streamOf(dan), SPAN);
  replica.restore({ ...streamOf(ann), upto: 9, droppedUpto: 5, records: [] });

  expect(givesOf(compare(replica, digestOf([entry('ann', 5)])))).toEqual(['ann 5']);
  expect(givesOf(compare(replica, digestOf([])))).toEqual(['ann 0']);
  const behind = compare(replica, digestOf([entry('ann', 4)]));
  expect([behind.gives.length, behind.behind.length]).toEqual([0, 1]);
  expect(compareEntries(replica, ann, digestOf([entry('ann', 4)]), 0)?.gives.length).toBe(1);
});

test('[RP23] a digest out of order or out of its range is refused', () => {
  const replica = replicaOf({ ann: 1 });
  const [a, b, c] = [entry('ann', 1), entry('bob', 1), entry('cat', 1)];

  for (const digest of [
    digestOf([b, a]),
    digestOf([a, a]),
    digestOf([a, b], streamKey(a)),
    digestOf([b, c], '', streamKey(b)),
  ]) {
    expect(compareEntries(replica, cat, digest, 0)).toBeNull();
  }
  expect(compareEntries(replica, cat, digestOf([b, c], streamKey(a), streamKey(c)), 0)).not.toBeNull();
});

test('[RP22] both sides of a comparison together find every difference, in whatever ranges', () => {
  const has = fc.dictionary(
    fc.constantFrom('ann', 'bob', 'cat', 'eve', 'fay'),
    fc.integer({ min: 1, max: 4 }),
  );
  fc.assert(
    fc.property(has, has, fc.constantFrom('', 'bob', 'c', 'eve'), (left, right, cut) => {
      const [one, other] = [replicaOf(left), replicaOf(right)];
      const edge = cut === '' ? '' : streamKey(streamOf(peerOf(cut)));

      const found = [{ ...ALL, until: edge }, ...(edge === '' ? [] : [{ ...ALL, after: edge }])].flatMap(
        (range) => givesOf(compare(one, entriesOf(other.streams, range))),
      );

      const missing = one.streams.sorted.filter((stream) => {
        const theirs = other.streams.sorted.find((it) => sameName(it, stream));
        return stream.upto > (theirs?.upto ?? 0);
      });
      expect(found.map((give) => give.split(' ')[0])).toEqual(missing.map(({ origin }) => origin));
    }),
    { seed: 1 },
  );
});

function replicaOf(has: { readonly [origin: string]: number }): Replica {
  const replica = new Replica(streamOf(dan), SPAN);
  for (const [origin, upto] of Object.entries(has)) {
    replica.restore({ ...streamOf(peerOf(origin)), upto, droppedUpto: 0, records: [] });
  }
  return replica;
}

function compare(replica: Replica, digest: EntriesDigest): Comparison {
  return must(compareEntries(replica, cat, digest, 0), 'the digest makes sense');
}

function entry(origin: string, upto: number): DigestEntry {
  return { ...streamOf(peerOf(origin)), upto, retired: false };
}

function givesOf({ gives }: Comparison): string[] {
  return gives.map(({ stream, after }) => `${stream.origin} ${after}`);
}
