// Groups that change while something is wrong. SPEC rule SM68.

import { OrderImage } from '../image.ts';
import type { Script, Scripted } from '../script.ts';
import { CALM_STAGE } from '../stage.ts';
import { latestView } from '../views.ts';

export const MEMBERS: { readonly [name: string]: Scripted } = {
  'a learner that does not know yet that it votes is asked all the same (etcd campaign_learner_must_vote)': {
    options: { nodes: 3, voters: 2, ordering: { promoteAfterMs: 300 } },
    play: (s) => {
      s.startAll();
      s.untilLeads('bob');
      s.commit('bob', 1);
      s.gate((from, to, message) =>
        from === 'bob' && to === 'cat' && isAboutViews(message) ? 'drop' : 'pass',
      );
      s.until(
        'the others know that cat votes',
        () => votersOf(s, 'ann') === 3 && votersOf(s, 'bob') === 3,
        15_000,
      );
      s.expect('cat does not know', votersOf(s, 'cat') < 3);
      s.crash('bob');
      s.gate(null);
      s.untilSomeLeads(['ann', 'cat']);
      s.commit('ann', 1);
    },
  },
  'a machine that lost its disk comes back as another member, and its former place is its own again (nexus#3939)':
    {
      options: { nodes: 3, ordering: { promoteAfterMs: 300 } },
      play: (s) => {
        s.begin('cat');
        s.commit('ann', 5);
        s.crash('bob');
        s.stage.world.replaceDisk(s.node('bob'), new OrderImage(), 'is lost');
        s.start('bob');
        s.commit('cat', 5);
        s.until('bob votes again', () => isVoter(s, 'bob'), 20_000);
        s.untilAllAgree();
      },
    },
  'a machine that is removed, wiped and back does not lead by views of the past (openraft#2002)': {
    options: { nodes: 4, voters: 1, ordering: { promoteAfterMs: 200 } },
    play: (s) => {
      s.startAll();
      s.untilLeads('ann');
      s.until('all four are members and three vote', () => votersOf(s, 'ann') >= 3, 20_000);
      s.commit('bob', 2);
      s.crash('ann');
      s.stage.world.replaceDisk(s.node('ann'), new OrderImage(), 'is lost');
      s.untilSomeLeads(['bob', 'cat', 'dan']);
      s.start('ann');
      s.until('ann has begun to read the past', () => s.node('ann').asked.last >= 1);
      s.isolate('ann');
      s.run(4_000);
      s.expect('ann does not lead', s.node('ann').leads === null);
      s.heal();
      s.commit('ann', 1);
    },
  },
  'two changes of the voters by two leaders never decide apart (the single-server bug of 2015)': {
    options: { nodes: 5, voters: 4, ordering: { promoteAfterMs: 200 } },
    play: (s) => {
      s.startAll();
      s.untilLeads('dan');
      s.commit('ann', 1);
      // dan brings eve in, and nobody hears of it.
      s.gate((from, _to, message) => (from === 'dan' && isAboutViews(message) ? 'drop' : 'pass'));
      s.run(1_500);
      s.isolate('dan', 'eve');
      s.gate(null);
      s.untilSomeLeads(['ann', 'bob', 'cat']);
      s.leader?.command({ kind: 'remove', peer: s.node('ann').peer });
      s.run(2_000);
      s.commit('bob', 1);
      s.heal();
      s.run(2_000);
      s.commit('cat', 1);
    },
  },
  'one cut off, three killed, one removed, all in a moment: what was acknowledged stays (nats#7545)': {
    options: { nodes: 5 },
    play: (s) => {
      s.begin('eve');
      for (const name of ['ann', 'bob', 'cat', 'dan', 'eve']) s.commit(name, 2);
      s.isolate('ann');
      s.submit('dan', 3);
      s.crash('ann', 'bob', 'cat');
      s.leader?.command({ kind: 'remove', peer: s.node('dan').peer });
      s.submit('eve', 3);
      s.run(1_000);
      s.heal();
      s.start('ann', 'bob', 'cat');
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan', 'eve']);
      s.commit('ann', 1);
      s.commit('eve', 1);
      s.untilAllAgree(['ann', 'bob', 'cat', 'eve']);
    },
  },
  'who joins while the log is trimmed all the time gets there (hashicorp/raft#212)': {
    options: {
      nodes: 4,
      voters: 3,
      paths: { ...CALM_STAGE.paths, latencyMs: { min: 5, max: 10 } },
      ordering: { baseEveryBytes: 500, cacheBytesMax: 500, promoteAfterMs: 200 },
    },
    play: (s) => {
      for (const name of ['ann', 'bob', 'cat']) s.start(name);
      s.untilSomeLeads(['ann', 'bob', 'cat']);
      for (let turn = 0; turn < 120; turn++) {
        if (turn === 40) s.start('dan');
        s.submit('ann', 2);
        s.submit('bob', 1);
        s.run(25);
        const leader = s.leader;
        leader?.deliver((it, now, out) => it.retain(Math.max(0, leader.commitIndex - 3), true, now, out));
      }
      s.run(500);
      s.untilAllAgree();
      s.expect('much of it was trimmed', s.node('ann').image.log.first > 50);
    },
  },
  'a leader that removes itself hands the lead on and stays out': {
    options: { nodes: 4, ordering: { promoteAfterMs: 200 } },
    play: (s) => {
      s.begin('dan');
      s.commit('ann', 1);
      s.node('dan').command({ kind: 'leave' });
      s.untilSomeLeads(['ann', 'bob', 'cat']);
      s.until('three vote', () => votersOf(s, s.leader?.peer ?? 'ann') === 3, 10_000);
      s.commit('ann', 1);
      s.expect('dan does not lead', s.node('dan').leads === null);
    },
  },
  'one becomes three, and the first may go': {
    options: { nodes: 3, voters: 1, ordering: { promoteAfterMs: 200 } },
    play: (s) => {
      s.startAll();
      s.untilLeads('ann');
      s.commit('ann', 3);
      s.until('three vote', () => votersOf(s, 'ann') === 3 || votersOf(s, 'cat') === 3, 20_000);
      s.crash('ann');
      s.untilSomeLeads(['bob', 'cat']);
      s.commit('bob', 1);
    },
  },
};

function votersOf(s: Script, name: string): number {
  const { view } = latestView(s.node(name));
  return view === null || view.joint !== null ? 0 : view.voters.length;
}

function isVoter(s: Script, name: string): boolean {
  const { peer, identity } = s.node(name);
  const leader = s.leader;
  if (leader === null) return false;
  const { view } = latestView(leader);
  return (
    view?.voters.some((voter) => voter.peer === peer && voter.identity.random === identity.random) === true
  );
}

function isAboutViews(message: { readonly type: string }): boolean {
  if (!('entries' in message) || !Array.isArray(message.entries)) return message.type === 'VIEW_CHANGE';
  return message.entries.some(({ body }) => body.kind === 'view');
}
