// The rules on which the safety of elections hangs, each a function, so that each can be seen, tested, and in the
// simulator broken by itself. SPEC rules EL1-EL7.

import { type Ballot, compareBallots } from '../../model/ballot.ts';

export interface LogPlace {
  readonly lastBallot: Ballot;
  readonly lastIndex: number;
}

/** Which of two logs is newer: by the last ballot, then by length. */
export function compareLogs(a: LogPlace, b: LogPlace): number {
  return compareBallots(a.lastBallot, b.lastBallot) || a.lastIndex - b.lastIndex;
}

export interface Claim extends LogPlace {
  readonly kind: 'claim' | 'transfer' | 'reballot';
  readonly ballot: Ballot;
}

export interface VoterState extends LogPlace {
  readonly promised: Ballot;
  readonly isDamaged: boolean;
  readonly hearsLeader: boolean;
  /** The one who asks is the leader that is heard. */
  readonly isAskedByLeader: boolean;
}

export interface HigherState {
  readonly isHigher: boolean;
  readonly isVoter: boolean;
  readonly isDamaged: boolean;
  readonly isFit: boolean;
  readonly isHeld: boolean;
  readonly seesQuorum: boolean;
  /** Own log against the candidate's. */
  readonly ahead: number;
}

export interface ElectionRules {
  /** Whether a voter promises. (EL4) */
  grants(claim: Claim, voter: VoterState): boolean;
  /** How the own log stands against that of who asks: above 0, the own one is newer. (EL4) */
  ahead(own: LogPlace, theirs: LogPlace): number;
  /** Whether a higher peer answers OK and runs itself. (EL6) */
  standsUp(higher: HigherState): boolean;
  /** Whether what comes under `ballot` counts for who has promised `promised`. (EL3) */
  mayFollow(ballot: Ballot, promised: Ballot): boolean;
  /** Whether a promise may be told when the disk has `saved`. (EL2) */
  mayPromise(ballot: Ballot, saved: Ballot): boolean;
  /** Whether a leader whose transfer came to nothing lets entries in again. (EL14) */
  reopens(nowMs: number, untilMs: number): boolean;
}

export const ELECTION_RULES: ElectionRules = {
  grants: (claim, voter) =>
    compareBallots(claim.ballot, voter.promised) > 0 &&
    compareLogs(claim, voter) >= 0 &&
    !voter.isDamaged &&
    (!voter.hearsLeader || claim.kind === 'transfer' || (claim.kind === 'reballot' && voter.isAskedByLeader)),
  ahead: compareLogs,
  standsUp: ({ isHigher, isVoter, isDamaged, isFit, isHeld, seesQuorum, ahead }) =>
    isHigher && isVoter && !isDamaged && isFit && !isHeld && seesQuorum && ahead >= 0,
  mayFollow: (ballot, promised) => compareBallots(ballot, promised) >= 0,
  mayPromise: (ballot, saved) => compareBallots(saved, ballot) >= 0,
  reopens: (nowMs, untilMs) => nowMs >= untilMs,
};
