// Frames of those who have no say: another group, an identity that no longer is, a peer nobody knows. Whatever
// they claim, they change nothing. SPEC rule SM62.

import type { Ballot } from '../../model/ballot.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import type { FaultEvent } from './faults.ts';
import type { OrderNode } from './node.ts';
import type { OrderWorld } from './world.ts';

const NOBODY = { birth: 1, random: 'feedfacefeedface' };
const NO_GROUP_OF_OURS = 'badc0ffeebadc0ff';

export class Strangers {
  readonly #world: OrderWorld;

  constructor(world: OrderWorld) {
    this.#world = world;
  }

  send(event: FaultEvent, to: OrderNode): void {
    const from = this.#world.node(event.b % this.#world.nodes.length);
    if (from === to || !to.up || to.paused || to.group === null) return;
    const isOtherGroup = event.unit < 0.5;
    const head = {
      group: isOtherGroup ? NO_GROUP_OF_OURS : to.group,
      identity: isOtherGroup ? from.identity : NOBODY,
    };
    const round = 1_000_000;
    const ballot: Ballot = { round, priority: 0, peer: from.peer, identity: head.identity };
    this.#world.watcher.fault(`a stranger speaks to ${to.peer} as ${from.peer}`);
    for (const message of claims(head, ballot)) {
      const before = { asked: to.requests, leads: to.leads, commit: to.commitIndex };
      to.receive(from, message);
      if (to.requests !== before.asked || to.leads !== before.leads || to.commitIndex !== before.commit) {
        this.#world.problem('strangers change nothing', to, `acts on a ${message.type} of a stranger`);
      }
    }
  }
}

function claims(
  head: { readonly group: string; readonly identity: Ballot['identity'] },
  ballot: Ballot,
): readonly OrderingMessage[] {
  const chain = { a: 1, b: 1 };
  const lastIndex = 1_000_000;
  return [
    { ...head, type: 'ELECTION', kind: 'claim', ballot, lastBallot: ballot, lastIndex },
    { ...head, type: 'ELECTION', kind: 'transfer', ballot, lastBallot: ballot, lastIndex },
    { ...head, type: 'TRANSFER', ballot, lastIndex },
    { ...head, type: 'REFUSE', ballot, promised: ballot },
    { ...head, type: 'PROMISE', ballot },
    { ...head, type: 'APPEND_ACK', ballot, matchedIndex: lastIndex, durableIndex: lastIndex, version: 0 },
    {
      ...head,
      type: 'HEARTBEAT',
      ballot,
      viewId: 1,
      beat: 1,
      commitIndex: lastIndex,
      commitChain: chain,
      lastIndex,
      logStart: 1,
      diskAgeMs: 0,
    },
    {
      ...head,
      type: 'APPEND',
      ballot,
      prevIndex: 0,
      prevBallot: ballot,
      prevChain: chain,
      entries: [],
      commitIndex: lastIndex,
    },
  ];
}
