import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import { Epochs } from './epochs.ts';
import { ann, ballotOf, bob, cat } from './testing.ts';

const [one, two, three] = [ballotOf(1, ann), ballotOf(2, bob), ballotOf(3, cat)];

test('[OR6] the ballot of every index is the one that began last before it', () => {
  const epochs = epochsOf([one, 1], [two, 5]);

  expect([0, 1, 4, 5, 9].map((index) => epochs.ballotAt(index))).toEqual([NO_BALLOT, one, one, two, two]);
  expect(epochs.firstOf(two)).toBe(5);
});

test('[OR6] a ballot that goes on begins no new row, and a cut takes back what began above it', () => {
  const epochs = epochsOf([one, 1], [one, 2], [two, 5]);

  epochs.cut(4);

  expect(epochs.rows).toEqual([{ ballot: one, first: 1 }]);
});

test('[OR13] two logs agree up to where the last ballot they share ends first', () => {
  const mine = epochsOf([one, 1], [three, 7]);
  const theirs = epochsOf([one, 1], [two, 4]);

  expect(mine.agreesUpto(9, theirs.table(), 6)).toBe(3);
  expect(mine.agreesUpto(9, mine.table(), 8)).toBe(8);
  expect(mine.agreesUpto(9, epochsOf([two, 1]).table(), 6)).toBe(0);
});

test('[OR6] rows of what was trimmed go, but for the one that holds at its edge', () => {
  const epochs = epochsOf([one, 1], [two, 5], [three, 9]);

  epochs.forget(6);

  expect(epochs.rows.map(({ first }) => first)).toEqual([5, 9]);
  expect(epochs.ballotAt(7)).toEqual(two);
});

function epochsOf(...rows: readonly [typeof one, number][]): Epochs {
  const epochs = new Epochs([]);
  for (const [ballot, first] of rows) epochs.append(ballot, first);
  return epochs;
}
