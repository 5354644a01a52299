import { expect, test } from 'vitest';
import type { GroupView } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { Leader } from './leader.ts';
import { LogReads } from './log-reads.ts';
import type { OrderingOptions } from './options.ts';
import type { Progress } from './progress.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  data,
  entriesFrom,
  identityOf,
  memberOf,
  producerOf,
  RecordedOrderingOutbox,
  replicaOf,
  saved,
  siteOf,
  write,
} from './testing.ts';

const earlier = ballotOf(1, bob);
const ballot = ballotOf(2, ann);

test('[OR16] entries of earlier ballots are committed with the first own one, and not before', () => {
  const { leader, replica, out, ack } = leaderOf([ann, bob, cat], [data(producerOf(bob), 1)]);
  saved(replica, out);

  ack(bob, 1);
  const byCounting = replica.commitIndex;
  ack(bob, 2);

  expect(leader.ownFirst).toBe(2);
  expect([byCounting, replica.commitIndex]).toEqual([0, 2]);
});

test('[OR16] the own log counts when the own disk has it; a quorum of others commits without', () => {
  const { replica, out, ack } = leaderOf([ann, bob, cat]);

  ack(bob, 1);
  const withoutOwn = replica.commitIndex;
  ack(cat, 1);
  const byOthers = replica.commitIndex;
  saved(replica, out);

  expect([withoutOwn, byOthers]).toEqual([0, 1]);
  expect(out.factsOf('committed').length).toBe(0);
});

test('[OR20] [EL18] learners, and another disk of a voter, do not count', () => {
  const { leader, replica, out } = leaderOf([ann, bob, cat], [], {}, { learners: [memberOf(cat, 2)] });
  saved(replica, out);

  for (const member of [memberOf(cat, 2), memberOf(bob, 2)]) {
    const follower = leader.follower(member);
    if (follower !== undefined) leader.acknowledged(follower, ackOf(1), at(1), out);
  }

  expect(replica.commitIndex).toBe(0);
});

test('[OR21] with the tie-break a leader commits only with as many copies as are wanted', () => {
  const { replica, out, ack } = leaderOf(
    [ann, bob],
    [],
    { minCopies: 2 },
    { tieBreak: true, voters: [memberOf(ann, 1, 5), memberOf(bob)] },
  );

  saved(replica, out);
  const alone = replica.commitIndex;
  ack(bob, 1);

  expect([alone, replica.commitIndex]).toEqual([0, 1]);
});

