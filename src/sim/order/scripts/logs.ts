// Logs that part and come together again: entries of leaders that fell, answers that come late, disks that are slow
// at the wrong moment. SPEC rule SM68.

import { must } from '../../../kit/assert.ts';
import type { OrderingMessage } from '../../../wire/ordering-messages.ts';
import type { Script, Scripted } from '../script.ts';

const THREE = { nodes: 3 } as const;
const FIVE = { nodes: 5 } as const;

export const LOGS: { readonly [name: string]: Scripted } = {
  'figure 8: an entry of an earlier ballot is not committed by counting (Raft §5.4.2)': {
    options: FIVE,
    play: figure8,
  },
  "ABA: a disk's answer about entries that were cut vouches for none that took their places (etcd raft)": {
    options: FIVE,
    play: aba,
  },
  'a follower with an uncommitted tail of its own catches up, however small the batches (yugabyte#32876)': {
    options: FIVE,
    play: (s) => {
      loneTail(s, 'eve', 3);
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan']);
      for (let batch = 0; batch < 20; batch++) s.submit('ann', 1);
      s.run(500);
      s.heal();
      s.untilAllAgree();
    },
  },
  'a frame that comes twice while the disk is slow is not acknowledged (yugabyte#32875)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      const seen: OrderingMessage[] = [];
      s.gate((_from, to, message) => {
        if (to === 'bob' && message.type === 'APPEND' && message.entries.length > 0) seen.push(message);
        return to === 'ann' ? 'drop' : 'pass';
      });
      s.stick('bob');
      s.submit('cat', 1);
      s.run(30);
      for (const message of seen) s.tell('bob', 'cat', message);
      s.run(30);
      s.loosen('bob');
      s.gate(null);
      s.untilAllAgree();
    },
  },
  'entries of a leader that fell alone are cut, and its readings are ordered once all the same': {
    options: FIVE,
    play: (s) => {
      loneTail(s, 'eve', 4);
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan']);
      s.commit('ann', 2);
      s.heal();
      s.until("eve's readings are ordered", () => s.orderedN('eve') === s.node('eve').lastN);
      s.untilAllAgree();
    },
  },
  'all lose their power in the midst of it and come back alone': {
    options: FIVE,
    play: (s) => {
      s.begin('eve');
      for (const name of ['ann', 'bob', 'eve']) s.submit(name, 3);
      s.run(2);
      for (const node of s.nodes) s.stage.world.crash(node, false);
      s.run(500);
      s.startAll();
      s.untilSomeLeads(['ann', 'bob', 'cat', 'dan', 'eve']);
      s.commit('cat', 1);
      s.untilAllAgree();
    },
  },
  'a candidate that took over a tail and dies before it is durable has promised nothing with it (Zab)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.isolate('ann');
      s.commit('cat', 3);
      s.crash('cat');
      s.heal();
      s.stick('ann', 'log');
      s.run(1_500);
      s.crash('ann');
      s.loosen('ann');
      s.start('ann', 'cat');
      s.untilSomeLeads(['bob', 'cat']);
      s.commit('ann', 1);
      s.untilAllAgree();
    },
  },
  'what one machine had not yet written when its power failed is still there (nats#7567)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.stick('ann');
      s.commit('cat', 5);
      s.stage.world.crash(s.node('ann'), false);
      s.loosen('ann');
      s.start('ann');
      s.run(100);
      s.crash('cat');
      s.untilLeads('bob');
      s.commit('ann', 1);
      s.start('cat');
      s.untilAllAgree();
    },
  },
  'rotten bytes on a minority that is up first decide nothing (nats#7556)': {
    options: { nodes: 5 },
    play: (s) => {
      s.begin('eve');
      for (const name of ['ann', 'bob', 'cat']) s.commit(name, 3);
      s.untilAllAgree();
      s.crash('ann', 'bob', 'cat', 'dan', 'eve');
      s.node('dan').rot(0.2);
      s.node('eve').rot(0.1);
      s.start('dan', 'eve');
      s.run(1_000);
      s.expect('nobody leads', s.leader === null);
      s.start('ann', 'bob', 'cat');
      s.commit('ann', 1);
      s.untilAllAgree();
      s.until('both are whole again', () => {
        return ['dan', 'eve'].every((name) => s.node(name).image.state?.damaged === false);
      });
    },
  },
  'rotten bytes on one disk cost nobody anything, and come back from the others (nats#7549)': {
    options: THREE,
    play: (s) => {
      s.begin('cat');
      s.commit('cat', 5);
      s.commit('ann', 5);
      s.crash('bob');
      s.node('bob').rot(0.3);
      s.start('bob');
      s.commit('ann', 1);
      s.untilAllAgree();
      s.until('bob is whole again', () => s.node('bob').image.state?.damaged === false);
      s.crash('cat');
      s.untilLeads('bob');
      s.commit('ann', 1);
    },
  },
};

