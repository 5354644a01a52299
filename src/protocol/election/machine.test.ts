import { expect, test } from 'vitest';
import { compareBallots, NO_BALLOT, nextBallot } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
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
  identityOf,
  memberOf,
} from './testing.ts';

test('[EL1] the next ballot of a higher owner is in the same round, of a lower one in the round after', () => {
  const owner = (peer: PeerId, priority = 0) => ({ peer, priority, identity: identityOf(peer) });
  const ballot = ballotOf(4, bob);

  expect(nextBallot(ballot, owner(cat)).round).toBe(4);
  expect(nextBallot(ballot, owner(ann)).round).toBe(5);
  expect(nextBallot(ballot, owner(bob)).round).toBe(5);
  expect(nextBallot(ballot, owner(ann, 1)).round).toBe(4);
  expect(nextBallot(NO_BALLOT, owner(ann)).round).toBe(1);
  expect(compareBallots(nextBallot(ballot, owner(ann)), ballot)).toBeGreaterThan(0);
});

test("[EL2] [EL9] a ballot is claimed when the disk has the promise and the log, and led with after a quorum's", () => {
  const { election, standing, port, save, receive, wake } = electionOf(cat, [ann, bob, cat]);
  wake();
  standing.isDurable = false;
  yes(receive, ann, port);
  const whileUnsaved = claims(port);
  save(1_000);
  const whileLogOwed = claims(port);
  standing.isDurable = true;
  election.logSaved(at(1_001), port);
  const claimed = claims(port);
  receive(ann, { type: 'PROMISE', ...headOf(ann), ballot: ballotOf(1, cat) }, 1_002);

  expect([whileUnsaved, whileLogOwed, claimed]).toEqual([0, 0, 2]);
  expect(port.led).toEqual([{ ballot: ballotOf(1, cat), how: 'election' }]);
  expect(election.leads).toEqual(ballotOf(1, cat));
});

test('[EL2] a promise is told when the disk has it, and not at all if a higher one was given meanwhile', () => {
  const { election, port, receive } = electionOf(ann, [ann, bob, cat]);

  receive(bob, electionMessage(bob, 'claim', ballotOf(1, bob)), 1);
  const whileOwed = port.sentOf('PROMISE').length;
  receive(cat, electionMessage(cat, 'claim', ballotOf(1, cat)), 2);
  election.promiseSaved(ballotOf(1, bob), at(3), port);
  const afterFirst = port.sentOf('PROMISE').length;
  election.promiseSaved(ballotOf(1, cat), at(4), port);

  expect([whileOwed, afterFirst]).toEqual([0, 0]);
  expect(port.sent.filter(({ message }) => message.type === 'PROMISE').map(({ to }) => to)).toEqual([cat]);
});

test('[EL3] what comes under a lower ballot is refused, and a higher one is followed and remembered', () => {
  const { election, port } = electionOf(ann, [ann, bob, cat]);

  const higher = election.heard(cat, ballotOf(3, cat), 'election', at(1), port);
  const lower = election.heard(bob, ballotOf(2, bob), null, at(2), port);

  expect([higher, lower]).toEqual([true, false]);
  expect(port.promises).toEqual([ballotOf(3, cat)]);
  expect(port.sentOf('REFUSE')).toMatchObject([{ ballot: ballotOf(2, bob), promised: ballotOf(3, cat) }]);
  expect(election.leader).toBe(cat);
});

const CLAIMS = [
  ['a lower ballot', { round: 1 }, false],
  ['a shorter log', { lastIndex: 4 }, false],
  ['a log with a lower last ballot', { lastRound: 1, lastIndex: 99 }, false],
  ['an equal log', {}, true],
  ['a longer log', { lastIndex: 9 }, true],
] as const;

for (const [what, said, isGranted] of CLAIMS) {
  test(`[EL4] a claim with ${what} is ${isGranted ? 'granted' : 'refused'}`, () => {
    const { election, standing, port, save, receive } = electionOf(ann, [ann, bob, cat]);
    standing.lastBallot = ballotOf(2, cat);
    standing.lastIndex = 5;
    election.raise(ballotOf(3, bob), at(0), port);
    const {
      round = 4,
      lastRound = 2,
      lastIndex = 5,
    } = said as { round?: number; lastRound?: number; lastIndex?: number };

    receive(
      bob,
      electionMessage(bob, 'claim', ballotOf(round, bob), ballotOf(lastRound, cat), lastIndex),
      900,
    );
    save(901);

    expect(port.sentOf(isGranted ? 'PROMISE' : 'REFUSE').length).toBe(1);
  });
}

