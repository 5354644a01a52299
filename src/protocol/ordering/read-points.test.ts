import { expect, test } from 'vitest';
import { Leader } from './leader.ts';
import { LogReads } from './log-reads.ts';
import { ReadPoints } from './read-points.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  memberOf,
  RecordedOrderingOutbox,
  replicaOf,
  saved,
  siteOf,
} from './testing.ts';

test('[OR44] a point to read at is told when a quorum has answered a later heartbeat', () => {
  const { points, told, out, beat } = leaderOf([ann, bob, cat]);
  points.ask((index) => told.push(index), out);

  points.answered(memberOf(bob), 0, out);
  const byEarlier = [...told];
  beat();
  points.answered(memberOf(bob), 1, out);

  expect(byEarlier).toEqual([]);
  expect(told).toEqual([1]);
});

test("[OR44] [EL18] the answer of a voter's other disk is not the voter's", () => {
  const { points, told, out, beat } = leaderOf([ann, bob, cat]);
  points.ask((index) => told.push(index), out);
  beat();

  points.answered(memberOf(bob, 2), 1, out);
  const byAnother = [...told];
  points.answered(memberOf(cat), 1, out);

  expect(byAnother).toEqual([]);
  expect(told).toEqual([1]);
});

test('[OR44] one that leads without an own committed entry, or leads no more, says nothing', () => {
  const { points, told, out } = leaderOf([ann, bob, cat]);
  const fresh = leaderOf([ann, bob, cat], false);
  fresh.points.ask((index) => fresh.told.push(index), fresh.out);

  points.ask((index) => told.push(index), out);
  points.end(out);

  expect(fresh.told).toEqual([-1]);
  expect(told).toEqual([-1]);
});

test("[OR44] a voter alone needs nobody's answer", () => {
  const { points, told, out } = leaderOf([ann]);

  const asksFor = points.ask((index) => told.push(index), out);

  expect([asksFor, told]).toEqual([false, [1]]);
});

function leaderOf(voters: Parameters<typeof replicaOf>[1], isCommitted = true) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann);
  const replica = replicaOf(site, voters);
  const leader = new Leader(site, replica, new LogReads(), ballotOf(1, ann), 'election', at(0), out);
  saved(replica, out);
  if (isCommitted) replica.commitTo(1, ballotOf(1, ann), at(0), out);
  const told: number[] = [];
  return {
    points: new ReadPoints(site, replica, leader),
    told,
    out,
    beat: () => leader.heartbeat(at(50), out),
  };
}
