import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { Leader } from './leader.ts';
import { LogReads } from './log-reads.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  data,
  memberOf,
  producerOf,
  RecordedOrderingOutbox,
  replicaOf,
  siteOf,
} from './testing.ts';

const ballot = ballotOf(2, ann);

test('[OR18] with some messages under way entries gather, and go as one when one of them is answered', () => {
  const { out, ack, propose } = leaderOf([bob]);
  for (let n = 1; n <= 6; n++) propose(n);
  const atOnce = lengthsOf(out);

  ack(bob, 2);

  expect(atOnce).toEqual([1, 1]);
  expect(lengthsOf(out)).toEqual([1, 1, 4]);
});

test('[OR18] what fills a message is sent, however many are under way', () => {
  const { out, propose } = leaderOf([bob]);
  const bytes = Math.ceil(LIMITS.appendBytesMax / 3);
  for (let n = 1; n <= 2; n++) propose(n);

  for (let n = 3; n <= 5; n++) propose(n, bytes);

  expect(lengthsOf(out)).toEqual([1, 1, 2]);
});

test('[OR18] followers that are equally far are sent one message', () => {
  const { out, propose } = leaderOf([bob, cat]);

  propose(1);

  const [toBob, toCat, ...others] = out.sentOf('APPEND').filter(({ entries }) => entries.length > 0);
  expect(toBob).toBe(toCat);
  expect(others).toEqual([]);
});

test('[OR18] the commit index goes with what waits to be sent, and by itself where nothing does', () => {
  const { out, ack, propose, replica } = leaderOf([bob, cat]);
  for (let n = 1; n <= 4; n++) propose(n);
  out.clear();

  ack(bob, 2);
  const whileMoreWaits = out
    .sentOf('APPEND')
    .map(({ entries, commitIndex }) => [entries.length, commitIndex]);
  out.clear();
  ack(bob, 5);

  expect(replica.commitIndex).toBe(5);
  expect(whileMoreWaits).toEqual([[2, 2]]);
  expect(
    out.sent.flatMap(({ to, message }) => (message.type === 'APPEND' ? [[to, message.entries.length]] : [])),
  ).toEqual([[bob, 0]]);
});

function lengthsOf(out: RecordedOrderingOutbox): number[] {
  return out
    .sentOf('APPEND')
    .map(({ entries }) => entries.length)
    .filter((length) => length > 0);
}

/** A leader that these follow and have its first entry. */
function leaderOf(followers: readonly PeerId[]) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann, { gatherAboveMessages: 2 });
  const replica = replicaOf(site, [ann, ...followers]);
  replica.stateSaved(ballot, 0, out);
  const leader = new Leader(site, replica, new LogReads(), ballot, 'election', at(0), out);
  const ack = (peer: PeerId, index: number): void => {
    const follower = leader.follower(memberOf(peer));
    if (follower === undefined) throw new Error(`${peer} is followed up`);
    leader.acknowledged(follower, { ballot, matchedIndex: index, durableIndex: index }, at(1), out);
  };
  const propose = (n: number, bytes = 8): void => {
    leader.propose(data(producerOf(ann), n, 1, bytes), 1, at(1), out);
    replica.appended(replica.lastIndex, replica.version, at(1), out);
    leader.appended(at(1), out);
  };
  replica.appended(1, replica.version, at(0), out);
  for (const peer of followers) ack(peer, 1);
  out.clear();
  return { leader, replica, out, ack, propose };
}
