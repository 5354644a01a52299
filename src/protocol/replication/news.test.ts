import { expect, test } from 'vitest';
import { News } from './news.ts';
import { Replica } from './replica.ts';
import { at, deltaOf, peerOf, reading, SPAN, streamOf } from './testing.ts';

const INTERVAL_MS = 1_000;

test('[RP54] what advanced rides along, from where it was before, until a few are known to have it', () => {
  const { news, advance } = newsOf();

  advance('ann', 1, 0);
  advance('ann', 2, 500);
  expect(news.deltas(false, 900)).toMatchObject([{ origin: 'ann', after: 0, upto: 2, records: [{ n: 2 }] }]);
  for (let i = 0; i < 10; i++) {
    expect(news.rides(1_000)).toBe(true);
    news.foundEqual();
  }

  expect(news.rides(1_000)).toBe(false);
  expect(news.deltas(false, 1_000)).toEqual([]);
  expect(news.deltas(true, 1_000)).toHaveLength(1);
  advance('ann', 3, 1_500);
  expect(news.rides(1_500)).toBe(true);
});

test('[RP54] after twenty intervals nothing is news', () => {
  const { news, advance } = newsOf();

  advance('ann', 1, 0);

  expect(news.deltas(true, 20 * INTERVAL_MS - 1)).toHaveLength(1);
  expect(news.deltas(true, 20 * INTERVAL_MS)).toEqual([]);
});

test('[RP54] where many streams advance at once nothing rides along, until it is quiet again', () => {
  const { news, advance } = newsOf();

  for (let i = 0; i < 9; i++) advance(`p${i}`, 1, i);
  expect(news.deltas(true, 10)).toEqual([]);
  expect(news.listens(2_900)).toBe(false);
  advance('p3', 2, 4_000);

  expect(news.deltas(true, 4_001).map(({ origin }) => origin)).toEqual(['p3']);
});

test('[RP54] of changes that come one after the other the oldest makes room', () => {
  const { news, advance } = newsOf();

  for (let i = 0; i < 9; i++) advance(`p${i}`, 1, i * INTERVAL_MS);

  expect(news.deltas(true, 9 * INTERVAL_MS).map(({ origin }) => origin)).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((i) => `p${i}`),
  );
});

test('[RP54] what is too long to ride along is left to digests', () => {
  const { news, replica } = newsOf();
  const name = streamOf(peerOf('ann'));
  const records = Array.from({ length: 300 }, (_, i) => reading(i + 1, `s${i}`, i, i));
  replica.take(deltaOf(name, 0, records), at(0));
  const stream = replica.streams.find(name);
  if (stream) news.advanced(stream, 0, 0);

  expect(news.deltas(true, 1)).toEqual([]);
});

function newsOf() {
  const news = new News(INTERVAL_MS);
  const replica = new Replica(streamOf(peerOf('dan')), SPAN);
  const advance = (origin: string, n: number, nowMs: number) => {
    const name = streamOf(peerOf(origin));
    replica.take(deltaOf(name, n - 1, [reading(n, 'bed', n, n)]), at(nowMs));
    const stream = replica.streams.find(name);
    if (stream) news.advanced(stream, n - 1, nowMs);
  };
  return { news, replica, advance };
}
