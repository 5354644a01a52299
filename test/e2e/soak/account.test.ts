import { expect, test } from 'vitest';
import { accountOf } from './account.ts';
import { isCsvOf, type NodeHistory, type Row } from './node-history.ts';
import { faultsOf } from './settle.ts';
import type { Sent } from './soak-load.ts';

test('[WS17] a history with every answered reading once, in order, and alike at all nodes is accepted', () => {
  const rows = [row(1, 'ann', 1), row(2, 'bob', 1), row(3, 'ann', 2)];
  const all = [sent(1, 'ann', 1), sent(2, 'bob', 1), sent(3, 'ann', 2, { promised: 'stored' })];

  const account = accountOf(all, [historyOf('ann', rows), historyOf('bob', rows)], () => 0);

  expect(faultsOf(account)).toEqual([]);
  expect(account.readings).toBe(3);
});

test('[WS17] the account finds what is lost, doubled, taken though refused, or under another number', () => {
  const rows = [row(2, 'ann', 1), row(2, 'ann', 2), row(3, 'ann', 3), row(4, 'ann', 9)];
  const all = [
    sent(1, 'ann', 1),
    sent(2, 'ann', 1),
    sent(3, 'ann', 3, { promised: 'refused', n: null }),
    sent(4, 'ann', 4),
  ];

  const account = accountOf(all, [historyOf('ann', rows)], () => 0);

  expect([account.lost.length, account.doubled.length, account.wrong.length]).toEqual([1, 1, 2]);
});

test('[WS17] what was only stored on a disk that was taken away is excused, and what was committed is not', () => {
  const all = [sent(1, 'ann', 1, { promised: 'stored' }), sent(2, 'ann', 2)];

  const account = accountOf(all, [historyOf('bob', [row(3, 'bob', 1)])], (node) => (node === 'ann' ? 1 : 0));

  expect([account.excused, account.lost.length]).toEqual([1, 1]);
});

test('[WS17] what was sent after an answer and stands before it is out of order; what was sent at once is not', () => {
  const rows = [row(2, 'ann', 2), row(1, 'ann', 1), row(4, 'bob', 2), row(3, 'bob', 1)];
  const inTurn = [sent(1, 'ann', 1), sent(2, 'ann', 2)];
  const atOnce = [
    sent(3, 'bob', 1, { sentAt: 90, answeredAt: 93 }),
    sent(4, 'bob', 2, { sentAt: 91, answeredAt: 94 }),
  ];

  const account = accountOf([...inTurn, ...atOnce], [historyOf('ann', rows)], () => 0);

  expect(account.reordered).toHaveLength(1);
});

test('[WS17] a row of a file is held against the log cell by cell, also where a reading has several fields', () => {
  const at = { sequence: 7, sensor: 'a', origin: 'ann', identity: '', n: 1, ts_ms: 1_700_000_000_000 };
  const text = '7,2023-11-14T22:13:20.000Z,a,"says ""no"", twice","",5';
  const value = { why: 'says "no", twice', who: '', since: 5 };
  const fields = ['why', 'who', 'since'];

  expect(isCsvOf({ ...at, value }, text, fields)).toBe(true);
  expect(isCsvOf({ ...at, value: { ...value, since: 6 } }, text, fields)).toBe(false);
  expect(isCsvOf({ ...at, value: { ...value, more: 1 } }, text, fields)).toBe(false);
  expect(isCsvOf({ ...at, value: 1.5 }, '7,2023-11-14T22:13:20.000Z,a,1.5', ['value'])).toBe(true);
  expect(isCsvOf({ ...at, value: 1.5 }, '7,2023-11-14T22:13:20.000Z,a,1.50', ['value'])).toBe(false);
});

test('[WS17] a node whose log or files differ is found', () => {
  const rows = [row(1, 'ann', 1)];
  const ann = historyOf('ann', rows);
  const bob = { ...historyOf('bob', rows), sha256: 'other' };
  const cat = { ...historyOf('cat', rows), csvSha256: 'other' };
  const late = { ...historyOf('dan', rows), csvSha256: null };

  const { unequal } = accountOf([], [ann, bob, cat, late], () => 0);

  expect(unequal).toHaveLength(2);
});

/** Its value is when it was sent, too. */
function sent(value: number, node: string, n: number, rest: Partial<Sent> = {}): Sent {
  const times = { sentAt: 10 * value, answeredAt: 10 * value + 5 };
  return {
    writer: 0,
    sensor: `soak/0/${node}`,
    value,
    node,
    promised: 'committed',
    n,
    losses: [0, 0],
    ...times,
    ...rest,
  };
}

let sequence = 0;
function row(value: number, origin: string, n: number): Row {
  sequence++;
  return { sequence, sensor: `soak/0/${origin}`, origin, identity: '1.a', n, ts_ms: 0, value };
}

function historyOf(node: string, rows: readonly Row[]): NodeHistory {
  return { node, group: 'g', rows, sha256: 'same', csvSha256: 'same', problems: [] };
}
