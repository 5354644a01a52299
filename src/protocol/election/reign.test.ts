import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import { ann, at, ballotOf, bob, cat, electionOf, headOf, identityOf } from './testing.ts';

test("[EL12] [EL18] what a voter's other disk answers keeps no leader", () => {
  const { election, receive, save, wake } = electionOf(cat, [ann, bob, cat]);
  const ballot = ballotOf(1, cat);
  wake();
  receive(ann, { type: 'YES', ...headOf(ann), ballot, promised: NO_BALLOT }, 600);
  save(601);
  receive(ann, { type: 'PROMISE', ...headOf(ann), ballot }, 602);
  const led = election.leads;

  for (let turn = 0; turn < 8; turn++) {
    election.acked(identityOf(bob, 2), at(election.wakeAt));
    wake();
  }

  expect(led).toEqual(ballot);
  expect(election.leads).toBeNull();
});

test('[EL5] of those who find no leader at their start the highest asks first', () => {
  const [low, high] = [electionOf(ann, [ann, bob, cat]), electionOf(cat, [ann, bob, cat])];
  for (const { election, port } of [low, high]) election.wake(at(500), port);

  expect(high.port.sentOf('ELECTION').map(({ kind }) => kind)).toEqual(['probe', 'probe']);
  expect(low.port.sentOf('ELECTION')).toEqual([]);
  expect(low.election.wakeAt).toBe(580);
});
