export interface ElectionOptions {
  /** A leader that was not heard for so long is suspected, and one that hears no quorum for so long gives up. */
  readonly suspectMs: number;
  /** How long a lost connection to the leader may take to come back before the leader is suspected. */
  readonly verifyMs: number;
  /** How much later each lower peer asks for votes. */
  readonly rankMs: number;
  /** How long an election's step (answers to a probe, an OK's COORDINATOR, promises) may take. */
  readonly okMs: number;
  /** How long a peer whose OK led to nothing is not listened to. */
  readonly deafMs: number;
  /** How long taking over another's tail before a claim may take. */
  readonly syncMs: number;
  /** How long a leader waits for the peer it hands its place to. */
  readonly transferMs: number;
  /** How long a higher peer is up and caught up before it is given the lead. */
  readonly stableMs: number;
  /** The least time between two transfers that nobody asked for. */
  readonly transferEveryMs: number;
  /** A higher peer's disk may be so many times slower than the leader's, no more. */
  readonly transferDiskFactor: number;
  /** A peer that lost the lead is given none for `holdMs`, doubled by each further loss. */
  readonly holdMs: number;
  readonly holdMsMax: number;
  readonly penaltyHalfLifeMs: number;
  /** Own pauses longer than this are nobody else's silence. */
  readonly stallMs: number;
}

export const ELECTION_DEFAULTS: ElectionOptions = {
  suspectMs: 500,
  verifyMs: 10,
  rankMs: 40,
  okMs: 300,
  deafMs: 30_000,
  syncMs: 1_000,
  transferMs: 300,
  stableMs: 10_000,
  transferEveryMs: 60_000,
  transferDiskFactor: 4,
  holdMs: 10_000,
  holdMsMax: 600_000,
  penaltyHalfLifeMs: 900_000,
  stallMs: 100,
};
