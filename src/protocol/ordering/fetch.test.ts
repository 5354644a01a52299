import { expect, test } from 'vitest';
import type { Ballot } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import { Fetch } from './fetch.ts';
import { LogReads } from './log-reads.ts';
import type { OrderingOptions } from './options.ts';
import type { Replica } from './replica.ts';
import { Supplies } from './supply.ts';
import { Sync } from './sync.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  dan,
  data,
  entriesFrom,
  producerOf,
  RecordedOrderingOutbox,
  randomOf,
  replicaOf,
  siteOf,
  write,
} from './testing.ts';

type Request = Extract<ReplicateMessage, { type: 'MISSING_SEQ_REQUEST' }>;
type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

const [old, young] = [ballotOf(1, bob), ballotOf(2, cat)];

test('[OR31] [OR34] a peer that is behind takes what is committed from another one than the leader', () => {
  const source = peerWith(cat, old, 20, 20);
  const joiner = peerWith(ann, old, 0, 0);
  const fetch = fetchOf(joiner);
  fetch.heard(bob, 20, 1);

  fetch.consider([bob, cat], at(9_000), joiner.out);
  const request = onlyOf(joiner.out.sentOf('MISSING_SEQ_REQUEST'));
  for (const response of served(source, ann, request))
    fetch.answered(cat, response, at(9_001), joiner.out, () => {});

  expect(joiner.out.sent[0]?.to).toBe(cat);
  expect([joiner.replica.lastIndex, joiner.replica.commitIndex]).toEqual([20, 20]);
});

test('[OR34] who is sent entries by the leader does not ask', () => {
  const joiner = peerWith(ann, old, 0, 0);
  const fetch = fetchOf(joiner);
  fetch.heard(bob, 5, 1);
  fetch.streamed(at(9_000));

  fetch.consider([bob, cat], at(9_010), joiner.out);

  expect(joiner.out.sent).toEqual([]);
});

test('[OR34] entries that do not continue the own chain are left out, and somebody else is asked', () => {
  const source = peerWith(cat, old, 5, 5);
  const joiner = peerWith(ann, old, 0, 0);
  const fetch = fetchOf(joiner);
  fetch.heard(bob, 5, 1);
  fetch.consider([cat, dan], at(9_000), joiner.out);
  const first = joiner.out.sent[0]?.to;
  const [response] = served(source, ann, onlyOf(joiner.out.sentOf('MISSING_SEQ_REQUEST')));
  if (response === undefined || first === undefined) throw new Error('there is an answer');
  const entries = response.entries.map((entry) => ({ ...entry, chain: { a: 7, b: 7 } }));

  fetch.answered(first, { ...response, entries }, at(9_001), joiner.out, () => {});
  fetch.consider([cat, dan], at(9_002), joiner.out);

  expect(joiner.replica.lastIndex).toBe(0);
  expect(joiner.out.sent[1]?.to).not.toBe(first);
});

test('[OR35] what is fetched replaces an uncommitted tail, and binds to the ballot it was committed under', () => {
  const source = peerWith(cat, young, 4, 4);
  const behind = peerWith(ann, old, 3, 0);
  const fetch = fetchOf(behind);
  const raised: Ballot[] = [];
  fetch.heard(bob, 4, 1);
  fetch.consider([cat], at(9_000), behind.out);
  const request = onlyOf(behind.out.sentOf('MISSING_SEQ_REQUEST'));

  for (const response of served(source, ann, request)) {
    fetch.answered(cat, response, at(9_001), behind.out, (ballot) => raised.push(ballot));
  }

  expect([behind.replica.lastBallot, behind.replica.commitIndex]).toEqual([young, 4]);
  expect(behind.out.cuts).toEqual([{ after: 0, version: 1 }]);
  expect(raised).toEqual([young]);
});

test('[OR35] a part that comes without the one before it commits nothing of the own tail', () => {
  const source = peerWith(cat, young, 6, 6);
  const behind = peerWith(ann, old, 4, 0);
  const fetch = fetchOf(behind);
  fetch.heard(bob, 6, 1);
  fetch.consider([cat], at(9_000), behind.out);
  const [whole] = served(source, ann, onlyOf(behind.out.sentOf('MISSING_SEQ_REQUEST')));
  if (whole === undefined) throw new Error('there is an answer');

  for (const from of [2, 4, 5]) {
    const part = { ...whole, more: true, entries: whole.entries.slice(from) };
    fetch.answered(cat, part, at(9_001), behind.out, () => {});
  }

  expect([behind.replica.lastIndex, behind.replica.lastBallot, behind.replica.commitIndex]).toEqual([
    4,
    old,
    0,
  ]);
});