test('[EL4] [EL17] who hears a leader promises nobody else, unless that leader wants it or claims itself', () => {
  const kinds = ['claim', 'transfer', 'reballot'] as const;
  const granted = kinds.map((kind) => {
    const { election, port, save, receive } = electionOf(ann, [ann, bob, cat]);
    election.heard(cat, ballotOf(1, cat), 'election', at(0), port);
    receive(
      kind === 'reballot' ? cat : bob,
      electionMessage(kind === 'reballot' ? cat : bob, kind, ballotOf(2, kind === 'reballot' ? cat : bob)),
      100,
    );
    save(101);
    return port.sentOf('PROMISE').length;
  });

  expect(granted).toEqual([0, 1, 1]);
});

test('[EL4] [OR45] a damaged peer answers neither a probe nor a claim with its vote', () => {
  const { standing, port, save, receive } = electionOf(ann, [ann, bob, cat]);
  standing.isDamaged = true;

  receive(bob, electionMessage(bob, 'probe', ballotOf(1, bob)), 1);
  receive(bob, electionMessage(bob, 'claim', ballotOf(1, bob)), 2);
  save(3);

  expect([port.sentOf('YES').length, port.sentOf('PROMISE').length, port.sentOf('REFUSE').length]).toEqual([
    0, 0, 1,
  ]);
});

test('[EL5] a lost leader is followed by the highest at once, and by each lower one later', () => {
  const waits = [cat, bob, ann].map((self) => {
    const { election, port, wake } = electionOf(self, [ann, bob, cat, dan]);
    election.heard(dan, ballotOf(1, dan), 'election', at(0), port);
    election.linkDown(dan, true, at(100));
    let ms = 0;
    while (port.sentOf('ELECTION').length === 0) ms = wake();
    return ms;
  });

  expect(waits).toEqual([110, 150, 190]);
});

test('[EL6] a higher peer answers OK and runs itself, and the lower one stands down', () => {
  const high = electionOf(cat, [ann, bob, cat]);
  const low = electionOf(bob, [ann, bob, cat]);
  low.wake();

  high.receive(bob, electionMessage(bob, 'probe', ballotOf(1, bob)), 600);
  low.receive(cat, { type: 'OK', ...headOf(cat), ballot: ballotOf(1, bob), promised: NO_BALLOT }, 601);
  low.receive(ann, { type: 'YES', ...headOf(ann), ballot: ballotOf(1, bob), promised: NO_BALLOT }, 602);

  expect(high.port.sentOf('OK').length).toBe(1);
  expect(high.port.sentOf('ELECTION')).toMatchObject([
    { ballot: ballotOf(1, cat) },
    { ballot: ballotOf(1, cat) },
  ]);
  expect(low.port.sentOf('ELECTION').filter(({ kind }) => kind === 'claim')).toEqual([]);
  expect(low.port.facts).toContainEqual({ type: 'election-ok', from: cat });
});

test('[EL6] a probe binds nobody', () => {
  const { port, election, receive } = electionOf(ann, [ann, bob, cat]);

  receive(bob, electionMessage(bob, 'probe', ballotOf(9, bob)), 600);

  expect([port.promises, election.promised]).toEqual([[], NO_BALLOT]);
});

test('[EL6] [EL16] a higher peer that is held back, unfit or sees no quorum gives its vote instead', () => {
  const held = electionOf(cat, [ann, bob, cat]);
  held.election.heard(cat, ballotOf(1, cat), 'election', at(0), held.port);
  const unfit = electionOf(cat, [ann, bob, cat]);
  unfit.standing.isFit = false;
  const alone = electionOf(cat, [ann, bob, cat]);
  alone.election.linkDown(ann, false, at(0));
  alone.election.linkDown(bob, false, at(0));

  for (const { receive } of [unfit, alone])
    receive(bob, electionMessage(bob, 'probe', ballotOf(1, bob)), 600);

  expect([unfit, alone].map(({ port }) => port.sentOf('OK').length)).toEqual([0, 0]);
  expect([unfit, alone].map(({ port }) => port.sentOf('YES').length)).toEqual([1, 1]);
});

test('[EL7] who answered OK and does not lead is passed over from then on', () => {
  const { port, receive, wake } = electionOf(bob, [ann, bob, cat]);
  wake();
  const ok = { type: 'OK', ...headOf(cat), ballot: ballotOf(1, bob), promised: NO_BALLOT } as const;

  receive(cat, ok, 600);
  wake();
  receive(cat, ok, 950);
  yes(receive, ann, port);

  expect(port.facts).toContainEqual({ type: 'election-deaf', to: cat });
  expect(port.promises).toEqual([ballotOf(1, bob)]);
});