test('[OR18] who has acknowledged the first entry is sent the others in a pipeline of bounded length', () => {
  const { leader, out, ack, propose } = leaderOf([ann, bob], [], {
    inflightMessagesMax: 3,
    gatherAboveMessages: 3,
  });
  propose(1);
  const whileProbed = out.sentOf('APPEND').length;
  ack(bob, 1);
  for (let n = 2; n <= 6; n++) propose(n);

  expect(whileProbed).toBe(0);
  expect(out.sentOf('APPEND').flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual([2, 3, 4]);
  expect(progressOf(leader, bob).inflightMessages).toBe(3);
});

test('[OR13] a mismatch leads to where both logs agree in one step', () => {
  const { leader, out } = leaderOf(
    [ann, bob],
    [1, 2, 3].map((n) => data(producerOf(bob), n)),
  );
  const theirs = [
    { ballot: earlier, first: 1 },
    { ballot: ballotOf(1, cat), first: 3 },
  ];

  leader.mismatched(progressOf(leader, bob), mismatchOf(3, 5, theirs), at(1), out);

  expect(out.sentOf('APPEND').at(-1)).toMatchObject({ prevIndex: 2 });
});

test('[OR13] an answer to what was sent before the place was found says nothing', () => {
  const { leader, out } = leaderOf(
    [ann, bob],
    [1, 2, 3].map((n) => data(producerOf(bob), n)),
  );
  leader.mismatched(progressOf(leader, bob), mismatchOf(3, 1, [{ ballot: earlier, first: 1 }]), at(1), out);
  const before = out.sentOf('APPEND').length;

  leader.mismatched(progressOf(leader, bob), mismatchOf(3, 0, []), at(2), out);

  expect(out.sentOf('APPEND').length).toBe(before);
});

test('[OR18] what a follower lacks after two more heartbeats was lost and is sent again', () => {
  const { leader, out, ack, beat, propose } = leaderOf([ann, bob]);
  ack(bob, 1);
  propose(1);
  out.clear();

  for (let ms = 50; ms <= 200; ms += 50) beat(ms, bob, 1);

  expect(out.sentOf('APPEND').some(({ entries }) => entries.some(({ index }) => index === 2))).toBe(true);
  expect(progressOf(leader, bob).next).toBeLessThanOrEqual(3);
});

test('[OR18] [OR34] who is too far behind is left to fetch, and streamed to again when it has', () => {
  const { leader, out, beat } = leaderOf(
    [ann, bob],
    Array.from({ length: 30 }, (_, i) => data(producerOf(bob), i + 1)),
    { fetchBehindEntries: 8 },
    {},
    30,
  );
  leader.mismatched(progressOf(leader, bob), mismatchOf(30, 2, [{ ballot: earlier, first: 1 }]), at(1), out);
  const whileBehind = progressOf(leader, bob).state;

  beat(50, bob, 30, 30);

  expect(whileBehind).toBe('fetch');
  expect(progressOf(leader, bob).state).not.toBe('fetch');
});

test('[OR19] what was committed is told at once to who has nothing else coming', () => {
  const { out, ack, replica } = leaderOf([ann, bob, cat]);
  ack(bob, 1);
  out.clear();

  saved(replica, out);
  ack(cat, 1);

  expect(
    out.sentOf('APPEND').filter(({ commitIndex, entries }) => commitIndex === 1 && entries.length === 0)
      .length,
  ).toBeGreaterThan(0);
});

test('[OR5] what has left memory is read from the disk, with the entry before it', () => {
  const { leader, replica, reads, out, ack } = leaderOf(
    [ann, bob],
    Array.from({ length: 10 }, (_, i) => data(producerOf(bob), i + 1, 1, 200)),
    { cacheBytesMax: 100 },
    {},
    8,
  );
  ack(bob, 4);
  leader.mismatched(progressOf(leader, bob), mismatchOf(10, 5, [{ ballot: earlier, first: 1 }]), at(1), out);
  const read = out.reads.at(-1);
  const reader = reads.take(read?.id ?? 0);

  expect(replica.log.first).toBeGreaterThan(6);
  expect(read).toMatchObject({ from: 5 });
  expect(reader).toMatchObject({ kind: 'follower', from: 6 });
});

function leaderOf(
  voters: readonly PeerId[],
  before: Parameters<typeof entriesFrom>[2] = [],
  options: Partial<OrderingOptions> = {},
  view: Partial<GroupView> = {},
  committed = 0,
) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann, options);
  const replica = replicaOf(site, voters, view);
  if (before.length > 0) write(replica, entriesFrom(replica.log, earlier, before), out);
  replica.commitTo(committed, earlier, at(0), out);
  replica.stateSaved(ballot, committed, out);
  const reads = new LogReads();
  const leader = new Leader(site, replica, reads, ballot, 'election', at(0), out);
  const ack = (peer: PeerId, index: number): void => {
    leader.acknowledged(progressOf(leader, peer), ackOf(index), at(1), out);
  };
  const propose = (n: number): void => {
    leader.propose(data(producerOf(ann), n), 1, at(1), out);
  };
  const beat = (ms: number, peer: PeerId, matchedIndex: number, lastIndex = matchedIndex): void => {
    leader.wake(at(ms), out);
    leader.heartbeatAnswered(
      progressOf(leader, peer),
      beatOf(leader.beat, matchedIndex, lastIndex),
      at(ms),
      out,
    );
  };
  return { leader, replica, reads, out, ack, propose, beat };
}

function progressOf(leader: Leader, peer: PeerId): Progress {
  const progress = leader.follower(memberOf(peer));
  if (progress === undefined) throw new Error(`${peer} is followed up`);
  return progress;
}

function ackOf(index: number) {
  return { ballot, matchedIndex: index, durableIndex: index };
}

function mismatchOf(
  prevIndex: number,
  lastIndex: number,
  epochs: readonly { ballot: typeof ballot; first: number }[],
) {
  return {
    type: 'MISMATCH',
    group: '',
    identity: identityOf(bob),
    ballot,
    prevIndex,
    lastIndex,
    epochs,
  } as const;
}

function beatOf(beat: number, matchedIndex: number, lastIndex: number) {
  const health = { diskMs: 1, uptimeMs: 1, eligible: true, leaving: false, format: 1 };
  const numbers = {
    beat,
    lastIndex,
    matchedIndex,
    durableIndex: matchedIndex,
    deliveredIndex: 0,
    version: 0,
  };
  return { type: 'HEARTBEAT_ACK', group: '', identity: identityOf(bob), ballot, ...numbers, health } as const;
}