test('[OR34] when nobody else can help the leader is asked', () => {
  const joiner = peerWith(ann, old, 0, 0);
  const fetch = fetchOf(joiner);
  fetch.heard(bob, 5, 1);

  for (let ms = 9_000; ms < 9_100; ms += 10) {
    fetch.consider([bob, cat, dan], at(ms), joiner.out);
    const { to } = joiner.out.sent.at(-1) ?? { to: bob };
    const [empty] = served(
      peerWith(to, old, 0, 0),
      ann,
      joiner.out.sentOf('MISSING_SEQ_REQUEST').at(-1) ?? requestOf(1, 5),
    );
    if (empty !== undefined) fetch.answered(to, empty, at(ms + 1), joiner.out, () => {});
  }

  const asked = joiner.out.sent.map(({ to }) => to);
  expect(new Set(asked.slice(0, 2))).toEqual(new Set([cat, dan]));
  expect(asked[2]).toBe(bob);
});

test('[OR32] an answer to another question is not taken', () => {
  const source = peerWith(cat, old, 5, 5);
  const joiner = peerWith(ann, old, 0, 0);
  const fetch = fetchOf(joiner);
  fetch.heard(bob, 5, 1);
  fetch.consider([cat], at(9_000), joiner.out);
  const request = onlyOf(joiner.out.sentOf('MISSING_SEQ_REQUEST'));

  for (const response of served(source, ann, { ...request, nonce: request.nonce + 1 })) {
    fetch.answered(cat, response, at(9_001), joiner.out, () => {});
  }

  expect(joiner.replica.lastIndex).toBe(0);
});

test('[OR37] what nobody has any more can only be begun behind', () => {
  const joiner = peerWith(ann, old, 3, 3);
  const fetch = fetchOf(joiner);

  fetch.heard(bob, 50, 5);

  expect(fetch.needsBase).toBe(true);
});

test('[OR31] only what is committed is served, as much as was asked for, in messages that fit a frame', () => {
  const source = peerWith(cat, old, 200, 150, 4_000);

  const responses = served(source, ann, { ...requestOf(1, 1_000), bytesMax: 500_000 });

  const indexes = responses.flatMap(({ entries }) => entries.map(({ index }) => index));
  expect(indexes).toEqual(Array.from({ length: indexes.length }, (_, i) => i + 1));
  expect(indexes.length).toBeGreaterThan(100);
  expect(indexes.length).toBeLessThanOrEqual(150);
  expect(responses.map(({ more }) => more).lastIndexOf(true)).toBe(responses.length - 2);
  expect(
    Math.max(...responses.map(({ entries }) => entries.reduce((sum, { bytes }) => sum + bytes.length, 0))),
  ).toBeLessThan(200_000);
});

test('[OR31] [OR33] of those who ask only so many are served, and a place is given away in time', () => {
  const source = peerWith(cat, old, 100, 100, 4_000, {
    suppliesMax: 1,
    catchUpBytesPerSecond: 1_000,
    supplyMs: 500,
  });
  source.supplies.request(ann, requestOf(1, 100), at(0), source.out);
  source.out.clear();

  source.supplies.request(dan, requestOf(1, 100), at(1), source.out);
  const whileBusy = onlyOf(source.out.sentOf('MISSING_SEQ_RESPONSE')).busy;
  source.out.clear();
  source.supplies.request(dan, requestOf(1, 100), at(600_000), source.out);

  expect(whileBusy).toBe(true);
  expect(source.out.sentOf('MISSING_SEQ_RESPONSE').some(({ entries }) => entries.length > 0)).toBe(true);
});

