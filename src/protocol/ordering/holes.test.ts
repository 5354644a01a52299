import { expect, test } from 'vitest';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import { Holes } from './holes.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  data,
  entriesFrom,
  GROUP,
  identityOf,
  producerOf,
  RecordedOrderingOutbox,
  replicaOf,
  siteOf,
  write,
} from './testing.ts';

type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

test('[OR55] what a disk lost is asked of a member and given to the disk, part by part', () => {
  const { holes, out, entries } = holesOf(10);
  holes.told({ from: 3, to: 6, is: 'found' }, at(0), out);

  holes.consider([bob, cat], at(0), out);
  const [request] = out.sentOf('MISSING_SEQ_REQUEST');
  const nonce = request?.nonce ?? 0;
  const isOther = holes.answered(bob, responseOf(nonce - 1, []), at(1), out);
  holes.answered(bob, responseOf(nonce, entries.slice(2, 4), true), at(1), out);
  const whileMore = out.mends.length;
  holes.answered(bob, responseOf(nonce, entries.slice(4, 6)), at(2), out);
  holes.told({ from: 3, to: 6, is: 'mended' }, at(3), out);

  expect(request).toMatchObject({ from: 3, to: 6, sync: null });
  expect([isOther, whileMore]).toEqual([false, 0]);
  expect(out.mends.map((mend) => mend.map(({ index }) => index))).toEqual([[3, 4, 5, 6]]);
  expect(out.factsOf('log-mended')).toHaveLength(1);
  expect(holes.wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test('[OR55] who cannot help, or gives what does not fit, is followed by another member', () => {
  const { holes, out, entries } = holesOf(10);
  holes.told({ from: 3, to: 6, is: 'found' }, at(0), out);
  holes.consider([bob, cat], at(0), out);
  const first = out.sentOf('MISSING_SEQ_REQUEST')[0]?.nonce ?? 0;

  holes.answered(bob, responseOf(first, []), at(1), out);
  holes.consider([bob, cat], at(holes.wakeAt), out);
  const second = out.sentOf('MISSING_SEQ_REQUEST')[1]?.nonce ?? 0;
  holes.answered(cat, responseOf(second, entries.slice(2, 6)), at(holes.wakeAt), out);
  holes.told({ from: 3, to: 6, is: 'not-mended' }, at(3_000), out);
  holes.consider([bob, cat], at(holes.wakeAt), out);

  expect(out.sent.map(({ to }) => to)).toEqual([bob, cat, bob]);
  expect(out.factsOf('log-mended')).toEqual([]);
});

test('[OR55] with nobody to ask it is tried again later, and what was mended in part goes on behind that', () => {
  const { holes, out } = holesOf(10);
  holes.told({ from: 3, to: 6, is: 'found' }, at(0), out);
  holes.consider([], at(0), out);
  const laterMs = holes.wakeAt;

  holes.told({ from: 3, to: 4, is: 'mended' }, at(laterMs), out);
  holes.consider([bob], at(laterMs), out);

  expect(laterMs).toBeGreaterThan(0);
  expect(out.sentOf('MISSING_SEQ_REQUEST')).toMatchObject([{ from: 5, to: 6 }]);
});

test('[OR55] a stretch that nobody can give does not hold up another one', () => {
  const { holes, out, entries } = holesOf(10);
  holes.told({ from: 1, to: 2, is: 'found' }, at(0), out);
  holes.told({ from: 5, to: 6, is: 'found' }, at(0), out);
  holes.consider([bob], at(0), out);
  holes.answered(bob, responseOf(out.sentOf('MISSING_SEQ_REQUEST')[0]?.nonce ?? 0, []), at(1), out);

  holes.consider([bob], at(holes.wakeAt), out);
  const second = out.sentOf('MISSING_SEQ_REQUEST')[1];
  holes.answered(bob, responseOf(second?.nonce ?? 0, entries.slice(4, 6)), at(holes.wakeAt), out);
  holes.told({ from: 5, to: 6, is: 'mended' }, at(3_000), out);
  holes.consider([bob], at(holes.wakeAt), out);

  expect(out.sentOf('MISSING_SEQ_REQUEST').map(({ from }) => from)).toEqual([1, 5, 1]);
  expect(out.mends.map((mend) => mend.map(({ index }) => index))).toEqual([[5, 6]]);
});

function holesOf(length: number) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann);
  const replica = replicaOf(site, [ann, bob, cat]);
  const ballot = ballotOf(1, bob);
  const bodies = Array.from({ length }, (_, i) => data(producerOf(cat), i + 1));
  const entries = entriesFrom(replica.log, ballot, bodies);
  write(replica, entries, out);
  replica.commitTo(length, ballot, at(0), out);
  out.clear();
  return { holes: new Holes(site, replica), out, entries };
}

function responseOf(nonce: number, entries: Response['entries'], more = false): Response {
  const ballot = ballotOf(1, bob);
  return {
    type: 'MISSING_SEQ_RESPONSE',
    group: GROUP,
    identity: identityOf(bob),
    nonce,
    entries,
    more,
    busy: false,
    lastBallot: ballot,
    lastIndex: 10,
    commitBallot: ballot,
    commitIndex: 10,
    logStart: 1,
  };
}
