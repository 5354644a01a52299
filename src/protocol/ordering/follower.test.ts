import { expect, test } from 'vitest';
import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import type { AppendBody } from '../../wire/ordering-messages.ts';
import { firstBase } from './first-base.ts';
import { Follower } from './follower.ts';
import { Log } from './log.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  data,
  entriesFrom,
  GROUP,
  producerOf,
  RecordedOrderingOutbox,
  replicaOf,
  saved,
  siteOf,
  viewOf,
} from './testing.ts';

const [old, young] = [ballotOf(1, bob), ballotOf(2, cat)];

test('[OR14] an entry is acknowledged when the disk has it, once, and not before', () => {
  const { follower, replica, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));

  follower.append(leader.append(old, 0), at(0), out);
  const before = out.sentOf('APPEND_ACK');
  saved(replica, out);
  follower.acknowledge(out);
  follower.acknowledge(out);

  expect(before).toMatchObject([{ matchedIndex: 2, durableIndex: 0 }]);
  expect(out.sentOf('APPEND_ACK').slice(1)).toMatchObject([{ matchedIndex: 2, durableIndex: 2 }]);
});

test("[OR14] what is durable but not known to be this leader's is not acknowledged to it", () => {
  const { follower, replica, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));
  follower.append(leader.append(old, 0), at(0), out);
  saved(replica, out);
  out.clear();

  follower.follow(cat, young);
  follower.append({ ...leader.append(young, 1), entries: [] }, at(0), out);

  expect(out.sentOf('APPEND_ACK')).toMatchObject([{ ballot: young, matchedIndex: 1, durableIndex: 1 }]);
});

test('[OR13] who lacks the entry before answers with where its ballots begin', () => {
  const { follower, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2), data(producerOf(bob), 3));

  follower.append(leader.append(old, 2), at(0), out);

  expect(out.sentOf('MISMATCH')).toMatchObject([{ prevIndex: 2, lastIndex: 0, epochs: [] }]);
});

test("[OR13] an uncommitted tail that differs gives way to the leader's", () => {
  const { follower, replica, out, leader } = followerOf();
  const other = leaderOf(bob);
  other.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));
  follower.append(other.append(old, 0), at(0), out);
  leader.add(old, data(producerOf(bob), 1));
  leader.add(young, { kind: 'epoch-start' }, data(producerOf(bob), 2));

  follower.follow(cat, young);
  follower.append(leader.append(young, 0), at(0), out);

  expect(out.cuts).toEqual([{ after: 1, version: 1 }]);
  expect([replica.lastIndex, replica.lastBallot]).toEqual([3, young]);
  expect(follower.matched).toBe(3);
});

test('[OR12] a leader that has another entry where one is committed makes the peer halt', () => {
  const { follower, replica, out, leader } = followerOf();
  const other = leaderOf(bob);
  other.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));
  follower.append(other.append(old, 0, 2), at(0), out);
  leader.add(young, { kind: 'epoch-start' });

  follower.follow(cat, young);
  const outcome = follower.append(leader.append(young, 0), at(0), out);

  expect(outcome).toMatchObject({ kind: 'halt', index: 1 });
  expect([replica.lastIndex, out.cuts.length]).toEqual([2, 0]);
});

test('[OR12] a leader whose committed prefix has another chain makes the peer halt', () => {
  const { follower, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1));
  follower.append(leader.append(old, 0), at(0), out);

  const outcome = follower.heartbeat(leader.heartbeat(old, 1, { a: 1, b: 2 }), HEALTH, at(0), out);

  expect(outcome).toMatchObject({ kind: 'halt', index: 1 });
});

test('[OR3] entries that do not continue the chain are left out and counted', () => {
  const { follower, replica, site, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));
  const message = leader.append(old, 0);
  const [first, second] = message.entries;
  if (first === undefined || second === undefined) throw new Error('there are two entries');

  follower.append({ ...message, entries: [first, { ...second, chain: { a: 0, b: 0 } }] }, at(0), out);

  expect(replica.lastIndex).toBe(1);
  expect(site.counters.messagesRefused).toBe(1);
});

test('[OR16] [OR22] a follower commits what the leader has committed, as far as it has it', () => {
  const { follower, replica, out, leader } = followerOf();
  leader.add(old, data(producerOf(bob), 1), data(producerOf(bob), 2));

  follower.append({ ...leader.append(old, 0, 2), entries: leader.entries.slice(0, 1) }, at(0), out);

  expect(replica.commitIndex).toBe(1);
});

test('[OR45] a damaged peer acknowledges nothing as durable', () => {
  const { follower, replica, out, leader } = followerOf();
  follower.vouches = false;
  leader.add(old, data(producerOf(bob), 1));

  follower.append(leader.append(old, 0), at(0), out);
  saved(replica, out);
  follower.acknowledge(out);

  expect(out.sentOf('APPEND_ACK').every(({ durableIndex }) => durableIndex === 0)).toBe(true);
  expect(out.sentOf('APPEND_ACK').length).toBeGreaterThan(0);
});

test('[OR49] with a full disk a follower takes views and no records', () => {
  const { follower, replica, out, leader } = followerOf();
  follower.takesData = false;
  leader.add(
    old,
    { kind: 'epoch-start' },
    { kind: 'view', view: viewOf([ann, bob, cat]) },
    data(producerOf(bob), 1),
  );

  follower.append(leader.append(old, 0), at(0), out);

  expect(replica.lastIndex).toBe(2);
});

test('[OR48] an entry of an unknown format ends the following, with the format named', () => {
  const { follower, out, leader } = followerOf();
  leader.add(old, { kind: 'upgrade', version: 7 });

  const outcome = follower.append(leader.append(old, 0), at(0), out);

  expect(outcome).toEqual({ kind: 'format', format: 7 });
});

const HEALTH = { diskMs: 0, uptimeMs: 0, eligible: true, leaving: false, format: 1 };

function followerOf() {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann);
  const replica = replicaOf(site, [ann, bob, cat]);
  const follower = new Follower(site, replica);
  follower.follow(bob, old);
  return { follower, replica, site, out, leader: leaderOf(bob) };
}

/** What a leader's log holds, and how it sends it. */
function leaderOf(_peer: PeerId) {
  const log = new Log(firstBase(GROUP, viewOf([ann, bob, cat])));
  const entries: Entry[] = [];
  return {
    entries,
    add(ballot: typeof old, ...bodies: Parameters<typeof entriesFrom>[2]) {
      for (const entry of entriesFrom(log, ballot, bodies)) {
        log.append(entry);
        entries.push(entry);
      }
    },
    append(ballot: typeof old, prevIndex: number, commitIndex = 0): AppendBody {
      const end = log.endAt(prevIndex);
      if (end === null) throw new Error('the log has this index');
      const { ballot: prevBallot, chain: prevChain } = end;
      return { ballot, prevIndex, prevBallot, prevChain, entries: entries.slice(prevIndex), commitIndex };
    },
    heartbeat(ballot: typeof old, commitIndex: number, commitChain = log.end.chain) {
      const numbers = { viewId: 0, beat: 1, lastIndex: log.lastIndex, logStart: 1, diskAgeMs: 0 };
      const identity = ballot.identity;
      return {
        type: 'HEARTBEAT',
        group: GROUP,
        identity,
        ballot,
        commitIndex,
        commitChain,
        ...numbers,
      } as const;
    },
  };
}
