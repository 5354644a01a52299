// Quorums of a view: which sets of voters may decide. Any two of one view share a voter, and so do those of two
// views that follow each other, because voters change by joint consensus (Raft §6). SPEC rules OR20, OR21.
//
// With the tie-break (dynamic linear voting, Jajodia and Mutchler 1990) exactly half of an even number of voters
// suffices if the highest is among them: two such halves share it, and a half with a majority exceeds the whole.

import { compareOwners } from '../../model/ballot.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import { sameIdentity } from '../../model/ids.ts';

export type Holds = (member: GroupMember) => boolean;

/** Whether those that `holds` names decide in this view. */
export function isQuorum(view: GroupView, holds: Holds): boolean {
  if (!decides(view.voters, view.tieBreak, holds)) return false;
  return view.joint === null || decides(view.joint, view.tieBreak, holds);
}

/** The highest number that a quorum has reached. */
export function reachedByQuorum(
  view: GroupView,
  quorum: (view: GroupView, holds: Holds) => boolean,
  reached: (member: GroupMember) => number,
): number {
  let best = 0;
  for (const member of votersOf(view)) {
    const candidate = reached(member);
    if (candidate > best && quorum(view, (other) => reached(other) >= candidate)) best = candidate;
  }
  return best;
}

/** Voters, and while they change those to come, each once. */
export function votersOf(view: GroupView): readonly GroupMember[] {
  const { joint, voters } = view;
  if (joint === null) return voters;
  return [...voters, ...joint.filter((member) => !voters.some((voter) => sameMember(voter, member)))];
}

export function sameMember(a: GroupMember, b: GroupMember): boolean {
  return a.peer === b.peer && sameIdentity(a.identity, b.identity);
}

/** Who decides a tie: the highest voter by priority, then by id. */
export function highestOf(voters: readonly GroupMember[]): GroupMember | undefined {
  let highest: GroupMember | undefined;
  for (const voter of voters) {
    if (highest === undefined || compareOwners(ranked(voter), ranked(highest)) > 0) highest = voter;
  }
  return highest;
}

function decides(voters: readonly GroupMember[], tieBreak: boolean, holds: Holds): boolean {
  let held = 0;
  for (const voter of voters) if (holds(voter)) held++;
  if (held * 2 > voters.length) return true;
  if (!tieBreak || held === 0 || held * 2 !== voters.length) return false;
  const highest = highestOf(voters);
  return highest !== undefined && holds(highest);
}

function ranked({ priority, peer, identity }: GroupMember) {
  return { priority: priority ?? Number.MIN_SAFE_INTEGER, peer, identity };
}
