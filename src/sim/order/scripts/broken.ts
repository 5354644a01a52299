// For each broken variant of the protocol the shortest story in which it shows. The sound protocol passes it.
// SPEC rule SM45.

import { must } from '../../../kit/assert.ts';
import type { Entry } from '../../../model/entry.ts';
import { OrderImage } from '../image.ts';
import type { Mutation } from '../mutations.ts';
import type { Scripted } from '../script.ts';
import { latestView } from '../views.ts';
import { LEAD } from './lead.ts';
import { LOGS } from './logs.ts';
import { ONE_EARLIER } from './versions.ts';

const THREE = { nodes: 3 } as const;

/** Somebody leads, readings come in, all agree. */
const ORDINARY: Scripted = {
  options: THREE,
  play: (s) => {
    s.begin('cat');
    s.commit('ann', 2);
    s.untilAllAgree();
    s.run(200);
  },
};

/** Three vote, and cat is only just one of them. */
const PROMOTION: Scripted = {
  options: { nodes: 3, voters: 2, ordering: { promoteAfterMs: 100 } },
  play: (s) => {
    s.begin('bob');
    s.commit('ann', 1);
    s.run(3_000);
    s.commit('bob', 1);
  },
};

export const BROKEN: { readonly [mutation in Mutation]: Scripted } = {
  'acknowledges before its disk has answered': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.stick('bob');
      s.submit('cat');
      s.run(100);
      s.loosen('bob');
      s.untilAllAgree();
    },
  },
  'promises before its disk has answered': ORDINARY,
  'says it knows a format that it does not': ONE_EARLIER,
  'forgets its promises': ORDINARY,
  'votes for logs older than its own': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.gate((from, to) => (from === 'cat' && to === 'bob' ? 'drop' : 'pass'));
      s.commit('cat', 2);
      // As if cat had handed bob the lead before all that.
      const [cat, bob] = [s.node('cat'), s.node('bob')];
      s.tell('bob', 'cat', {
        type: 'TRANSFER',
        group: must(cat.group, 'cat has a group'),
        identity: cat.identity,
        ballot: must(cat.leads, 'cat leads'),
        lastIndex: bob.asked.last,
      });
      s.run(300);
      s.gate(null);
      s.commit('ann', 1);
      s.untilAllAgree();
    },
  },
  'keeps its identity when its disk is lost': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.isolate('ann');
      s.commit('cat', 2);
      s.crash('bob');
      s.stage.world.replaceDisk(s.node('bob'), new OrderImage(), 'is lost');
      s.run(1_000);
      s.heal();
      s.start('bob');
      s.run(1_500);
      s.commit('ann', 1);
    },
  },
  'listens to leaders of lower ballots': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      const fallen = s.node('cat');
      const ballot = must(fallen.leads, 'cat leads');
      const before = must(fallen.asked.at(fallen.asked.last), 'its log has an end');
      s.isolate('cat');
      s.submit('cat');
      s.until('cat takes it in', () => fallen.asked.last > before.index);
      const entry = must(fallen.asked.at(before.index + 1), 'cat takes it in');
      s.untilLeads('bob');
      s.commit('ann', 1);
      s.tell('ann', 'cat', {
        type: 'APPEND',
        group: must(fallen.group, 'cat has a group'),
        identity: fallen.identity,
        ballot,
        prevIndex: before.index,
        prevBallot: before.ballot,
        prevChain: before.chain,
        entries: [entry],
        commitIndex: before.index,
      });
      s.heal();
      s.untilAllAgree();
    },
  },
  'changes voters in single steps': {
    ...PROMOTION,
    options: { ...PROMOTION.options, tieBreak: true, ordering: { promoteAfterMs: 100, minCopies: 1 } },
  },
  'brings views before an entry of its own is committed': {
    options: { nodes: 4, voters: 3, ordering: { maxVoters: 3 } },
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      // bob leads, and nobody's acknowledgement reaches it for a while.
      s.gate((_from, to, { type }) => (to === 'bob' && isAck(type) ? 'drop' : 'pass'));
      s.crash('cat');
      s.until('bob leads', () => s.node('bob').leads !== null);
      s.node('bob').command({ kind: 'remove', peer: s.node('dan').peer });
      s.run(100);
      s.gate(null);
      s.commit('ann', 1);
    },
  },
  'takes an old answer of its disk for a new one': named(LOGS, 'ABA'),
  'commits entries of earlier ballots by counting': named(LOGS, 'figure 8'),
  'takes over a tail below its floor': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      // An honest peer never says this; one that forgot its floor takes it.
      const ann = s.node('ann');
      const cat = s.node('cat');
      const end = must(ann.asked.at(ann.asked.last), "ann's log has an end");
      const before = must(ann.asked.at(end.index - 1), 'and an entry before it');
      const forged: Entry = { ...end, ballot: { ...end.ballot, round: end.ballot.round + 1 } };
      s.node('ann').receive(cat, {
        type: 'APPEND',
        group: must(cat.group, 'cat has a group'),
        identity: cat.identity,
        ballot: must(cat.leads, 'cat leads'),
        prevIndex: before.index,
        prevBallot: before.ballot,
        prevChain: before.chain,
        entries: [forged],
        commitIndex: before.index,
      });
      s.expectOnly('nobody finds the order broken');
    },
  },
  'does not check what it is sent': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      const cat = s.node('cat');
      s.gate((from, to) => (from === 'cat' && to === 'ann' ? 'drop' : 'pass'));
      s.submit('cat', 2);
      s.run(20);
      const end = must(cat.asked.at(cat.asked.last), "cat's log has an end");
      const before = must(cat.asked.at(end.index - 1), 'and an entry before it');
      s.tell('ann', 'cat', {
        type: 'APPEND',
        group: must(cat.group, 'cat has a group'),
        identity: cat.identity,
        ballot: must(cat.leads, 'cat leads'),
        prevIndex: before.index,
        prevBallot: before.ballot,
        prevChain: before.chain,
        entries: [{ ...end, chain: { a: end.chain.a ^ 1, b: end.chain.b } }],
        commitIndex: before.index,
      });
      s.gate(null);
      s.run(500);
      s.untilAllAgree();
    },
  },
  'takes any answer for one to its question': lateSync(),
  'waits for one record too many': ORDINARY,
  'trims before that is committed': {
    options: { nodes: 3, ordering: { baseEveryBytes: 300 } },
    play: (s) => {
      s.begin('cat');
      for (let batch = 0; batch < 10; batch++) s.commit('cat', 1);
      s.untilAllAgree();
      s.run(100);
      s.gate((_from, to, { type }) => (to === 'cat' && isAck(type) ? 'drop' : 'pass'));
      const cat = s.node('cat');
      cat.deliver((machine, now, out) => machine.retain(cat.commitIndex - 2, false, now, out));
      s.run(100);
      s.gate(null);
      s.commit('ann', 1);
      s.untilAllAgree();
    },
  },
  'asks only the voters of old': {
    options: { nodes: 3, voters: 1, ordering: { promoteAfterMs: 1_000 } },
    play: (s) => {
      s.begin('ann');
      s.commit('ann', 1);
      // While the voters change, only ann, the one of old, has what it is told to have.
      const isJoint = (): boolean => latestView(s.node('ann')).view?.joint != null;
      s.gate((from, _to, { type }) => (from !== 'ann' && isAck(type) && isJoint() ? 'drop' : 'pass'));
      s.until('the voters change', isJoint, 5_000);
      s.run(200);
      s.gate(null);
      s.commit('ann', 1);
    },
  },
  'counts learners as voters': {
    options: { nodes: 5, voters: 3, ordering: { maxVoters: 3 } },
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      s.isolate('cat', 'dan', 'eve');
      s.submit('cat', 1);
      s.run(300);
      s.heal();
      s.untilAllAgree();
    },
  },
  'acknowledges what its leader does not have': {
    options: { nodes: 5 },
    play: (s) => {
      s.begin('eve');
      s.commit('ann', 1);
      s.untilAllAgree();
      // dan has two entries that nobody else ever sees.
      s.gate((from, to) => (from === 'eve' && to !== 'dan' ? 'drop' : 'pass'));
      const place = s.node('eve').asked.last + 2;
      s.submit('eve', 1);
      s.submit('eve', 1);
      s.until('dan has them on its disk', () => s.node('dan').image.log.last >= place);
      s.crash('eve', 'dan');
      s.gate(null);
      s.untilSomeLeads(['ann', 'bob', 'cat']);
      s.commit('ann', 1);
      s.commit('ann', 1);
      // dan hears that somebody leads before it hears what stands in that one's log.
      s.gate((_from, to, { type }) =>
        to === 'dan' && (type === 'APPEND' || type === 'COORDINATOR') ? 'drop' : 'pass',
      );
      s.start('dan');
      s.run(200);
      s.gate(null);
      s.untilAllAgree(['ann', 'bob', 'cat', 'dan']);
    },
  },
  'says OK with a damaged log': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.isolate('ann');
      for (let batch = 0; batch < 6; batch++) s.commit('cat', 1);
      s.crash('bob');
      s.node('bob').rot(0.9);
      s.crash('cat');
      s.heal();
      let saidOk = false;
      s.gate((from, _to, { type }) => {
        saidOk ||= from === 'bob' && type === 'OK';
        return 'pass';
      });
      // bob has more than ann, and not all it had.
      s.start('bob');
      s.run(2_000);
      s.expect('bob says no OK', !saidOk);
      s.start('cat');
      s.commit('ann', 1);
      s.untilAllAgree();
    },
  },
  'does not write down what is committed': ORDINARY,
  'cuts its batches in the wrong place': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 2);
      s.isolate('ann');
      s.submit('ann', 3);
      s.submit('ann', 4);
      s.run(100);
      s.crash('ann');
      s.heal();
      s.start('ann');
      s.untilAllAgree();
      s.commit('ann', 1);
    },
  },
  'leaks the flag of a transfer that failed': named(LEAD, 'a transfer that comes to nothing'),
};

