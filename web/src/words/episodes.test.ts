import { expect, test } from 'vitest';
import type { SiteEvent } from '../live/site-events.ts';
import { episodesOf } from './episodes.ts';
import { marksOf, ticksOf, timeAt, xOf } from './marks.ts';

const AXIS = { fromMs: 0, toMs: 60_000, width: 600 };

test('[UI23] what several nodes tell of one election is one story with its steps', () => {
  const episodes = episodesOf([
    event('bob', 1_000, 'leader_lost', { target_id: 'cat', details: { why: 'silent' } }),
    event('bob', 1_003, 'election_started', { details: { ballot: '2.bob', why: 'lost cat' } }),
    event('ann', 1_010, 'promise_given', { target_id: 'bob', details: { ballot: '2.bob' } }),
    event('bob', 1_020, 'became_leader', { details: { how: 'election', index: 9 } }),
    event('ann', 1_025, 'coordinator', { target_id: 'bob', details: { how: 'election' } }),
  ]);

  expect(episodes).toMatchObject([{ startMs: 1_000, endMs: 1_025, leader: 'bob' }]);
  expect(episodes[0]?.steps.map(({ afterMs, node, step }) => [afterMs, node, step])).toEqual([
    [0, 'bob', 'lost'],
    [3, 'bob', 'ELECTION'],
    [10, 'ann', 'PROMISE'],
    [20, 'bob', 'COORDINATOR'],
    [25, 'ann', 'follows'],
  ]);
});

test('[UI23] elections that lie far apart are two, the newest first, and other events are none', () => {
  const episodes = episodesOf([
    event('ann', 0, 'became_leader'),
    event('ann', 10, 'link_up', { target_id: 'bob' }),
    event('ann', 30_000, 'abdicated', { details: { why: 'no quorum' } }),
  ]);

  expect(episodes.map(({ startMs, leader }) => [startMs, leader])).toEqual([
    [30_000, null],
    [0, 'ann'],
  ]);
});

test('[UI23] events of one kind at one place are one mark, in the tone of the worst', () => {
  const marks = marksOf(
    [
      event('ann', 10_000, 'member_alive', { target_id: 'bob' }),
      event('ann', 10_100, 'member_dead', { target_id: 'bob' }),
      event('ann', 10_100, 'became_leader'),
      event('ann', 50_000, 'member_alive', { target_id: 'bob' }),
      event('ann', 90_000, 'member_alive', { target_id: 'bob' }),
    ],
    AXIS,
  );

  expect(marks.map(({ kind, tone, events }) => [kind, tone, events.length])).toEqual([
    ['members', 'bad', 2],
    ['election', 'good', 1],
    ['members', 'good', 1],
  ]);
});

test('[UI23] a place on the axis and its time lead to each other, and ticks are round', () => {
  expect(timeAt(AXIS, xOf(AXIS, 12_345))).toBeCloseTo(12_345);
  expect(timeAt(AXIS, 9_999)).toBe(60_000);
  expect(ticksOf({ ...AXIS, fromMs: 500 }, 100)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
});

let lastId = 0;

function event(node: string, ts_ms: number, event_type: string, given: Partial<SiteEvent> = {}): SiteEvent {
  lastId++;
  return {
    id: lastId,
    key: `${node}.1.${lastId}`,
    node,
    ts_ms,
    event_type,
    category: 'control_plane',
    sender_id: node,
    ...given,
  };
}
