import { expect, test } from 'vitest';
import type { LatestRow, MemberRow, ViewRow } from '../api-client.ts';
import { pictureText, ratesBetween, type SitePicture } from './site-picture.ts';

test('[OP4] rates are what changed between two pictures, by the time between them', () => {
  const before = pictureAt(1_000, 100, [
    ['a', 'ann', 1],
    ['b', 'bob', 1],
  ]);
  const after = pictureAt(3_000, 150, [
    ['a', 'ann', 2],
    ['b', 'bob', 1],
  ]);

  const rates = ratesBetween(before, after);

  expect(rates?.committedPerS).toBe(25);
  expect(rates?.byOrigin).toEqual(
    new Map([
      ['ann', 0.5],
      ['bob', 0],
    ]),
  );
  expect(ratesBetween(null, after)).toBeNull();
});

test('[OP4] a picture fits the terminal and says how many sensors it does not show', () => {
  const many = Array.from({ length: 50 }, (_, at): [string, string, number] => [`s${at}`, 'ann', 1]);
  const picture = pictureAt(0, 7, many);

  const lines = pictureText(picture, null, { columns: 40, rows: 20 }).split('\n');

  expect(lines.length).toBeLessThan(20);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(40);
  expect(lines.at(-1)).toMatch(/^and 4\d more sensors$/);
  expect(pictureText(picture, null, null).split('\n').length).toBeGreaterThan(50);
});

test('[OP4] a picture shows who leads, who is missing, and what a stranger wrote without what a terminal obeys', () => {
  const text = pictureText(pictureAt(0, 7, [['a\u001b[2J', 'ann', 1]]), null, null);

  expect(text).toContain('ann: 1 of 2 nodes alive, 1 sensors, 0 stale');
  expect(text).toContain('leader ann, watermark 7');
  expect(text).toMatch(/bob\s+dead\s+voter/);
  expect(text).toContain('a?[2J');
});

function pictureAt(atMs: number, watermark: number, rows: readonly [string, string, number][]): SitePicture {
  const member = { host: '127.0.0.1', port: 1, api_port: 2, zone: '', phi: null, incarnation: 1 };
  const members: readonly MemberRow[] = [
    { ...member, id: 'ann', status: 'alive', self: true },
    { ...member, id: 'bob', status: 'dead', self: false },
  ];
  const view: ViewRow = {
    group: 'g',
    view_id: 1,
    leader: 'ann',
    ballot: null,
    voters: ['ann', 'bob'],
    learners: [],
    present: ['ann'],
    quorum: true,
    watermark,
    outbox: 0,
  };
  const latest = rows.map(
    ([sensor, origin, n]): LatestRow => ({
      ...{ sensor, origin, n, value: 1, ts_ms: 0, age_ms: 5, unit: '', commit: 'stored', sequence: null },
      ...{ stale: false, flags: [] },
    }),
  );
  return { atMs, members, view, latest };
}
