// When a quorum is lost for good: a new group goes on with the best log among the survivors. Its id is the next in
// the line of the former one's, so whoever comes back from that is a stranger to it, and joins it only as another disk. Never done without people, who
// are told what may be missing. SPEC rule OR50.

import { type Ballot, compareBallots, higherBallot, NO_BALLOT, nextBallot } from '../../model/ballot.ts';
import type { Base, Entry, EntryBody, OrderState, RecoveredLog } from '../../model/entry.ts';
import type { GroupId, GroupMember, GroupView } from '../../model/group-view.ts';
import { encodeEntry, NO_CHAIN } from '../../wire/entry.ts';
import { foundingBase } from './first-base.ts';
import { endOf, type LogEnd } from './log.ts';

export interface Survivor {
  readonly member: GroupMember;
  readonly state: OrderState;
  readonly log: RecoveredLog;
}

/** What a survivor's disk says of the group and of how far it is. */
export interface Remains {
  readonly group: GroupId;
  readonly view: GroupView;
  readonly lastBallot: Ballot;
  readonly lastIndex: number;
  /** Up to here it knows what was committed; what the group committed beyond may not be in this log. */
  readonly knownSequence: number;
  /** The last reading it has. */
  readonly lastSequence: number;
  /** The group had already gone into this one. */
  readonly into: GroupId | null;
}

export interface Regrouped {
  /** To be written down before anything else says so. */
  readonly state: OrderState;
  /** Behind the log's end: the group goes on under this ballot, with this survivor as its voter. */
  readonly entries: readonly Entry[];
}

/** The digits of a group's id that say how often it was begun anew. */
const LINE_DIGITS = 2;

/** Null: there is no later id in its line. */
export function successorOf(group: GroupId): GroupId | null {
  const times = Number.parseInt(group.slice(-LINE_DIGITS), 16) + 1;
  if (times >= 16 ** LINE_DIGITS) return null;
  return group.slice(0, -LINE_DIGITS) + times.toString(16).padStart(LINE_DIGITS, '0');
}

/** Whether `other` is what was begun anew of this group. */
export function isBegunAnew(group: GroupId, other: GroupId): boolean {
  return other > group && other.slice(0, -LINE_DIGITS) === group.slice(0, -LINE_DIGITS);
}

/** Null: this disk was never in a group. */
export function remainsOf({ state, log }: Pick<Survivor, 'state' | 'log'>): Remains | null {
  const base = baseOf({ state, log });
  if (base === null) return null;
  const floor = Math.max(log.floor, state.group === base.group ? state.floor : 0);
  let end: LogEnd = base;
  let { view } = base;
  let known = base.nextSequence - 1;
  let into: GroupId | null = null;
  for (const entry of log.entries) {
    end = endOf(entry);
    if (entry.body.kind === 'view') view = entry.body.view;
    if (entry.body.kind === 'dissolve') into = entry.body.into;
    if (entry.index <= floor) known = end.nextSequence - 1;
  }
  return {
    group: base.group,
    view,
    lastBallot: end.ballot,
    lastIndex: end.index,
    knownSequence: known,
    lastSequence: end.nextSequence - 1,
    into,
  };
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
  let end: LogEnd = endOfLog({ state, log });
  const { peer, priority, identity } = member;
  const ballot = nextBallot(higherBallot(state.promised, end.ballot), {
    peer,
    identity,
    priority: priority ?? 0,
  });
  const view = { voters: [member], learners: [], joint: null, tieBreak: false };
  const bodies: readonly EntryBody[] = [{ kind: 'epoch-start' }, { kind: 'view', view }];
  const entries = bodies.map((body) => {
    const head = { ballot, index: end.index + 1, firstSequence: end.nextSequence, count: 0, body };
    const entry = encodeEntry(head, end.chain);
    end = endOf(entry);
    return entry;
  });
  return {
    state: { group, promised: ballot, damaged: false, floor: end.index, founding: null },
    entries,
  };
}

function isBetter(a: Survivor, b: Survivor): boolean {
  const sound = Number(a.log.damaged.length === 0) - Number(b.log.damaged.length === 0);
  const [x, y] = [endOfLog(a), endOfLog(b)];
  return (sound || compareBallots(x.ballot, y.ballot) || x.index - y.index) > 0;
}

function endOfLog(survivor: Pick<Survivor, 'state' | 'log'>): LogEnd {
  const last = survivor.log.entries.at(-1);
  if (last !== undefined) return endOf(last);
  return baseOf(survivor) ?? { index: 0, ballot: NO_BALLOT, chain: NO_CHAIN, nextSequence: 1 };
}

function baseOf({ state, log }: Pick<Survivor, 'state' | 'log'>): Base | null {
  return log.base ?? foundingBase(state);
}