test('[EL8] a candidate stands aside for a fresher one, and takes its tail over if that does not lead', () => {
  const { election, port, receive, wake } = electionOf(cat, [ann, bob, cat]);
  wake();
  const stale = { type: 'STALE', ...headOf(bob), ballot: ballotOf(1, cat), promised: NO_BALLOT } as const;

  receive(bob, { ...stale, lastBallot: ballotOf(1, ann), lastIndex: 8, eligible: true }, 600);
  const asked = port.sentOf('ELECTION').length;
  wake();
  const syncs = [...port.syncs];
  election.synced(true, at(700), port);

  expect([asked, syncs]).toEqual([2, [bob]]);
  expect(port.sentOf('ELECTION').length).toBe(4);
});

test('[EL8] the tail of one that may not lead is taken over at once', () => {
  const { port, receive, wake } = electionOf(cat, [ann, bob, cat]);
  wake();

  receive(
    bob,
    {
      type: 'STALE',
      ...headOf(bob),
      ballot: ballotOf(1, cat),
      promised: NO_BALLOT,
      lastBallot: ballotOf(1, ann),
      lastIndex: 8,
      eligible: false,
    },
    600,
  );

  expect(port.syncs).toEqual([bob]);
});

test('[EL9] elections that come to nothing are tried again later and later, and never together', () => {
  const waits = [1, 2].map(() => {
    const { election, port, wake } = electionOf(cat, [ann, bob, cat]);
    const starts: number[] = [];
    while (starts.length < 8) {
      const before = port.sentOf('ELECTION').length;
      const ms = election.wakeAt;
      wake();
      if (port.sentOf('ELECTION').length > before) starts.push(ms);
    }
    return starts.slice(1).map((ms, i) => ms - (starts[i] ?? 0));
  });

  const [first = [], second] = waits;
  expect(first).toEqual(second);
  expect(Math.max(...first)).toBeLessThanOrEqual(300 + 500 + 40);
  expect(first.at(-1)).toBeGreaterThan(first[0] ?? 0);
});

test('[EL10] a silent leader is suspected after a while, one whose connection ended after a moment', () => {
  const silent = electionOf(ann, [ann, bob, cat]);
  silent.election.heard(cat, ballotOf(1, cat), 'election', at(0), silent.port);
  const gone = electionOf(ann, [ann, bob, cat]);
  gone.election.heard(cat, ballotOf(1, cat), 'election', at(0), gone.port);
  const back = electionOf(ann, [ann, bob, cat]);
  back.election.heard(cat, ballotOf(1, cat), 'election', at(0), back.port);

  gone.election.linkDown(cat, true, at(50));
  back.election.linkDown(cat, true, at(50));
  back.election.heard(cat, ballotOf(1, cat), null, at(55), back.port);

  expect([silent, gone, back].map(({ election }) => election.wakeAt)).toEqual([500, 60, 555]);
});

test("[EL10] a pause of one's own is nobody else's silence", () => {
  const { election, port } = electionOf(ann, [ann, bob, cat]);
  election.heard(cat, ballotOf(1, cat), 'election', at(0), port);

  election.stalled(3_000, at(3_000), port);
  election.wake(at(3_000), port);

  expect(election.leader).toBe(cat);
  expect(election.wakeAt).toBe(3_500);
});

test('[EL11] a leader that one voter refuses takes a higher ballot instead of falling', () => {
  const { election, port, save, receive } = leaderOf(cat, [ann, bob, cat]);
  port.clear();

  receive(
    bob,
    { type: 'REFUSE', ...headOf(bob), ballot: ballotOf(1, cat), promised: ballotOf(7, ann) },
    1_000,
  );
  save(1_001);
  receive(ann, { type: 'PROMISE', ...headOf(ann), ballot: ballotOf(7, cat) }, 1_002);

  expect(port.sentOf('ELECTION')).toMatchObject([{ kind: 'reballot' }, { kind: 'reballot' }]);
  expect(election.leads).toEqual(ballotOf(7, cat));
  expect(port.led.at(-1)?.how).toBe('reballot');
});