test('[EL8] [OR32] a candidate takes over a longer tail whole, uncommitted entries too', () => {
  const source = peerWith(cat, young, 6, 2);
  const candidate = peerWith(ann, old, 3, 0);
  const sync = new Sync(candidate.site, candidate.replica, randomOf());
  sync.begin(cat, candidate.out);
  const request = onlyOf(candidate.out.sentOf('MISSING_SEQ_REQUEST'));
  const raised: Ballot[] = [];

  const results = served(source, ann, request).map((response) =>
    sync.answered(cat, response, at(1), candidate.out, (ballot) => raised.push(ballot)),
  );

  expect(results.at(-1)).toMatchObject({ kind: 'adopted' });
  expect([candidate.replica.lastIndex, candidate.replica.lastBallot]).toEqual([6, young]);
  expect(raised).toEqual([young]);
});

test('[OR12] [EL8] nothing that is known committed is given up for a longer log', () => {
  const source = peerWith(cat, young, 6, 0);
  const candidate = peerWith(ann, old, 3, 2);
  const sync = new Sync(candidate.site, candidate.replica, randomOf());
  sync.begin(cat, candidate.out);
  const request = onlyOf(candidate.out.sentOf('MISSING_SEQ_REQUEST'));

  const results = served(source, ann, { ...request, from: 1 }).map((response) =>
    sync.answered(cat, response, at(1), candidate.out, () => {}),
  );

  expect(results.at(-1)).toEqual({ kind: 'failed' });
  expect([candidate.replica.lastIndex, candidate.replica.lastBallot]).toEqual([3, old]);
});

test('[OR33] a sync of which a part is missing adopts nothing and cuts nothing', () => {
  const source = peerWith(cat, young, 6, 2);
  const candidate = peerWith(ann, old, 3, 0);
  const sync = new Sync(candidate.site, candidate.replica, randomOf());
  sync.begin(cat, candidate.out);
  const responses = served(source, ann, onlyOf(candidate.out.sentOf('MISSING_SEQ_REQUEST')));
  const last = responses.at(-1);
  if (last === undefined) throw new Error('there is an answer');

  const result = sync.answered(
    cat,
    { ...last, entries: last.entries.slice(2) },
    at(1),
    candidate.out,
    () => {},
  );

  expect(result).toEqual({ kind: 'failed' });
  expect([candidate.replica.lastIndex, candidate.replica.lastBallot]).toEqual([3, old]);
});

test('[OR32] a late answer to a sync is not taken', () => {
  const source = peerWith(cat, young, 6, 2);
  const candidate = peerWith(ann, old, 3, 0);
  const sync = new Sync(candidate.site, candidate.replica, randomOf());
  sync.begin(cat, candidate.out);
  const [request] = candidate.out.sentOf('MISSING_SEQ_REQUEST');
  if (request === undefined) throw new Error('it asks');
  sync.begin(cat, candidate.out);

  const results = served(source, ann, request).map((response) =>
    sync.answered(cat, response, at(1), candidate.out, () => {}),
  );

  expect(results).toEqual(results.map(() => null));
  expect(candidate.replica.lastIndex).toBe(3);
});

function peerWith(
  self: PeerId,
  ballot: Ballot,
  length: number,
  committed: number,
  bytes = 8,
  options: Partial<OrderingOptions> = {},
) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(self, { catchUpBytesPerSecond: 1e12, ...options });
  const replica = replicaOf(site, [ann, bob, cat]);
  const bodies = Array.from({ length }, (_, i) => data(producerOf(bob), i + 1, 1, bytes));
  if (length > 0) write(replica, entriesFrom(replica.log, ballot, bodies), out);
  replica.commitTo(committed, ballot, at(0), out);
  out.clear();
  return { out, site, replica, supplies: new Supplies(site, replica, new LogReads()) };
}

function fetchOf({ site, replica }: { site: ReturnType<typeof siteOf>; replica: Replica }): Fetch {
  return new Fetch(site, replica, randomOf());
}

function served(source: ReturnType<typeof peerWith>, to: PeerId, request: Request): readonly Response[] {
  source.out.clear();
  source.supplies.request(to, request, at(1_000), source.out);
  return source.out.sentOf('MISSING_SEQ_RESPONSE');
}

function requestOf(from: number, to: number): Request {
  const identity = siteOf(ann).identity;
  return { type: 'MISSING_SEQ_REQUEST', group: '', identity, nonce: 1, from, to, bytesMax: 1e9, sync: null };
}

function onlyOf<T>(items: readonly T[]): T {
  const [only] = items;
  if (only === undefined || items.length !== 1) throw new Error(`one is expected, there are ${items.length}`);
  return only;
}
