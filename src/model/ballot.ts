// Ballots: the right to lead, in an order that all share. Across rounds the round decides; within a round the
// higher peer beats the lower, which is the bully's rule (Garcia-Molina 1982). A ballot names its one possible
// owner, so no two peers can ever lead under the same one. SPEC rules EL1, EL2.

import { compareText } from '../kit/order.ts';
import { compareIdentities, type Identity, type PeerId, sameIdentity } from './ids.ts';

export interface Ballot {
  readonly round: number;
  readonly priority: number;
  readonly peer: PeerId;
  readonly identity: Identity;
}

/** Who may own ballots. */
export type BallotOwner = Omit<Ballot, 'round'>;

/** Below every ballot that anybody can own. */
export const NO_BALLOT: Ballot = {
  round: 0,
  priority: Number.MIN_SAFE_INTEGER,
  peer: '' as PeerId,
  identity: { birth: 0, random: '0000000000000000' },
};

export function compareBallots(a: Ballot, b: Ballot): number {
  return a.round - b.round || compareOwners(a, b);
}

/** Priority first, then the peer's id in byte order, then the identity. */
export function compareOwners(a: BallotOwner, b: BallotOwner): number {
  return (
    Math.sign(a.priority - b.priority) ||
    compareText(a.peer, b.peer) ||
    compareIdentities(a.identity, b.identity)
  );
}

export function higherBallot(a: Ballot, b: Ballot): Ballot {
  return compareBallots(a, b) > 0 ? a : b;
}

export function sameBallot(a: Ballot, b: Ballot): boolean {
  return (
    a.round === b.round &&
    a.priority === b.priority &&
    a.peer === b.peer &&
    sameIdentity(a.identity, b.identity)
  );
}

/** The lowest ballot of `owner` above `ballot`: in the same round where the owner is the higher one. */
export function nextBallot(ballot: Ballot, { priority, peer, identity }: BallotOwner): Ballot {
  const isHigher = ballot.round > 0 && compareOwners({ priority, peer, identity }, ballot) > 0;
  return { round: isHigher ? ballot.round : ballot.round + 1, priority, peer, identity };
}

/** For people: `7.node-3`. */
export function ballotText({ round, peer }: Ballot): string {
  return `${round}.${peer}`;
}
