import { expect, test } from 'vitest';
import { firstBase } from './first-base.ts';
import { Log } from './log.ts';
import { ann, ballotOf, data, entriesFrom, GROUP, producerOf, viewOf } from './testing.ts';

test('[OR4] entries below a bound leave memory oldest first, and the chain below the rest stays known', () => {
  const log = logOf(10);
  const chain = log.endAt(6)?.chain;

  log.forget(6, 0);

  expect([log.first, log.lastIndex]).toEqual([7, 10]);
  expect(log.at(6)).toBeUndefined();
  expect(log.endAt(6)?.chain).toEqual(chain);
});

test('[OR4] nothing above what may go leaves memory, however little room there is', () => {
  const log = logOf(10);

  log.forget(3, 0);

  expect(log.first).toBe(4);
});

test('[OR4] a log that is cut ends where it was cut and goes on from there', () => {
  const log = logOf(10);

  const gone = log.cut(4);
  for (const entry of entriesFrom(log, ballotOf(2, ann), [{ kind: 'epoch-start' }])) log.append(entry);

  expect(gone.map(({ index }) => index)).toEqual([5, 6, 7, 8, 9, 10]);
  expect([log.lastIndex, log.end.ballot.round]).toEqual([5, 2]);
});

test('[OR4] a range holds at least one entry and no more bytes than allowed beyond it', () => {
  const log = logOf(10);
  const bytes = log.at(1)?.bytes.length ?? 0;

  expect(log.range(1, 10, 1, 100).length).toBe(1);
  expect(log.range(1, 10, bytes * 3 + 1, 100).length).toBe(3);
  expect(log.range(8, 10, 1e9, 100).length).toBe(3);
});

test('[OR4] the weight behind a place is known after entries have left at either end', () => {
  const log = logOf(10);
  const bytes = log.at(1)?.bytes.length ?? 0;

  log.forget(3, 0);
  log.cut(8);

  expect([log.bytesFrom(5), log.bytesFrom(8), log.bytesFrom(9)]).toEqual([4 * bytes, bytes, 0]);
});

function logOf(length: number): Log {
  const log = new Log(firstBase(GROUP, viewOf([ann])));
  const bodies = Array.from({ length }, (_, i) => data(producerOf(ann), i + 1));
  for (const entry of entriesFrom(log, ballotOf(1, ann), bodies)) log.append(entry);
  return log;
}
