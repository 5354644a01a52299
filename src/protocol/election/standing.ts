// What an election sees of everything else: how far the own log is, who votes, and what it may ask for. SPEC rules EL.

import type { Ballot } from '../../model/ballot.ts';
import type { GroupId, GroupMember, GroupRole } from '../../model/group-view.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Accession, OrderFact } from '../../model/order-fact.ts';
import type { ElectionMessage, PeerHealth } from '../../wire/ordering-messages.ts';

/** The peer's place in its group; asked anew at every step, because the log decides it. */
export interface Standing {
  readonly group: GroupId;
  readonly identity: Identity;
  readonly role: GroupRole;
  /** The end of the log, durable or not. */
  readonly lastBallot: Ballot;
  readonly lastIndex: number;
  /** Whether all of the log is on the disk. */
  readonly isDurable: boolean;
  /** The log has a hole: no vote, no word for others. */
  readonly isDamaged: boolean;
  /** Whole, with room on the disk, and not about to leave. */
  readonly isFit: boolean;
  /** Of the view in force, and while it changes of both. */
  readonly voters: readonly GroupMember[];
  /** Members without a vote yet: what they follow is this leader all the same. */
  readonly learners: readonly GroupMember[];
  isQuorum(holds: (member: GroupMember) => boolean): boolean;
  /** The slowest of the own disk's recent answers. */
  readonly diskMs: number;
  /** Those a leader could hand its place to. */
  heirs(): readonly Heir[];
}

export interface Heir {
  readonly member: GroupMember;
  /** Entries it lacks. */
  readonly lag: number;
  /** Since when it has lacked next to nothing; NEVER while it does not. */
  readonly caughtUpSinceMs: number;
  readonly health: PeerHealth | null;
  /** Whether it has answered of late. */
  readonly isPresent: boolean;
}

export interface ElectionPort {
  send(to: PeerId, message: ElectionMessage): void;
  announce(fact: OrderFact): void;
  /** Answered by `promiseSaved`. */
  savePromise(ballot: Ballot): void;
  /** This peer leads from here on. */
  lead(ballot: Ballot, how: Accession): void;
  /** It leads no more, or the leader it followed is gone. */
  unlead(): void;
  /** Lets nothing into the log while the place is handed over. */
  hold(isHeld: boolean): void;
  /** Take over the tail of this peer's log; answered by `synced`. */
  sync(peer: PeerId): void;
  endSync(): void;
}
