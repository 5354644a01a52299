// What a quorum is, said a second time and independently of the protocol, for those that judge it. SPEC rules SM51,
// SM57.

import type { GroupMember, GroupView } from '../../model/group-view.ts';

export function isQuorum(view: GroupView, has: (member: GroupMember) => boolean): boolean {
  return (
    isHalf(view.voters, view.tieBreak, has) && (view.joint === null || isHalf(view.joint, view.tieBreak, has))
  );
}

/** A majority; or, with the tie-break, exactly half of them with the highest among those. */
function isHalf(
  voters: readonly GroupMember[],
  tieBreak: boolean,
  has: (member: GroupMember) => boolean,
): boolean {
  const count = voters.filter(has).length;
  if (2 * count > voters.length) return true;
  return tieBreak && voters.length > 0 && 2 * count === voters.length && has(highest(voters));
}

export function highest(voters: readonly GroupMember[]): GroupMember {
  return voters.reduce((best, voter) => (isAbove(voter, best) ? voter : best));
}

function isAbove(a: GroupMember, b: GroupMember): boolean {
  const [low, high] = [b.priority ?? Number.NEGATIVE_INFINITY, a.priority ?? Number.NEGATIVE_INFINITY];
  return high !== low ? high > low : a.peer > b.peer;
}