/** The script whose name begins so. */
function named(scripts: { readonly [name: string]: Scripted }, beginning: string): Scripted {
  const found = Object.entries(scripts).find(([name]) => name.startsWith(beginning));
  return must(found, `there is a script ${beginning}`)[1];
}

function isAck(type: string): boolean {
  return type === 'APPEND_ACK' || type === 'HEARTBEAT_ACK';
}

/** bob asks cat for the tail it lacks; what comes is an answer of cat's to a question of long ago. */
function lateSync(): Scripted {
  return {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.gate((from, to) => (from === 'cat' && to === 'bob' ? 'drop' : 'pass'));
      s.commit('cat', 2);
      const [ann, bob] = [s.node('ann'), s.node('bob')];
      const before = bob.asked.last;
      let nonce = 0;
      s.gate((from, to, message) => {
        if (message.type === 'MISSING_SEQ_REQUEST' && from === 'bob') nonce = message.nonce;
        if (message.type === 'MISSING_SEQ_RESPONSE' && to === 'bob') return 'drop';
        return from === 'ann' && message.type === 'ELECTION' ? 'drop' : 'pass';
      });
      s.crash('cat');
      s.until('bob asks ann for its tail', () => nonce > 0);
      const end = must(ann.asked.at(ann.asked.last), "ann's log has an end");
      s.tell('bob', 'ann', {
        type: 'MISSING_SEQ_RESPONSE',
        group: must(ann.group, 'ann has a group'),
        identity: ann.identity,
        nonce: nonce - 1,
        entries: ann.asked.entries.filter(({ index }) => index > before),
        more: false,
        lastBallot: end.ballot,
        lastIndex: end.index,
        commitBallot: end.ballot,
        commitIndex: before,
        logStart: 1,
        busy: false,
      });
      s.expect('bob takes nothing over by it', bob.asked.last === before);
      s.gate(null);
      s.commit('ann', 1);
    },
  };
}
