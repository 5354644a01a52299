// Each checker is shown what it must catch, and beside it what is in order.

import { expect, test } from 'vitest';
import { Truth } from '../truth.ts';
import type { OrderWatcher } from '../watcher.ts';
import { AckIsTrue } from './acked.ts';
import { Agreement } from './agreement.ts';
import { LeaderAppendsOnly } from './append-only.ts';
import { BaseIsReplay } from './base.ts';
import { Bounds } from './bounds.ts';
import { CommitRule } from './commit-rule.ts';
import { LeaderIsComplete } from './completeness.ts';
import { Delivery } from './delivery.ts';
import { ExactlyOnce } from './exactly-once.ts';
import { FloorHolds } from './floor.ts';
import { LogMatching } from './log-matching.ts';
import { NoHalt } from './no-halt.ts';
import { OneLeader } from './one-leader.ts';
import { PromisesHold } from './promises.ts';
import { ballot, complaints, data, GROUP, type HandPlace, hands, logOf, state, view } from './testing.ts';
import { disjointQuorums, ViewChain } from './view-chain.ts';

const START = { kind: 'epoch-start' } as const;

test('[SM46] two processes that lead with one ballot are caught, and one that leads with a foreign ballot', () => {
  const [ann, bob] = hands(2) as [HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new OneLeader(complain);

  checker.leads(ann, ballot(1, ann));
  expect(said).toEqual([]);
  checker.leads(bob, ballot(1, ann));
  ann.life++;
  checker.leads(ann, ballot(1, ann));

  expect(said).toEqual([
    "one leader a ballot: leads with 1.ann, which is another's",
    'one leader a ballot: leads with 1.ann, as another process did',
  ]);
});

test('[SM46] a leader without a quorum of durable promises is caught', () => {
  const [ann, bob, cat] = hands(3) as [HandPlace, HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new OneLeader(complain);
  cat.hold(logOf([ballot(1, cat), { kind: 'view', view: view([ann, bob, cat]) }]));
  const promise = ballot(2, cat);

  checker.durable(cat, { type: 'state', state: state(promise) });
  checker.durable(bob, { type: 'state', state: state(ballot(3, bob)) });
  checker.leads(cat, promise);
  expect(said).toHaveLength(1);
  checker.durable(ann, { type: 'state', state: state(promise) });
  checker.leads(cat, promise);

  expect(said).toHaveLength(1);
});

test('[SM47] a promise, a claim or an acknowledgement that is not on the disk is caught', () => {
  const [ann, bob] = hands(2) as [HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new PromisesHold(complain, () => undefined);
  const head = { group: GROUP, identity: ann.identity };
  const promise = { ...head, type: 'PROMISE', ballot: ballot(2, bob) } as const;
  const ack = {
    ...head,
    type: 'APPEND_ACK',
    ballot: ballot(2, bob),
    matchedIndex: 1,
    durableIndex: 1,
    version: 0,
  } as const;

  ann.hold(logOf([ballot(2, bob), START]), { durable: false });
  checker.sent(ann, bob.peer, promise);
  checker.sent(ann, bob.peer, ack);
  expect(said).toHaveLength(2);
  ann.image.state = state(ballot(2, bob));
  ann.image.log.append(ann.asked.entries[0] as never);
  checker.sent(ann, bob.peer, promise);
  checker.sent(ann, bob.peer, ack);

  expect(said).toHaveLength(2);
});

test('[SM47] a promise that goes back is caught, also by the next process on the disk', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const checker = new PromisesHold(complain, () => undefined);

  checker.durable(ann, { type: 'state', state: state(ballot(3, ann)) });
  ann.life++;
  checker.durable(ann, { type: 'state', state: state(ballot(2, ann)) });

  expect(said).toEqual(['said is durable: its promise goes back from 3.ann to 2.ann']);
});

test('[SM48] two entries of one ballot at one index are caught, and one entry behind two different logs', () => {
  const [ann, bob, cat] = hands(3) as [HandPlace, HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new LogMatching(complain);
  const b = ballot(1, ann);
  const entries = logOf([b, START], [b, data(ann, 1, 1)]);

  checker.asked(ann, { type: 'append', entries, version: 0, floor: 0 });
  checker.asked(bob, { type: 'append', entries, version: 0, floor: 0 });
  expect(said).toEqual([]);
  checker.asked(cat, {
    type: 'append',
    entries: logOf([b, START], [b, data(cat, 1, 1)]),
    version: 0,
    floor: 0,
  });

  expect(said).toHaveLength(1);
});

test('[SM49] a leader that lacks what was committed under a lower ballot is caught', () => {
  const [ann, bob, cat] = hands(3) as [HandPlace, HandPlace, HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new LeaderIsComplete(complain, truth);
  const entries = logOf([ballot(1, ann), START], [ballot(1, ann), data(ann, 1, 1)]);
  commit([truth], ann, entries);
  bob.hold(entries);
  cat.hold(entries.slice(0, 1));

  checker.leads(bob, ballot(2, bob));
  expect(said).toEqual([]);
  checker.leads(cat, ballot(3, cat));

  expect(said).toEqual([
    'a leader has all that is committed: leads with 3.cat without committed entry 2: its log ends at 1',
  ]);
});

test('[SM50] a leader that cuts its own log is caught, a follower may', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const checker = new LeaderAppendsOnly(complain);
  ann.hold(logOf([ballot(1, ann), START]));

  checker.asked(ann, { type: 'cut', after: 0, version: 1 });
  expect(said).toEqual([]);
  ann.leads = ballot(1, ann);
  checker.asked(ann, { type: 'cut', after: 0, version: 1 });

  expect(said).toHaveLength(1);
});

test('[SM51] a commit that stands on too few disks is caught, one of an earlier ballot alone, and joint halves', () => {
  const [ann, bob, cat, dan] = hands(4) as [HandPlace, HandPlace, HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new CommitRule(complain);
  const b = ballot(1, ann);
  const joint = view([ann, bob, cat], { joint: [ann, dan].map(memberOf) });
  const entries = logOf([b, { kind: 'view', view: joint }], [b, START]);
  for (const each of [ann, bob, cat, dan]) checker.started(each);
  ann.hold(entries);
  bob.hold(entries);
  ann.leads = b;

  checker.committed(ann, 0, 2);
  expect(said).toEqual([
    'committed is on a quorum of disks: commits entry 2 that stands on the disks of only ann bob ann',
  ]);
  dan.hold(entries);
  checker.committed(ann, 0, 2);
  expect(said).toHaveLength(1);
  ann.leads = ballot(2, ann);
  checker.committed(ann, 0, 2);

  expect(said).toHaveLength(2);
});

test('[SM52] a cut below what is known committed is caught, and a floor that goes back', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const checker = new FloorHolds(complain);
  ann.hold(logOf([ballot(1, ann), START], [ballot(1, ann), data(ann, 1, 1)]));

  checker.durable(ann, { type: 'state', state: state(ballot(1, ann), { floor: 2 }) });
  checker.asked(ann, { type: 'cut', after: 2, version: 1 });
  expect(said).toEqual([]);
  checker.asked(ann, { type: 'cut', after: 1, version: 1 });
  checker.durable(ann, { type: 'state', state: state(ballot(1, ann), { floor: 1 }) });

  expect(said).toHaveLength(2);
});

test('[SM53] two peers that take different entries for committed are caught, and a commit no leader made', () => {
  const [ann, bob] = hands(2) as [HandPlace, HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new Agreement(complain, truth);
  commit([truth, checker], ann, logOf([ballot(1, ann), START]));
  bob.hold(logOf([ballot(2, bob), START]));
  expect(said).toEqual([]);

  checker.committed(bob, 0, 1);
  checker.committed(bob, 1, 2);

  expect(said).toHaveLength(2);
});

test('[SM53] what is delivered before it is durable is caught, and a sequence that is not another', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new Delivery(complain, truth);
  const entries = logOf([ballot(1, ann), START], [ballot(1, ann), data(ann, 1, 3)]);
  commit([truth], ann, entries);
  ann.image.floor = 2;

  checker.announced(ann, { type: 'committed', group: GROUP, index: 2, sequence: 3 });
  expect(said).toEqual([]);
  checker.announced(ann, { type: 'committed', group: GROUP, index: 2, sequence: 4 });
  ann.image.log.cut(1);
  checker.announced(ann, { type: 'committed', group: GROUP, index: 2, sequence: 3 });
  ann.image.log.append(entries[1] as never);
  ann.image.floor = 1;
  checker.announced(ann, { type: 'committed', group: GROUP, index: 2, sequence: 3 });

  expect(said).toHaveLength(3);
});

test('[SM53] a peer that halts is caught', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();

  new NoHalt(complain).announced(ann, { type: 'safety-halt', why: 'two orders', index: 7 });

  expect(said).toEqual(['nobody finds the order broken: halts at entry 7: two orders']);
});

test('[SM55] a record that comes twice, out of order or after its producer retired is caught', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new ExactlyOnce(complain, truth);
  const b = ballot(1, ann);
  const producer = { origin: ann.peer, identity: ann.identity };
  const bodies = [
    data(ann, 1, 2),
    data(ann, 2, 3),
    data(ann, 5, 5),
    { kind: 'retire', producer } as const,
    data(ann, 6, 6),
  ];

  commit([truth, checker], ann, logOf(...bodies.map((body) => [b, body] as const)));

  expect(said).toHaveLength(3);
  expect(checker.ordered(GROUP, ann.peer, ann.identity)).toEqual({ lastN: 6, retired: true });
});

test('[SM54][SM56] an acknowledgement of what is not in the order is caught', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const order = new ExactlyOnce(complain, truth);
  const checker = new AckIsTrue(complain, order);
  commit([truth, order], ann, logOf([ballot(1, ann), data(ann, 1, 4)]));

  checker.acked(ann, ann.identity, 4);
  expect(said).toEqual([]);
  checker.acked(ann, ann.identity, 5);

  expect(said).toHaveLength(1);
});

