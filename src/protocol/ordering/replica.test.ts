import { expect, test } from 'vitest';
import type { RecoveredLog } from '../../model/entry.ts';
import { firstBase } from './first-base.ts';
import { endOf } from './log.ts';
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
  replicaOf,
  siteOf,
  viewOf,
} from './testing.ts';

const ballot = ballotOf(3, bob);

test('[OR2] readings are numbered through, whatever stands between them', () => {
  const { replica } = replicaWith([
    data(producerOf(ann), 1, 3),
    { kind: 'epoch-start' },
    data(producerOf(bob), 1, 2),
  ]);

  expect([1, 2, 3].map((index) => replica.log.at(index)?.firstSequence)).toEqual([1, 4, 4]);
  expect(replica.log.end.nextSequence).toBe(6);
});

test('[OR2] [OR3] [OR7] an entry with another index, number, chain or n does not fit', () => {
  const { replica } = replicaWith([data(producerOf(ann), 1)]);
  const [next] = entriesFrom(replica.log, ballot, [data(producerOf(ann), 2)]);
  const [again] = entriesFrom(replica.log, ballot, [data(producerOf(ann), 1)]);
  if (next === undefined || again === undefined) throw new Error('there are two entries');

  expect(replica.fits(next)).toEqual({ ok: true, value: true });
  expect(replica.fits({ ...next, index: 3 })).toEqual({ ok: false, problem: 'unsound' });
  expect(replica.fits({ ...next, firstSequence: 9 })).toEqual({ ok: false, problem: 'unsound' });
  expect(replica.fits({ ...next, chain: { a: 1, b: 1 } })).toEqual({ ok: false, problem: 'chain' });
  expect(replica.fits(again)).toEqual({ ok: false, problem: 'unsound' });
});

test('[OR11] what is committed is delivered once it is durable here and its floor is too', () => {
  const { replica, out } = replicaWith([data(producerOf(ann), 1), data(producerOf(ann), 2)]);

  replica.commitTo(2, ballot, at(0), out);
  const whileOwed = out.factsOf('committed').length;
  replica.appended(2, 0, at(1), out);
  const whileFloorOwed = out.factsOf('committed').length;
  replica.stateSaved(ballot, 2, out);

  expect([whileOwed, whileFloorOwed]).toEqual([0, 0]);
  expect(out.factsOf('committed')).toEqual([{ type: 'committed', group: GROUP, index: 2, sequence: 2 }]);
});

test('[OR11] entries take the floor along only when the disk knows the promise under which it was learned', () => {
  const { replica, out } = replicaWith([data(producerOf(ann), 1)]);
  replica.commitTo(1, ballot, at(0), out);

  replica.append(entriesFrom(replica.log, ballot, [data(producerOf(ann), 2)]), at(0), out);
  replica.stateSaved(ballot, 0, out);
  replica.append(entriesFrom(replica.log, ballot, [data(producerOf(ann), 3)]), at(0), out);

  expect(out.appends.map(({ floor }) => floor)).toEqual([0, 0, 1]);
});

test("[OR15] a disk's answer to an append from before a cut does not make the log durable after it", () => {
  const { replica, out } = replicaWith([data(producerOf(ann), 1), data(producerOf(ann), 2)]);

  replica.cut(1, out);
  replica.append(entriesFrom(replica.log, ballotOf(4, cat), [{ kind: 'epoch-start' }]), at(0), out);
  replica.appended(2, 0, at(1), out);
  const afterOld = replica.durableIndex;
  replica.appended(2, 1, at(2), out);

  expect([afterOld, replica.durableIndex]).toEqual([0, 2]);
});

test('[OR12] a cut takes back uncommitted entries with their n and their view, and says so', () => {
  const { replica, out } = replicaWith([
    data(producerOf(ann), 1),
    { kind: 'view', view: viewOf([ann, bob, cat]) },
    data(producerOf(ann), 2),
  ]);
  replica.commitTo(1, ballot, at(0), out);

  replica.cut(1, out);

  expect([replica.lastIndex, replica.producers.lastN(producerOf(ann)), replica.views.inForce.id]).toEqual([
    1, 1, 0,
  ]);
  expect(out.cuts).toEqual([{ after: 1, version: 1 }]);
  expect(out.factsOf('log-cut')).toMatchObject([{ after: 1, last: 3 }]);
});

