import { expect, test } from 'vitest';
import type { EntryBody } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeBase, encodeBase } from '../../wire/durable.ts';
import { BaseFetch, BaseSupply } from './base-fetch.ts';
import { Bases } from './bases.ts';
import { firstBase } from './first-base.ts';
import { Replica } from './replica.ts';
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
  randomOf,
  replicaOf,
  siteOf,
  viewOf,
} from './testing.ts';

const ballot = ballotOf(1, bob);

test('[OR38] two peers take the same bases at the same places, however they were told what is committed', () => {
  const bodies = Array.from({ length: 30 }, (_, i) =>
    data(producerOf(i % 2 ? ann : bob), Math.floor(i / 2) + 1),
  );
  const [one, other] = [peerWith(bodies), peerWith(bodies)];

  deliver(one, 30);
  for (let upto = 1; upto <= 30; upto++) deliver(other, upto);

  expect(one.out.bases.length).toBeGreaterThan(2);
  expect(other.out.bases).toEqual(one.out.bases);
});

test('[OR38] a base is due after so many entries, however small they are', () => {
  const bases = new Bases(firstBase(GROUP, viewOf([ann])), null, 1_000_000_000);
  const { replica } = peerWith([]);
  const [entry] = entriesFrom(replica.log, ballot, [data(producerOf(ann), 1)]);
  const due: number[] = [];

  for (let asked = 1; asked <= LIMITS.baseEveryEntriesMax * 2; asked++) {
    if (entry !== undefined && bases.isDue(entry)) due.push(asked);
  }

  expect(due).toEqual([LIMITS.baseEveryEntriesMax, LIMITS.baseEveryEntriesMax * 2]);
});

test('[OR38] [OR11] a base is saved when all it covers is delivered, not sooner', () => {
  const peer = peerWith(Array.from({ length: 10 }, (_, i) => data(producerOf(bob), i + 1)));

  peer.replica.commitTo(10, ballot, at(0), peer.out);
  const whileOwed = peer.out.bases.length;
  deliver(peer, 10);

  expect(whileOwed).toBe(0);
  expect(peer.out.bases.length).toBeGreaterThan(0);
});

test('[OR40] a log that goes on behind a base has what the whole log has', () => {
  const bodies: EntryBody[] = Array.from({ length: 12 }, (_, i) => data(producerOf(bob), i + 1, 1));
  bodies.push({ kind: 'retire', producer: producerOf(bob) }, data(producerOf(cat), 1, 5));
  const peer = peerWith(bodies);
  deliver(peer, bodies.length);
  const base = peer.out.bases[0];
  if (base === undefined) throw new Error('a base was taken');

  const again = new Replica(siteOf(cat, { baseEveryBytes: 400 }), base, null, 0, () => {});
  const rest = Array.from({ length: bodies.length - base.index }, (_, i) =>
    peer.replica.log.at(base.index + 1 + i),
  );
  again.append(
    rest.flatMap((entry) => entry ?? []),
    at(0),
    new RecordedOrderingOutbox(),
  );
  again.commitTo(bodies.length, ballot, at(0), new RecordedOrderingOutbox());

  expect(again.producers.rows()).toEqual(peer.replica.producers.rows());
  expect(again.log.end).toEqual(peer.replica.log.end);
});

test('[OR52] a group that was proposed twice as taken in stands once in the base', () => {
  const absorbed = (group: GroupId): EntryBody => ({ kind: 'absorbed', group, upto: 9 });
  const [first, second] = ['0000000000000001', '0000000000000002'] as GroupId[];
  if (first === undefined || second === undefined) throw new Error('there are two');
  const rest = Array.from({ length: 12 }, (_, i) => data(producerOf(bob), i + 1));
  const peer = peerWith([absorbed(first), absorbed(second), absorbed(first), ...rest]);

  deliver(peer, 15);

  expect(peer.out.bases.at(-1)?.absorbed).toEqual([first, second]);
});

test('[OR38] entries are trimmed when that is committed and a base covers them', () => {
  const bodies: EntryBody[] = Array.from({ length: 12 }, (_, i) => data(producerOf(bob), i + 1));
  const peer = peerWith(bodies);
  deliver(peer, 12);
  const edge = peer.replica.bases.edgeBelow(9);
  peer.replica.append(entriesFrom(peer.replica.log, ballot, [{ kind: 'trim', upto: edge }]), at(0), peer.out);
  const whileAppended = [...peer.out.trims];

  deliver(peer, 13);

  expect(edge).toBeGreaterThan(0);
  expect(whileAppended).toEqual([]);
  expect(peer.out.trims).toEqual([edge]);
  expect([peer.replica.bases.start, peer.replica.bases.oldest?.index]).toEqual([edge + 1, edge]);
});

test('[OR36] [OR40] a base comes in parts and is whole at the other end', () => {
  const producers = Array.from({ length: 9_000 }, (_, i) => ({
    ...producerOf(bob, i + 1),
    lastN: i + 1,
    lastIndex: 1,
    retired: false,
  }));
  const peer = peerWith([data(producerOf(bob), 1)]);
  const oldest = peer.replica.bases.oldest;
  if (oldest === null) throw new Error('a log begins with a base');
  const base = { ...oldest, producers };
  const joiner = new RecordedOrderingOutbox();
  const fetch = new BaseFetch(siteOf(ann), GROUP, randomOf());
  const supply = new BaseSupply(siteOf(bob));
  fetch.consider([bob], at(0), joiner);

  let whole = null;
  let parts = 0;
  while (whole === null && parts < 100) {
    const asked = joiner.sentOf('BASE_REQUEST').at(-1);
    if (asked === undefined) break;
    const out = new RecordedOrderingOutbox();
    supply.request(ann, asked, base, out);
    const [part] = out.sentOf('BASE');
    if (part !== undefined) whole = fetch.answered(bob, part, at(1), joiner);
    parts++;
  }

  expect(parts).toBeGreaterThan(1);
  expect(whole).toEqual(base);
  expect(decodeBase(encodeBase(base))).toEqual({ ok: true, value: base });
});

test('[OR36] who does not answer with a base is passed over for another', () => {
  const joiner = new RecordedOrderingOutbox();
  const fetch = new BaseFetch(siteOf(ann), GROUP, randomOf());
  fetch.consider([bob], at(0), joiner);

  fetch.consider([bob, cat], at(fetch.wakeAt), joiner);

  expect(joiner.sent.map(({ to }) => to)).toEqual([bob, cat]);
});

function peerWith(bodies: readonly EntryBody[]) {
  const out = new RecordedOrderingOutbox();
  const replica = replicaOf(siteOf(ann, { baseEveryBytes: 400 }), [ann, bob]);
  replica.append(entriesFrom(replica.log, ballot, bodies), at(0), out);
  return { out, replica };
}

function deliver({ out, replica }: ReturnType<typeof peerWith>, upto: number): void {
  replica.appended(replica.lastIndex, replica.version, at(0), out);
  replica.commitTo(upto, ballot, at(0), out);
  replica.stateSaved(ballot, upto, out);
}
