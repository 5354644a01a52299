// When a quorum is lost for good: a new group begins behind the best log among the survivors. Its id is another one,
// so whoever comes back from the lost group is a stranger to it and joins as a learner. Never done without people,
// who are told what may be missing. SPEC rule OR50.

import { must } from '../../kit/assert.ts';
import { type Ballot, compareBallots, NO_BALLOT } from '../../model/ballot.ts';
import type { Base, OrderState, RecoveredLog } from '../../model/entry.ts';
import type { GroupId, GroupMember } from '../../model/group-view.ts';
import { Epochs } from './epochs.ts';
import { endOf } from './log.ts';
import { Producers } from './producers.ts';

export interface Survivor {
  readonly member: GroupMember;
  readonly state: OrderState;
  readonly log: RecoveredLog;
}

export interface Regrouped {
  readonly state: OrderState;
  readonly base: Base;
  /** Readings above this sequence may have been committed without this survivor: it can't know. */
  readonly knownSequence: number;
  /** The last reading that the new group has. */
  readonly lastSequence: number;
}

/** Of all survivors, not only of one: the log with the last ballot, then the longest. Damaged ones come last. */
export function bestSurvivor(survivors: readonly Survivor[]): Survivor | null {
  return survivors.reduce<Survivor | null>(
    (best, one) => (best === null || isBetter(one, best) ? one : best),
    null,
  );
}

/** The survivor goes on alone, as the first voter of `group`; its whole log counts as committed. */
export function regroup({ member, state, log }: Survivor, group: GroupId): Regrouped {
  const base = must(log.base, 'a survivor has a base');
  const producers = new Producers(base.producers);
  const epochs = new Epochs(base.epochs);
  let end = { index: base.index, ballot: base.ballot, chain: base.chain, nextSequence: base.nextSequence };
  let known = base.nextSequence - 1;
  for (const entry of log.entries) {
    producers.append(entry);
    producers.commit(entry);
    epochs.append(entry.ballot, entry.index);
    end = endOf(entry);
    if (entry.index <= Math.max(log.floor, state.floor)) known = end.nextSequence - 1;
  }
  const view = { voters: [member], learners: [], joint: null, tieBreak: false };
  return {
    state: { group, promised: state.promised, damaged: false, floor: end.index, founding: null },
    base: {
      ...end,
      group,
      view,
      viewId: end.index,
      producers: producers.rows(),
      epochs: epochs.rows,
      version: base.version,
    },
    knownSequence: known,
    lastSequence: end.nextSequence - 1,
  };
}

function isBetter(a: Survivor, b: Survivor): boolean {
  const sound = Number(a.log.damaged.length === 0) - Number(b.log.damaged.length === 0);
  const [x, y] = [endOfLog(a.log), endOfLog(b.log)];
  return (sound || compareBallots(x.ballot, y.ballot) || x.index - y.index) > 0;
}

function endOfLog({ base, entries }: RecoveredLog): { readonly ballot: Ballot; readonly index: number } {
  return entries.at(-1) ?? base ?? { ballot: NO_BALLOT, index: 0 };
}
