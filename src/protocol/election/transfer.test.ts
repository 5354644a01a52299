import { expect, test } from 'vitest';
import { NO_BALLOT } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
import { NEVER } from '../../model/time.ts';
import { heirOf, successorOf } from './courtesy.ts';
import { ELECTION_DEFAULTS } from './options.ts';
import { Penalties } from './penalties.ts';
import type { Heir } from './standing.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  dan,
  electionMessage,
  electionOf,
  headOf,
  heirOfPeer,
  identityOf,
  memberOf,
} from './testing.ts';

const reign = { self: memberOf(bob), diskMs: 10, lastTransferMs: -NEVER };

const UNFIT: readonly (readonly [string, Partial<Heir>])[] = [
  ['is lower', { member: memberOf(ann) }],
  ['caught up only just now', { caughtUpSinceMs: 95_000 }],
  ['is not caught up', { caughtUpSinceMs: NEVER }],
  ['is up only just now', { health: { ...health(), uptimeMs: 9_000 } }],
  ['has a slow disk', { health: { ...health(), diskMs: 41 } }],
  ['may not lead', { health: { ...health(), eligible: false } }],
  ['leaves', { health: { ...health(), leaving: true } }],
  ['does not answer', { isPresent: false }],
  ['never leads', { member: memberOf(cat, 1, null) }],
];

for (const [what, said] of UNFIT) {
  test(`[EL13] a peer that ${what} is not given the lead`, () => {
    const penalties = new Penalties(ELECTION_DEFAULTS);

    expect(heirOf([heirOfPeer(cat, said)], reign, penalties, ELECTION_DEFAULTS, 100_000)).toBeNull();
    expect(heirOf([heirOfPeer(cat)], reign, penalties, ELECTION_DEFAULTS, 100_000)?.member.peer).toBe(cat);
  });
}

test('[EL13] [EL16] nobody is given the lead twice in a short time, nor while held back', () => {
  const penalties = new Penalties(ELECTION_DEFAULTS);
  const held = new Penalties(ELECTION_DEFAULTS);
  held.add(cat, 99_000);

  const tooSoon = heirOf(
    [heirOfPeer(cat)],
    { ...reign, lastTransferMs: 50_000 },
    penalties,
    ELECTION_DEFAULTS,
    100_000,
  );
  const heldBack = heirOf([heirOfPeer(cat)], reign, held, ELECTION_DEFAULTS, 100_000);

  expect([tooSoon, heldBack]).toEqual([null, null]);
});

test('[EL15] of several the highest that is caught up is given the lead; who must go hands over to who lacks least', () => {
  const heirs = [heirOfPeer(cat), heirOfPeer(dan, { caughtUpSinceMs: NEVER, lag: 900 })];

  const courteous = heirOf(heirs, reign, new Penalties(ELECTION_DEFAULTS), ELECTION_DEFAULTS, 100_000);

  expect(courteous?.member.peer).toBe(cat);
  expect(successorOf([heirOfPeer(ann, { lag: 1 }), heirOfPeer(cat, { lag: 3 })])?.member.peer).toBe(ann);
  expect(successorOf([heirOfPeer(ann), heirOfPeer(cat)])?.member.peer).toBe(cat);
});

test('[EL14] a leader lets nothing in while it hands over, and asks the heir when that has everything', () => {
  const { election, standing, port } = leaderOf();
  standing.heirList = [heirOfPeer(cat, { lag: 2 })];

  election.transfer(cat, 'somebody asked for it', at(1_000), port);
  const whileBehind = port.sentOf('TRANSFER').length;
  standing.heirList = [heirOfPeer(cat)];
  standing.lastIndex = 7;
  election.progressed(at(1_010), port);

  expect([whileBehind, port.holds]).toEqual([0, [true]]);
  expect(port.sentOf('TRANSFER')).toMatchObject([{ lastIndex: 7, ballot: ballotOf(1, bob) }]);
});

test('[EL14] [EL16] a transfer that comes to nothing lets records in again, and counts against the heir', () => {
  const { election, standing, port } = leaderOf();
  standing.heirList = [heirOfPeer(cat)];
  election.transfer(cat, 'somebody asked for it', at(1_000), port);

  while (port.factsOf('transfer').at(-1)?.step !== 'failed') {
    election.acked(identityOf(ann), at(election.wakeAt));
    election.wake(at(election.wakeAt), port);
  }

  expect(port.holds).toEqual([true, false]);
  expect(port.factsOf('penalty')).toMatchObject([{ peer: cat, penalty: 1 }]);
  expect(election.leads).toEqual(ballotOf(1, bob));
});

