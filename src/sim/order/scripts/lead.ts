// The lead is handed over, asked for, and taken, at bad moments. SPEC rule SM68.

import type { Scripted } from '../script.ts';

const THREE = { nodes: 3 } as const;

export const LEAD: { readonly [name: string]: Scripted } = {
  'a transfer that comes to nothing leaves the leader taking readings in (hashicorp/raft#696)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.gate((_from, _to, { type }) => (type === 'TRANSFER' ? 'drop' : 'pass'));
      s.node('cat').command({ kind: 'transfer', to: s.node('bob').peer });
      s.run(20);
      s.submit('cat', 1);
      s.submit('ann', 1);
      s.gate(null);
      s.until('both are committed', () => s.orderedN('cat') === 1 && s.orderedN('ann') === 2, 3_000);
    },
  },
  'a transfer to a machine that dies of it leaves the others with a leader': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.gate((_from, to, { type }) => (type === 'TRANSFER' && to === 'bob' ? 'hold' : 'pass'));
      s.node('cat').command({ kind: 'transfer', to: s.node('bob').peer });
      s.until('the word is on its way', () => s.stage.world.links.heldBack > 0, 2_000);
      s.crash('bob');
      s.release();
      s.gate(null);
      s.commit('ann', 1);
    },
  },
  'a leader that stops hands over to who has everything, not to the highest (redpanda#2606)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.stick('bob');
      s.commit('cat', 3);
      s.node('cat').deliver((machine, now, out) => machine.leave(now, out));
      s.untilLeads('ann', 3_000);
      s.loosen('bob');
      s.commit('ann', 1);
    },
  },
  'promises of an earlier round do not count in a later one (redpanda#21345)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.gate((_from, _to, { type }) => (type === 'PROMISE' ? 'hold' : 'pass'));
      s.crash('cat');
      s.until('a promise is held back', () => s.stage.world.links.heldBack > 0);
      s.run(1_500);
      s.release();
      s.gate(null);
      s.untilSomeLeads(['ann', 'bob']);
      s.commit('ann', 1);
    },
  },
  'two that ask at once do not split the votes': {
    options: { nodes: 5 },
    play: (s) => {
      s.begin('eve');
      s.commit('ann', 1);
      s.crash('eve');
      const gone = s.stage.world.timeline.nowMs;
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan'], 2_000);
      s.expect('within a second', s.stage.world.timeline.nowMs - gone < 1_000);
    },
  },
  'a higher machine that comes back is given the lead, once, and nothing stands still': {
    options: { nodes: 3, election: { stableMs: 1_000, transferEveryMs: 1_000, holdMs: 500 } },
    play: (s) => {
      s.begin('cat');
      s.crash('cat');
      s.untilLeads('bob');
      s.commit('ann', 1);
      s.start('cat');
      s.untilLeads('cat', 15_000);
      const before = s.stage.trace.elections;
      s.commit('ann', 1);
      s.run(5_000);
      s.expect('the lead stays', s.stage.trace.elections === before);
    },
  },
  'five voters and forty-five learners outlive six deaths of the leader': {
    options: { nodes: 50, voters: 5, ordering: { maxVoters: 5 } },
    play: (s) => {
      const voters = ['ann', 'bob', 'cat', 'dan', 'eve'];
      s.startAll();
      s.untilSomeLeads(voters);
      for (let death = 0; death < 6; death++) {
        const leader = s.untilSomeLeads(voters);
        s.commit(voters[death % voters.length] ?? 'ann', 3);
        s.nodes.at(-1 - death)?.submit(2);
        s.crash(leader.peer);
        s.run(300);
        s.untilSomeLeads(voters.filter((name) => name !== leader.peer));
        s.start(leader.peer);
        s.run(700);
      }
      s.untilAllAgree();
    },
  },
  'an OK that leads to nothing delays the next one once (the bully that is deaf)': {
    options: { nodes: 3 },
    play: (s) => {
      s.begin('cat');
      s.crash('cat');
      s.untilLeads('bob');
      s.start('cat');
      s.untilAllAgree();
      // cat says OK and is never heard of again in that matter.
      s.gate((from, _to, { type }) => (from === 'cat' && type !== 'OK' ? 'drop' : 'pass'));
      s.crash('bob');
      s.run(3_000);
      s.gate(null);
      s.start('bob');
      s.untilSomeLeads(['ann', 'bob', 'cat'], 5_000);
      s.commit('ann', 1);
    },
  },
};