test('[SM57] views whose quorums need not meet are caught, and a second view before the first is committed', () => {
  const [ann, bob, cat, dan] = hands(4) as [HandPlace, HandPlace, HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new ViewChain(complain);
  const b = ballot(1, ann);
  const [first, joint, apart] = logOf(
    [b, { kind: 'view', view: view([ann, bob, cat]) }],
    [b, { kind: 'view', view: view([ann, bob, cat], { joint: [dan].map(memberOf) }) }],
    [b, { kind: 'view', view: view([dan]) }],
  );
  ann.hold([first as never]);
  ann.commitIndex = 1;
  ann.leads = b;

  checker.asked(ann, { type: 'append', entries: [joint as never], version: 0, floor: 0 });
  expect(said).toEqual([]);
  checker.asked(ann, { type: 'append', entries: [{ ...apart, index: 2 } as never], version: 0, floor: 0 });
  ann.commitIndex = 0;
  checker.asked(ann, { type: 'append', entries: [joint as never], version: 0, floor: 0 });

  expect(said).toHaveLength(3);
});

test('[SM57] with the tie-break half the voters and a majority of the next view can miss each other', () => {
  const [ann, bob, cat] = hands(3) as [HandPlace, HandPlace, HandPlace];

  expect(disjointQuorums(view([ann, bob], { tieBreak: true }), view([ann, bob, cat]))).toEqual([
    'bob/1.0000000000000001',
    'ann/1.0000000000000000 cat/1.0000000000000002',
  ]);
  expect(disjointQuorums(view([ann, bob, cat]), view([ann, bob]))).toBeNull();
});

test('[SM60] a base that is not what was committed is caught, and a trim that nobody committed', () => {
  const [ann] = hands(1) as [HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new BaseIsReplay(complain, truth);
  const b = ballot(1, ann);
  const entries = logOf([b, { kind: 'view', view: view([ann]) }], [b, data(ann, 1, 3)]);
  commit([truth], ann, entries);
  const last = entries[1] as never as { chain: { a: number; b: number } };
  const row = { origin: ann.peer, identity: ann.identity, lastN: 3, lastIndex: 2, retired: false };
  const base = {
    group: GROUP,
    index: 2,
    ballot: b,
    chain: last.chain,
    nextSequence: 4,
    view: view([ann]),
    viewId: 1,
    producers: [row],
    epochs: [],
    absorbed: [],
    version: 1,
  };

  checker.asked(ann, { type: 'base', base });
  expect(said).toEqual([]);
  checker.asked(ann, { type: 'base', base: { ...base, nextSequence: 5 } });
  checker.asked(ann, { type: 'base', base: { ...base, producers: [] } });
  checker.asked(ann, { type: 'trim', upto: 1 });

  expect(said.length).toBeGreaterThanOrEqual(3);
});

test('[SM61] a message above its limit is caught', () => {
  const [ann, bob] = hands(2) as [HandPlace, HandPlace];
  const { said, complain } = complaints();
  const checker = new Bounds(complain);
  const request = {
    type: 'SEQUENCER_REQUEST',
    group: GROUP,
    identity: ann.identity,
    producer: { origin: ann.peer, identity: ann.identity },
    firstN: 1,
    lastN: 1,
    dissolved: null,
  } as const;

  checker.sent(ann, bob.peer, {
    ...request,
    content: { kind: 'batch', readings: 1, payload: new Uint8Array(8) },
  });
  expect(said).toEqual([]);
  checker.sent(ann, bob.peer, {
    ...request,
    content: { kind: 'batch', readings: 1, payload: new Uint8Array(1_000_000) },
  });

  expect(said).toHaveLength(1);
});

const memberOf = ({ peer, identity }: HandPlace) => ({
  peer,
  identity,
  priority: 0,
  address: { host: peer, port: 9_000 },
});

/** `at` leads and commits the entries, and the watchers see it. */
function commit(watchers: readonly OrderWatcher[], at: HandPlace, entries: ReturnType<typeof logOf>): void {
  at.hold(entries);
  at.leads = entries.at(-1)?.ballot ?? null;
  at.commitIndex = entries.length;
  for (const watcher of watchers) watcher.committed(at, 0, entries.length);
  at.leads = null;
}
