import { expect, test } from 'vitest';
import { Truth } from '../truth.ts';
import { ReadsAreLatest } from './reads.ts';
import { ballot, complaints, data, type HandPlace, hands, logOf } from './testing.ts';

test('[SM59] a read point older than what was committed before the question is caught', () => {
  const [ann, bob] = hands(2) as [HandPlace, HandPlace];
  const { said, complain } = complaints();
  const truth = new Truth(() => 0);
  const checker = new ReadsAreLatest(complain, truth);
  bob.hold(logOf([ballot(1, bob), { kind: 'epoch-start' }], [ballot(1, bob), data(bob, 1, 1)]));
  bob.leads = ballot(1, bob);
  const point = (ticket: number, index: number | null) => ({ type: 'read-point', ticket, index }) as const;

  checker.reads(ann, 1);
  truth.committed(bob, 0, 2);
  checker.reads(ann, 2);
  checker.reads(ann, 3);
  checker.reads(ann, 4);
  checker.announced(ann, point(1, 0));
  checker.announced(ann, point(2, 2));
  checker.announced(ann, point(3, null));
  checker.announced(ann, point(4, 1));

  expect(said).toEqual([
    'a read sees all that was committed before: is told to read up to 1, committed before it asked was 2',
  ]);
});
