// The rules on which the safety of the order hangs, each a function, so that each can be seen, tested, and in the
// simulator broken by itself. SPEC rules OR10-OR29.

import { ok, type Result, refused } from '../../kit/result.ts';
import type { Chain, Entry } from '../../model/entry.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import { continues } from '../../wire/entry.ts';
import { type Holds, isQuorum } from './quorum.ts';

export interface OrderingRules {
  /** Whether the members that `holds` names decide. (OR20, OR21) */
  quorum(view: GroupView, holds: Holds): boolean;
  /** Whether a leader whose ballot begins at `ownFirst` may commit what a quorum holds up to `reached`. (OR16) */
  mayCommit(ownFirst: number, reached: number): boolean;
  /** What a follower acknowledges: on its disk, and the leader's. (OR14) */
  acknowledged(durable: number, matched: number, appended: number): number;
  /** Whether a disk's answer to an append of log version `of` still says something. (OR15) */
  stillStands(of: number, version: number): boolean;
  /** Whether a log that ends at `before` is continued by the entry. (OR3) */
  continues(before: Chain, entry: Entry): boolean;
  /** Whether entries above `after` may leave a log of which `floor` is known committed. (OR12) */
  mayCut(after: number, floor: number): boolean;
  /** Whether an answer is one to the request under way. (OR32) */
  isAnswer(nonce: number, asked: number): boolean;
  /** The n that is next of a producer whose last one in the log is `lastN`. (OR17) */
  expects(lastN: number): number;
  /** Whether a leader may bring a view. (OR24) */
  mayChangeView(ownFirst: number, commitIndex: number, isSettled: boolean): boolean;
  /** The view that leads from the voters to others. (OR23) */
  towards(view: GroupView, voters: readonly GroupMember[]): GroupView;
  /** Whether entries up to `upto` go when the entry that says so, at `index`, is known committed up to `commitIndex`. (OR38) */
  mayTrim(index: number, commitIndex: number): boolean;
}

export const ORDERING_RULES: OrderingRules = {
  quorum: isQuorum,
  mayCommit: (ownFirst, reached) => reached >= ownFirst,
  acknowledged: (durable, matched) => Math.min(durable, matched),
  stillStands: (of, version) => of === version,
  continues,
  mayCut: (after, floor) => after >= floor,
  isAnswer: (nonce, asked) => nonce === asked,
  expects: (lastN) => lastN + 1,
  mayChangeView: (ownFirst, commitIndex, isSettled) => isSettled && commitIndex >= ownFirst,
  towards: (view, voters) => ({ ...view, joint: voters }),
  mayTrim: (index, commitIndex) => index <= commitIndex,
};

export type Unfit =
  /** The bytes do not continue the chain: damage on the way or at the sender. */
  | 'chain'
  /** An honest log never holds this. */
  | 'unsound'
  /** A newer program wrote it. */
  | 'format';

export function checked(fits: boolean, problem: Unfit): Result<true, Unfit> {
  return fits ? ok(true) : refused(problem);
}