/** The leader goes on taking readings in after nobody hears it any more. */
function loneTail(s: Script, name: string, batches: number): void {
  s.begin(name);
  s.commit('ann', 1);
  s.isolate(name);
  for (let batch = 0; batch < batches; batch++) s.submit(name, 1);
}

/**
 *        1   2        3          4
 *  dan   x   X/1      X/1        X/1 start/3   leads with the third ballot
 *  cat   x            start/2
 *  ann   x                       X/1           is sent X alone
 *  bob   x                       X/1           is sent X alone
 *
 * X stands on three disks of five and was not committed by its own leader: a log that ends in start/2 would still
 * win an election.
 */
function figure8(s: Script): void {
  s.begin('eve');
  s.commit('ann', 1);
  s.untilAllAgree();
  s.gate((from, to) => (from === 'eve' && to !== 'dan' ? 'drop' : 'pass'));
  s.submit('eve', 1);
  const place = s.node('eve').asked.last + 1;
  s.until('dan has the entry', () => s.node('dan').image.log.last === place);
  s.crash('eve');
  s.crash('dan');
  s.gate((from, _to, message) => (from === 'cat' && isAppend(message) ? 'drop' : 'pass'));
  s.until('cat leads', () => s.node('cat').leads !== null);
  s.until("cat's own entry is durable", () => s.node('cat').image.log.last >= place);
  s.crash('cat');
  s.start('dan');
  s.gate((from, _to, message) => (from === 'dan' && isAppend(message) ? 'drop' : 'pass'));
  s.until('dan leads', () => s.node('dan').leads !== null);
  const dan = s.node('dan');
  const ballot = must(dan.leads, 'dan leads');
  const entry = must(dan.asked.at(place), 'dan has the entry');
  const before = must(dan.asked.at(place - 1), 'and the one before');
  for (const name of ['ann', 'bob']) {
    s.tell(name, 'dan', {
      type: 'APPEND',
      group: must(dan.group, 'dan has a group'),
      identity: dan.identity,
      ballot,
      prevIndex: place - 1,
      prevBallot: before.ballot,
      prevChain: before.chain,
      entries: [entry],
      commitIndex: place - 1,
    });
  }
  s.run(100);
  s.crash('dan');
  s.gate(null);
  s.start('cat', 'eve');
  s.untilSomeLeads(['ann', 'bob', 'cat', 'eve']);
  s.commit('bob', 1);
  s.start('dan');
  s.untilAllAgree();
}

/** dan's disk answers for X after X has made way for Y, which the disk does not have yet. */
function aba(s: Script): void {
  s.begin('eve');
  s.commit('ann', 1);
  s.untilAllAgree();
  // So slow that a sync that has begun covers X alone.
  s.node('dan').disk.setSlowness(10_000);
  s.gate((from, to) => (from === 'eve' && to !== 'dan' ? 'drop' : 'pass'));
  s.submit('eve', 1);
  const place = s.node('eve').asked.last + 1;
  s.until('dan was asked to write X', () => s.node('dan').asked.last === place);
  s.crash('eve');
  s.gate((from, to) => (from === 'dan' || to === 'dan' ? 'drop' : 'pass'));
  s.untilSomeLeads(['ann', 'bob', 'cat']);
  s.commit('ann', 1);
  s.gate(null);
  s.until("dan was asked to write another entry in X's place", () => {
    const mine = s.node('dan').asked.at(place);
    return mine !== undefined && mine.ballot.peer !== 'eve';
  });
  s.expect("dan's disk has neither", s.node('dan').image.log.last < place);
  s.until("dan's disk has X", () => s.node('dan').image.log.last === place, 25_000);
  s.run(5);
  s.node('dan').disk.setSlowness(1);
  s.start('eve');
  s.commit('bob', 1);
  s.untilAllAgree();
}

function isAppend({ type }: OrderingMessage): boolean {
  return type === 'APPEND' || type === 'COORDINATOR';
}
