// The few words of the order that must never be forgotten. Promise, group, floor and founding are written together;
// a later state takes the place of an earlier one that is still on its way. SPEC rules EL2, OR11, OR54.

import { type Ballot, compareBallots, NO_BALLOT } from '../model/ballot.ts';
import type { OrderState } from '../model/entry.ts';
import type { RecoveredHistory } from '../protocol/ordering/machine.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';

export class HistoryWords {
  #wanted: OrderState;
  #saved: OrderState;

  constructor(state: OrderState) {
    this.#wanted = state;
    this.#saved = state;
  }

  get wanted(): OrderState {
    return this.#wanted;
  }

  get saved(): OrderState {
    return this.#saved;
  }

  remember(words: Partial<OrderState>, out: OrderingOutbox): void {
    const floor = Math.max(this.#wanted.floor, words.floor ?? 0);
    const isOther = words.group !== undefined && words.group !== this.#wanted.group;
    // Promises and floors are a group's.
    const afresh = isOther ? { promised: NO_BALLOT, floor: words.floor ?? 0 } : { floor };
    const wanted = { ...this.#wanted, ...words, ...afresh };
    if (isSame(wanted, this.#wanted)) return;
    this.#wanted = wanted;
    out.saveOrderState(wanted);
  }

  promise(ballot: Ballot, out: OrderingOutbox): void {
    if (compareBallots(ballot, this.#wanted.promised) > 0) this.remember({ promised: ballot }, out);
  }

  wasSaved(state: OrderState): void {
    this.#saved = state;
  }
}

/**
 * What of the words on a disk says something about the log on it. A process that ended while its peer went from one
 * group to another may have written down one without the other. (OR54)
 */
export function wordsOf({ state, log }: RecoveredHistory): OrderState {
  const { base } = log;
  if (base === null || state.group === base.group) return state;
  return { ...state, group: base.group, promised: NO_BALLOT, floor: 0 };
}

function isSame(a: OrderState, b: OrderState): boolean {
  return (
    a.group === b.group &&
    a.promised === b.promised &&
    a.damaged === b.damaged &&
    a.floor === b.floor &&
    a.founding === b.founding
  );
}
