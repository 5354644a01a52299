import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  dan,
  electionOf,
  headOf,
  identityOf,
  memberOf,
  peerOf,
} from './testing.ts';

const eve = peerOf('eve');

test("[EL12] [EL18] what a voter's other disk answers keeps no leader", () => {
  const { election, wake } = leaderOfThree();
  const led = election.leads;

  for (let turn = 0; turn < 8; turn++) {
    election.acked(identityOf(bob, 2), at(election.wakeAt));
    wake();
  }

  expect(led).toEqual(ballotOf(1, cat));
  expect(election.leads).toBeNull();
});

test('[EL5] of those who find no leader at their start the highest asks first', () => {
  const [low, high] = [electionOf(ann, [ann, bob, cat]), electionOf(cat, [ann, bob, cat])];
  for (const { election, port } of [low, high]) election.wake(at(500), port);

  expect(high.port.sentOf('ELECTION').map(({ kind }) => kind)).toEqual(['probe', 'probe']);
  expect(low.port.sentOf('ELECTION')).toEqual([]);
  expect(low.election.wakeAt).toBe(580);
});

test('[EL11] a leader that a learner refuses, which promised more when it was a voter, takes a higher ballot', () => {
  const { election, standing, receive, save } = leaderOfThree();
  standing.learners = [memberOf(dan)];
  const refusal = { type: 'REFUSE', ballot: ballotOf(1, cat), promised: ballotOf(7, dan) } as const;

  receive(eve, { ...headOf(eve), ...refusal }, 1_000);
  const afterStranger = election.leads;
  receive(dan, { ...headOf(dan), ...refusal }, 1_001);
  save(1_002);
  receive(ann, { type: 'PROMISE', ...headOf(ann), ballot: ballotOf(8, cat) }, 1_003);

  expect(afterStranger).toEqual(ballotOf(1, cat));
  expect(election.leads).toEqual(ballotOf(8, cat));
});

/** Cat, elected by ann. */
function leaderOfThree() {
  const made = electionOf(cat, [ann, bob, cat]);
  const ballot = ballotOf(1, cat);
  made.wake();
  made.receive(ann, { type: 'YES', ...headOf(ann), ballot, promised: NO_BALLOT }, 600);
  made.save(601);
  made.receive(ann, { type: 'PROMISE', ...headOf(ann), ballot }, 602);
  return made;
}
