// Networks that are neither whole nor split: everybody hears somebody, and only one machine hears enough of them
// (OmniPaxos, Ng et al., EuroSys 2023, §2). SPEC rule SM68.

import { star } from '../partitions.ts';
import type { Script, Scripted } from '../script.ts';

const FIVE = { nodes: 5 } as const;

export const PARTIAL: { readonly [name: string]: Scripted } = {
  'quorum loss: all see only ann, the leader too, and ann comes to lead': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      s.commit('bob', 3);
      cutToStar(s, 'ann');
      s.untilLeads('ann', 8_000);
      s.commit('ann', 2);
      s.commit('dan', 2);
    },
  },
  'constrained election: all see only ann, whose log is behind, and ann catches up before it leads': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      s.isolate('ann');
      s.commit('bob', 3);
      s.commit('eve', 4);
      s.heal();
      cutToStar(s, 'ann');
      s.untilLeads('ann', 10_000);
      s.commit('dan', 1);
    },
  },
  'minutes of a star and back: somebody leads in it and after it (jgroups-raft#211)': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      cutToStar(s, 'cat');
      s.untilLeads('cat', 8_000);
      for (let minute = 0; minute < 3; minute++) {
        s.run(60_000);
        s.commit('ann', 1);
      }
      s.heal();
      s.run(2_000);
      s.commit('bob', 1);
      s.untilAllAgree();
    },
  },
  'chained: cat and ann see only bob, and the lead does not go round': {
    options: { nodes: 3 },
    play: (s) => {
      s.begin('cat');
      const before = s.stage.trace.elections;
      s.cutBoth('ann', 'cat');
      for (let second = 0; second < 6; second++) {
        s.run(1_000);
        s.commit('bob', 1);
      }
      s.expect('the lead changes at most twice', s.stage.trace.elections - before <= 2);
    },
  },
  'an outsider that sees one machine and wants to lead does not stop the others (tigerbeetle#1455)': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      for (const other of ['bob', 'cat', 'dan']) s.cutBoth('eve', other);
      s.untilSomeLeads(['bob', 'cat', 'dan'], 8_000);
      const before = s.stage.trace.elections;
      for (let second = 0; second < 6; second++) {
        s.run(1_000);
        s.commit('bob', 1);
      }
      s.expect('the lead changes at most once more', s.stage.trace.elections - before <= 1);
    },
  },
  'a leader that hears all but is heard by nobody is replaced': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      for (const other of ['ann', 'bob', 'cat', 'dan']) s.cut('eve', other);
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan'], 8_000);
      s.commit('ann', 1);
      s.heal();
      s.untilAllAgree();
    },
  },
  'a leader that is heard by all but hears nobody gives up': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      for (const other of ['ann', 'bob', 'cat', 'dan']) s.cut(other, 'eve');
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan'], 8_000);
      s.commit('ann', 1);
      s.heal();
      s.untilAllAgree();
    },
  },
  'a machine that comes back with a higher promise does not bring the leader down': {
    options: { nodes: 3 },
    play: (s) => {
      s.begin('cat');
      s.isolate('ann');
      s.run(4_000);
      const before = s.stage.trace.elections;
      s.heal();
      s.commit('ann', 1);
      s.untilAllAgree();
      s.expect('nobody else came to lead', s.stage.trace.elections === before);
    },
  },
};

function cutToStar(s: Script, hub: string): void {
  for (const [from, to] of star(s.nodes.length, s.node(hub).index)) s.stage.world.paths.cut(from, to);
}
