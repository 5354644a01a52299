// Facts of the history plane: who leads, what the group is, and how far the order is sure. They are part of
// `Fact`; a union of their own, since the two planes share none.

import type { Ballot } from './ballot.ts';
import type { GroupId, GroupView } from './group-view.ts';
import type { Identity, PeerId } from './ids.ts';

/** How a leader came to lead. `reballot`: it led before and took a higher ballot, without a break. */
export type Accession = 'election' | 'transfer' | 'reballot';

/** What an operator's command came to. */
export type CommandOutcome =
  | { readonly ok: true }
  /** `retry`: the same command may succeed later. */
  | { readonly ok: false; readonly why: string; readonly retry: boolean };

export type OrderFact =
  /** Somebody knows another disk under this peer's id, of a later identity than its own: it was lost or restored. */
  | { readonly type: 'namesake-in-group'; readonly identity: Identity }
  /** This peer asks for votes: ELECTION was sent. */
  | { readonly type: 'election-started'; readonly ballot: Ballot; readonly why: string }
  /** A higher peer answered OK: it runs itself, and this one stands down for a while. */
  | { readonly type: 'election-ok'; readonly from: PeerId }
  /** An OK led to nothing; its sender is not listened to until it leads, or for a while. */
  | { readonly type: 'election-deaf'; readonly to: PeerId }
  /** This peer's log was behind, and it took over the longer tail of `from` before it claims to lead. */
  | { readonly type: 'election-synced'; readonly from: PeerId; readonly entries: number }
  | { readonly type: 'election-failed'; readonly ballot: Ballot; readonly why: string }
  /** A promise is durable and sent: PROMISE. */
  | { readonly type: 'promise-given'; readonly to: PeerId; readonly ballot: Ballot }
  /** This peer leads, from entry `index` on. */
  | {
      readonly type: 'became-leader';
      readonly group: GroupId;
      readonly ballot: Ballot;
      readonly how: Accession;
      readonly index: number;
    }
  /** Another peer announced that it leads: COORDINATOR. */
  | {
      readonly type: 'coordinator';
      readonly peer: PeerId;
      readonly ballot: Ballot;
      readonly how: Accession;
    }
  | { readonly type: 'leader-lost'; readonly peer: PeerId; readonly why: string }
  /** This peer led and does so no more. */
  | { readonly type: 'abdicated'; readonly ballot: Ballot; readonly why: string }
  | {
      readonly type: 'transfer';
      readonly to: PeerId;
      readonly step: 'started' | 'sent' | 'done' | 'failed';
      readonly why: string;
    }
  /** A peer lost its leadership or failed to take one over; for `holdMs` it is not given any. */
  | {
      readonly type: 'penalty';
      readonly peer: PeerId;
      readonly penalty: number;
      readonly holdMs: number;
    }
  /** This peer took part in the founding of its group, or heard of it, or joined one that existed. */
  | { readonly type: 'group-founded'; readonly group: GroupId; readonly view: GroupView }
  | { readonly type: 'group-joined'; readonly group: GroupId; readonly from: PeerId }
  /** The view in force changed: VIEW_CHANGE. `committed`: for good. */
  | {
      readonly type: 'group-view';
      readonly group: GroupId;
      readonly viewId: number;
      readonly view: GroupView;
      readonly committed: boolean;
    }
  /** Who of the group answers. */
  | { readonly type: 'group-present'; readonly present: readonly PeerId[] }
  /** Entries up to `index`, with readings up to `sequence`, are committed and durable here: deliver them. */
  | {
      readonly type: 'committed';
      readonly group: GroupId;
      readonly index: number;
      readonly sequence: number;
    }
  /** Own records of this identity up to `upto` are committed. */
  | { readonly type: 'own-committed'; readonly identity: Identity; readonly upto: number }
  /** Uncommitted entries above `after` left the log; their readings are still in their origins' outboxes. */
  | {
      readonly type: 'log-cut';
      readonly group: GroupId;
      readonly after: number;
      readonly last: number;
      readonly ballot: Ballot;
    }
  /** Readings from `fromSequence` to `toSequence` are gone from this peer's log and can't be had any more. */
  | {
      readonly type: 'history-gap';
      readonly group: GroupId;
      readonly fromSequence: number;
      readonly toSequence: number;
      readonly why: string;
    }
  /** Own records that exist nowhere any more were passed over. */
  | {
      readonly type: 'records-lost';
      readonly identity: Identity;
      readonly firstN: number;
      readonly lastN: number;
      readonly why: string;
    }
  | { readonly type: 'log-damaged'; readonly from: number; readonly to: number }
  | { readonly type: 'log-mended' }
  /** What must never be was seen. This peer takes no further part in the order until people have looked at it. */
  | { readonly type: 'safety-halt'; readonly why: string; readonly index: number }
  /** Entries of a format that this program does not know follow: it stops here and loses nothing. */
  | { readonly type: 'format-unknown'; readonly format: number; readonly known: number }
  /** Two groups of one site: the smaller seals its log, joins the larger and hands its readings on. */
  | {
      readonly type: 'group-merge';
      readonly group: GroupId;
      readonly into: GroupId;
      readonly step: 'sealed' | 'joined' | 'absorbed';
    }
  | { readonly type: 'command-done'; readonly ticket: number; readonly outcome: CommandOutcome }
  /** Whoever has everything up to `index` has all that was committed when it was asked. Null: nobody could say. */
  | { readonly type: 'read-point'; readonly ticket: number; readonly index: number | null };
