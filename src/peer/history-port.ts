// What an election asks for, carried to the ordering and to the host of the step under way.

import type { OrderFact } from '../model/order-fact.ts';
import type { Now } from '../model/time.ts';
import type { ElectionPort } from '../protocol/election/standing.ts';
import type { Ordering } from '../protocol/ordering/machine.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';
import type { HistoryWords } from './history-words.ts';

/** The step under way; a machine is only ever entered with one. */
export interface HistoryStep {
  now: Now;
  out: OrderingOutbox | null;
}

export function electionPort(
  step: HistoryStep,
  ordering: Ordering,
  words: HistoryWords,
  announce: (fact: OrderFact) => void,
): ElectionPort {
  const within = (act: (out: OrderingOutbox) => void): void => {
    if (step.out !== null) act(step.out);
  };
  return {
    send: (to, message) => within((out) => out.send(to, message, 'stream')),
    announce,
    savePromise: (ballot) => within((out) => words.promise(ballot, out)),
    lead: (ballot, how) => within((out) => ordering.lead(ballot, how, step.now, out)),
    unlead: () => within((out) => ordering.unlead(step.now, out)),
    hold: (isHeld) => ordering.hold(isHeld),
    sync: (peer) => within((out) => ordering.log?.syncFrom(peer, out)),
    endSync: () => ordering.log?.endSync(),
  };
}
