// Entries of the one order. The sequence of a reading is a pure function of the log before it: the same prefix,
// the same numbers. SPEC rules OR (entries).

import type { Ballot } from './ballot.ts';
import type { StreamName } from './durable.ts';
import type { GroupId, GroupView } from './group-view.ts';

/** Two checksums over the headers of a log's entries up to one of them: equal chains, equal prefixes. */
export interface Chain {
  readonly a: number;
  readonly b: number;
}

export interface Entry {
  readonly ballot: Ballot;
  /** Its place in the log, from 1. */
  readonly index: number;
  /** The sequence its first reading has; 1 + the readings of all entries before it. */
  readonly firstSequence: number;
  /** Readings in it, each with a sequence of its own. 0 for all but `data`. */
  readonly count: number;
  readonly body: EntryBody;
  /** The chain up to and with this entry. */
  readonly chain: Chain;
  /** The whole entry as it stands in every log and travels in every message; encoded once, by the leader. */
  readonly bytes: Uint8Array;
}

export type EntryBody =
  /** One batch of one producer, opaque here. `firstN..lastN` are all of its records, `count` those that are readings. */
  | {
      readonly kind: 'data';
      readonly producer: StreamName;
      readonly firstN: number;
      readonly lastN: number;
      /** An encoded batch (`wire/durable.ts`). */
      readonly payload: Uint8Array;
    }
  /** The producer's records `firstN..lastN` exist nowhere any more. */
  | {
      readonly kind: 'gap';
      readonly producer: StreamName;
      readonly firstN: number;
      readonly lastN: number;
      readonly reason: string;
    }
  /** The producer writes no more; its place in the table is kept. */
  | { readonly kind: 'retire'; readonly producer: StreamName }
  /** The first entry of every ballot. */
  | { readonly kind: 'epoch-start' }
  | { readonly kind: 'view'; readonly view: GroupView }
  /** Entries up to `upto` may be deleted by all. */
  | { readonly kind: 'trim'; readonly upto: number }
  /** This group's log ends here; its readings go on in another group's. */
  | { readonly kind: 'dissolve'; readonly into: GroupId }
  /** All readings of the named group's log up to `upto` are in this one. */
  | { readonly kind: 'absorbed'; readonly group: GroupId; readonly upto: number }
  /** Entries of format `version` may follow. */
  | { readonly kind: 'upgrade'; readonly version: number };

export type EntryKind = EntryBody['kind'];

/** How far the committed log has a producer. A function of the log. */
export interface ProducerRow extends StreamName {
  readonly lastN: number;
  readonly lastIndex: number;
  readonly retired: boolean;
}

/** Where each ballot's entries begin. */
export interface Epoch {
  readonly ballot: Ballot;
  readonly first: number;
}

/** All of a committed prefix that what follows depends on: small, because the log itself is the state. */
export interface Base {
  readonly group: GroupId;
  readonly index: number;
  readonly ballot: Ballot;
  readonly chain: Chain;
  readonly nextSequence: number;
  readonly view: GroupView;
  readonly viewId: number;
  readonly producers: readonly ProducerRow[];
  readonly epochs: readonly Epoch[];
  /** Groups that have gone into this one, oldest first; of very many the latest. */
  readonly absorbed: readonly GroupId[];
  /** The format of entries that may follow. */
  readonly version: number;
}

/** What a peer's disk held of the order at start. */
export interface RecoveredLog {
  /** The last base that was saved; null: the log begins at index 1. */
  readonly base: Base | null;
  /**
   * Bases before that one, at or above `start - 1`, oldest first: with the one at `start - 1` another peer can begin
   * at the oldest entry.
   */
  readonly earlier?: readonly Base[];
  /** The entries above the base, without a gap, as far as they are sound. */
  readonly entries: readonly Entry[];
  /** The oldest index that can still be read. */
  readonly start: number;
  /** The highest commit index that a durable record mentions. */
  readonly floor: number;
  /** What is not sound and was acknowledged once: to be fetched from others before this peer may vote. */
  readonly damaged: readonly { readonly from: number; readonly to: number }[];
}

/** What a peer must never forget of elections and its group. */
export interface OrderState {
  readonly group: GroupId | null;
  readonly promised: Ballot;
  /** The peer's own log has a hole; until it is mended it neither votes nor acknowledges. */
  readonly damaged: boolean;
  /** Never below what was delivered. */
  readonly floor: number;
  readonly founding: FoundingState | null;
}

/** Single-decree Paxos about the founding of a group. */
export interface FoundingState {
  readonly promised: Ballot;
  readonly accepted: { readonly ballot: Ballot; readonly group: GroupId; readonly view: GroupView } | null;
}