test('[OR4] memory keeps what is not delivered, and lets the rest go above its bound', () => {
  const { replica, out } = replicaWith(
    Array.from({ length: 20 }, (_, i) => data(producerOf(ann), i + 1)),
    { cacheBytesMax: 300 },
  );
  const before = replica.log.first;

  replica.appended(20, 0, at(1), out);
  replica.commitTo(15, ballot, at(1), out);
  replica.stateSaved(ballot, 15, out);

  expect(before).toBe(1);
  expect(replica.log.first).toBeGreaterThan(10);
  expect(replica.log.first).toBeLessThanOrEqual(16);
});

test('[OR11] [OR12] after a restart what the disk knows to be committed is committed and delivered again', () => {
  const { replica, out } = replicaWith([data(producerOf(ann), 1), data(producerOf(ann), 2, 4)]);
  const entries = [1, 2].flatMap((index) => replica.log.at(index) ?? []);
  const base = firstBase(GROUP, viewOf([ann, bob]));
  const recovered: RecoveredLog = { base, entries, start: 1, floor: 2, damaged: [] };

  const again = new Replica(siteOf(ann), base, recovered, 2, () => {});
  out.clear();
  again.start(at(0), out);

  expect([again.commitIndex, again.durableIndex, again.savedFloor]).toEqual([2, 2, 2]);
  expect(out.factsOf('committed')).toEqual([{ type: 'committed', group: GROUP, index: 2, sequence: 5 }]);
});

test('[OR53] nothing behind a base is durable before the base is, whatever the disk has answered', () => {
  const site = siteOf(ann);
  const out = new RecordedOrderingOutbox();
  const before = replicaOf(site, [ann, bob]);
  const [first, second] = entriesFrom(before.log, ballot, [
    data(producerOf(ann), 1),
    data(producerOf(ann), 2),
  ]);
  if (first === undefined || second === undefined) throw new Error('there are two entries');
  const base = { ...firstBase(GROUP, viewOf([ann, bob])), ...endOf(first), producers: [rowOf(1)] };
  const replica = new Replica(site, base, null, 1, () => {});
  replica.begin(out);

  replica.append([second], at(0), out);
  replica.appended(2, replica.version, at(1), out);
  replica.commitTo(2, ballot, at(1), out);
  replica.stateSaved(ballot, 2, out);
  const whileOwed = [replica.durableIndex, replica.deliveredIndex];
  replica.baseSaved(1, out);

  expect(whileOwed).toEqual([0, 1]);
  expect([replica.durableIndex, replica.deliveredIndex]).toEqual([2, 2]);
});

test("[OR15] a disk's answer to an append to a former log says nothing about the log in its place", () => {
  const { replica, out } = replicaWith([data(producerOf(ann), 1)], {});
  const former = replica.version;
  const site = siteOf(ann);
  site.logVersion = former;
  const base = firstBase(GROUP, viewOf([ann, bob]));
  const again = new Replica(site, base, null, 0, () => {});
  again.begin(out);
  again.baseSaved(0, out);
  again.append(entriesFrom(again.log, ballotOf(2, bob), [data(producerOf(ann), 1)]), at(0), out);

  again.appended(1, former, at(1), out);
  const byFormer = again.durableIndex;
  again.appended(1, again.version, at(1), out);

  expect([byFormer, again.durableIndex]).toEqual([0, 1]);
});

test('[OR48] a format that this program does not know does not fit', () => {
  const { replica } = replicaWith([]);
  const [upgrade] = entriesFrom(replica.log, ballot, [{ kind: 'upgrade', version: 2 }]);
  if (upgrade === undefined) throw new Error('there is an entry');

  expect(replica.fits(upgrade)).toEqual({ ok: false, problem: 'format' });
});

function replicaWith(bodies: Parameters<typeof entriesFrom>[2], options = {}) {
  const out = new RecordedOrderingOutbox();
  const replica = replicaOf(siteOf(ann, options), [ann, bob]);
  if (bodies.length > 0) replica.append(entriesFrom(replica.log, ballot, bodies), at(0), out);
  return { replica, out };
}

function rowOf(lastN: number) {
  return { ...producerOf(ann), lastN, lastIndex: 1, retired: false };
}
