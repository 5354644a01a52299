// The group that keeps one order: who votes, who learns. Views are entries of the log and change only through
// it. SPEC rules OR (views).

import type { Address } from './address.ts';
import type { Identity, PeerId } from './ids.ts';

/** 16 hex digits, drawn when a group is founded. Sequences belong to a group. */
export type GroupId = string;

/** A voter or learner is a peer with one disk: a peer with another identity is another member of the group. */
export interface GroupMember {
  readonly peer: PeerId;
  readonly identity: Identity;
  /** Orders those who may lead; null: never leads (a witness). */
  readonly priority: number | null;
  readonly address: Address;
}

/** Which of the peer's own members may stand for election, and how the rest follows. */
export type GroupRole = 'voter' | 'learner' | 'witness' | 'stranger';

export interface GroupView {
  readonly voters: readonly GroupMember[];
  readonly learners: readonly GroupMember[];
  /** While the voters change: those to come. Decisions need a quorum of both. */
  readonly joint: readonly GroupMember[] | null;
  /** Even views: exactly half suffices if the highest voter is in it. */
  readonly tieBreak: boolean;
}

/** What a peer shows of the history plane. */
export interface OrderView {
  readonly group: GroupId | null;
  /** The index of the entry that brought the view; 0 before there is one. */
  readonly viewId: number;
  readonly role: GroupRole;
  readonly leader: PeerId | null;
  readonly ballot: { readonly round: number; readonly peer: PeerId } | null;
  readonly voters: readonly PeerId[];
  readonly learners: readonly PeerId[];
  /** Members of the view that answer at present. */
  readonly present: readonly PeerId[];
  /** Whether this peer leads with a quorum, or hears a leader that holds one. */
  readonly quorum: boolean;
  /** The highest committed sequence known here. */
  readonly watermark: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  /** Own records stored here and not yet known committed. */
  readonly outbox: number;
}