test('[EL12] a leader that no quorum answers, that was paused or is told to, gives up', () => {
  const unanswered = leaderOf(cat, [ann, bob, cat]);
  while (unanswered.election.leads !== null) unanswered.wake();
  const paused = leaderOf(cat, [ann, bob, cat]);
  paused.election.stalled(501, at(2_000), paused.port);
  const stuck = leaderOf(cat, [ann, bob, cat]);
  stuck.election.giveUp('its disk does not answer', at(2_000), stuck.port);

  for (const { election, port } of [unanswered, paused, stuck]) {
    expect(election.leads).toBeNull();
    expect(port.factsOf('abdicated').length).toBe(1);
    expect(port.unleads).toBe(1);
  }
});

test('[EL12] a leader that a quorum answers goes on', () => {
  const { election, wake } = leaderOf(cat, [ann, bob, cat]);
  for (let turn = 0; turn < 50; turn++) {
    election.acked(identityOf(bob), at(election.wakeAt));
    wake();
  }

  expect(election.leads).toEqual(ballotOf(1, cat));
});

test('[EL17] who hears a leader says so to who asks for votes', () => {
  const { election, port, receive } = electionOf(ann, [ann, bob, cat]);
  election.heard(cat, ballotOf(1, cat), 'election', at(0), port);

  receive(bob, electionMessage(bob, 'probe', ballotOf(2, bob)), 100);

  expect(port.sentOf('NO')).toMatchObject([{ leader: cat }]);
});

test('[EL17] a candidate goes on as long as the others can make up for a NO', () => {
  const many = electionOf(cat, [ann, bob, cat, dan, 'eve' as PeerId]);
  many.wake();
  const few = electionOf(cat, [ann, bob, cat]);
  few.wake();
  const no = (from: PeerId) =>
    ({ type: 'NO', ...headOf(from), ballot: ballotOf(1, cat), promised: NO_BALLOT, leader: dan }) as const;

  many.receive(ann, no(ann), 600);
  few.receive(ann, no(ann), 600);
  few.receive(bob, no(bob), 601);

  expect(many.port.factsOf('election-failed')).toEqual([]);
  expect(few.port.factsOf('election-failed')).toMatchObject([{ why: 'bob hears dan' }]);
});

test("[EL18] the vote of a voter's other disk is not the voter's", () => {
  const { port, save, receive, wake } = electionOf(cat, [ann, bob, cat]);
  wake();
  receive(ann, { type: 'YES', ...headOf(ann, 2), ballot: ballotOf(1, cat), promised: NO_BALLOT }, 600);
  const byOther = port.promises.length;
  yes(receive, ann, port);
  save(601);
  receive(ann, { type: 'PROMISE', ...headOf(ann, 2), ballot: ballotOf(1, cat) }, 602);
  const ledByOther = port.led.length;
  receive(ann, { type: 'PROMISE', ...headOf(ann), ballot: ballotOf(1, cat) }, 603);

  expect([byOther, ledByOther, port.led.length]).toEqual([0, 0, 1]);
});

test('[EL6] a learner, and a peer that never leads, does not run', () => {
  const learner = electionOf(ann, [bob, cat]);
  learner.standing.role = 'learner';
  const witness = electionOf(ann, [ann, bob, cat]);
  witness.standing.role = 'witness';
  witness.standing.voters = [memberOf(ann, 1, null), memberOf(bob), memberOf(cat)];

  for (const { receive } of [learner, witness])
    receive(bob, electionMessage(bob, 'probe', ballotOf(1, bob)), 600);

  expect([learner, witness].map(({ election }) => election.wakeAt)).toEqual([Infinity, Infinity]);
  expect([learner, witness].map(({ port }) => port.sentOf('YES').length)).toEqual([1, 1]);
});

function yes(
  receive: (from: PeerId, message: never, ms: number) => void,
  from: PeerId,
  port: { sentOf(type: 'ELECTION'): { ballot: unknown }[] },
): void {
  const ballot = port.sentOf('ELECTION').at(-1)?.ballot;
  receive(from, { type: 'YES', ...headOf(from), ballot, promised: NO_BALLOT } as never, 999);
}

function claims(port: { sentOf(type: 'ELECTION'): { kind: string }[] }): number {
  return port.sentOf('ELECTION').filter(({ kind }) => kind === 'claim').length;
}

function leaderOf(self: PeerId, voters: readonly PeerId[]) {
  const made = electionOf(self, voters);
  made.wake();
  yes(made.receive, ann, made.port);
  made.save(600);
  made.receive(ann, { type: 'PROMISE', ...headOf(ann), ballot: ballotOf(1, self) }, 601);
  return made;
}