test('[EL14] the heir claims at once, and a leader that hands over takes its refusal for what it is', () => {
  const heir = electionOf(cat, [ann, bob, cat]);
  heir.election.heard(bob, ballotOf(1, bob), 'election', at(0), heir.port);
  const { election, standing, port, receive } = leaderOf();
  standing.heirList = [heirOfPeer(cat)];
  election.transfer(cat, 'a higher peer is back', at(1_000), port);

  heir.receive(bob, { type: 'TRANSFER', ...headOf(bob), ballot: ballotOf(1, bob), lastIndex: 0 }, 10);
  heir.save(11);
  receive(
    cat,
    { type: 'REFUSE', ...headOf(cat), ballot: ballotOf(1, bob), promised: ballotOf(1, cat) },
    1_020,
  );

  expect(heir.port.sentOf('ELECTION')).toMatchObject([{ kind: 'transfer' }, { kind: 'transfer' }]);
  expect(election.leads).toEqual(ballotOf(1, bob));
});

test('[EL14] an invitation from who is not the leader, or to one that lacks something, is not taken', () => {
  const { election, port, receive } = electionOf(cat, [ann, bob, cat]);
  election.heard(bob, ballotOf(1, bob), 'election', at(0), port);

  receive(ann, { type: 'TRANSFER', ...headOf(ann), ballot: ballotOf(1, bob), lastIndex: 0 }, 10);
  receive(bob, { type: 'TRANSFER', ...headOf(bob), ballot: ballotOf(1, bob), lastIndex: 5 }, 11);

  expect(port.sentOf('ELECTION')).toEqual([]);
});

test('[EL15] the leader that was told to hand over votes for the heir and says that it is done', () => {
  const { election, standing, port, save, receive } = leaderOf();
  standing.heirList = [heirOfPeer(cat)];
  election.transfer(cat, 'somebody asked for it', at(1_000), port);

  receive(cat, electionMessage(cat, 'transfer', ballotOf(1, cat)), 1_010);
  save(1_011);
  election.heard(cat, ballotOf(1, cat), 'transfer', at(1_020), port);

  expect(port.sentOf('PROMISE').length).toBe(1);
  expect(port.factsOf('transfer').map(({ step }) => step)).toEqual(['started', 'sent', 'done']);
  expect(port.factsOf('penalty')).toEqual([]);
});

test('[EL16] who loses the lead again and again is held back for longer, and is forgiven with time', () => {
  const penalties = new Penalties({ ...ELECTION_DEFAULTS, penaltyHalfLifeMs: 100_000 });

  const holds = [0, 1, 2, 3].map((turn) => penalties.add(cat, turn * 10).holdMs);
  const held = penalties.isHeld(cat, 100_000);
  const later = penalties.add(cat, 10_000_000).holdMs;

  expect(holds).toEqual([20_000, 20_000, 40_000, 80_000]);
  expect([held, later]).toEqual([false, 20_000]);
});

test('[EL16] every peer notes who lost the lead to another, and a transfer is no loss', () => {
  const { election, port } = electionOf(ann, [ann, bob, cat]);
  election.heard(cat, ballotOf(1, cat), 'election', at(0), port);
  election.heard(bob, ballotOf(2, bob), 'election', at(10), port);
  election.heard(cat, ballotOf(2, cat), 'transfer', at(20), port);
  election.heard(cat, ballotOf(3, cat), 'reballot', at(30), port);

  expect(port.factsOf('penalty').map(({ peer }) => peer)).toEqual([cat]);
});

function health() {
  return { diskMs: 1, uptimeMs: 1e9, eligible: true, leaving: false, format: 1 };
}

/** bob leads ann and cat. */
function leaderOf() {
  const made = electionOf(bob, [ann, bob, cat]);
  made.wake();
  const ballot = ballotOf(1, bob);
  made.receive(ann, { type: 'YES', ...headOf(ann as PeerId), ballot, promised: NO_BALLOT }, 600);
  made.save(601);
  made.receive(ann, { type: 'PROMISE', ...headOf(ann), ballot }, 602);
  return made;
}
