// What peers say to each other about the one order: elections, the ordered multicast, views, catching up, and
// the founding of a group. The names are those of the bully and of group communication, as people see them in
// logs and events. SPEC rules EL and OR.
//
// All but VIEW_SYNC_REQUEST and FOUND_… carry the group they are about and the identity of the disk they come
// from: what another group or an earlier disk said never counts, however late it arrives.

import type { Ballot } from '../model/ballot.ts';
import type { StreamName } from '../model/durable.ts';
import type { Chain, Entry, Epoch } from '../model/entry.ts';
import type { GroupId, GroupMember, GroupView } from '../model/group-view.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { Accession } from '../model/order-fact.ts';

interface Head {
  readonly group: GroupId;
  /** The sender's. */
  readonly identity: Identity;
}

export type OrderingMessage = ElectionMessage | ReplicateMessage | ViewMessage | FoundingMessage;

export type ElectionMessage =
  /**
   * `probe`: would you let me lead under this ballot? It changes no state anywhere. The others claim the ballot:
   * after a quorum's YES, at the leader's request (`transfer`), or as the leader itself (`reballot`).
   */
  | (Head & {
      readonly type: 'ELECTION';
      readonly kind: 'probe' | 'claim' | 'transfer' | 'reballot';
      readonly ballot: Ballot;
      readonly lastBallot: Ballot;
      readonly lastIndex: number;
    })
  /** Stand down, I am higher and run myself. `ballot` in answers is the one that was asked for. */
  | (Head & ElectionAnswer & { readonly type: 'OK' })
  | (Head & ElectionAnswer & { readonly type: 'YES' })
  /** I hear a leader. */
  | (Head & ElectionAnswer & { readonly type: 'NO'; readonly leader: PeerId })
  /** My log is ahead of yours. `eligible`: I may lead, and see a quorum. */
  | (Head &
      ElectionAnswer & {
        readonly type: 'STALE';
        readonly lastBallot: Ballot;
        readonly lastIndex: number;
        readonly eligible: boolean;
      })
  /** Durable before it is sent: I take part in nothing below this ballot any more. */
  | (Head & { readonly type: 'PROMISE'; readonly ballot: Ballot })
  /** Answers a claim, or whatever came under a ballot below the one promised. */
  | (Head & ElectionAnswer & { readonly type: 'REFUSE' })
  /** The leader asks the receiver to claim at once; its log reaches `lastIndex`. */
  | (Head & { readonly type: 'TRANSFER'; readonly ballot: Ballot; readonly lastIndex: number });

export interface ElectionAnswer {
  readonly ballot: Ballot;
  readonly promised: Ballot;
}

export type ReplicateMessage =
  /** The first APPEND of a ballot: the leader announces itself. */
  | (Head & AppendBody & { readonly type: 'COORDINATOR'; readonly how: Accession; readonly viewId: number })
  /** The ordered multicast. `entries` follow the entry at `prevIndex`, which has this ballot and chain. */
  | (Head & AppendBody & { readonly type: 'APPEND' })
  /**
   * Everything of the sender's log up to `matchedIndex` is the leader's, and up to `durableIndex` it is on its
   * disk. `version` counts how often the sender's log was cut.
   */
  | (Head & {
      readonly type: 'APPEND_ACK';
      readonly ballot: Ballot;
      readonly matchedIndex: number;
      readonly durableIndex: number;
      readonly version: number;
    })
  /** I lack the entry at `prevIndex`, or have another one there. Where my ballots begin, and where my log ends. */
  | (Head & {
      readonly type: 'MISMATCH';
      readonly ballot: Ballot;
      readonly prevIndex: number;
      readonly lastIndex: number;
      readonly epochs: readonly Epoch[];
    })
  | (Head & {
      readonly type: 'HEARTBEAT';
      readonly ballot: Ballot;
      readonly viewId: number;
      /** Counts the leader's beats; the answer repeats it. */
      readonly beat: number;
      readonly commitIndex: number;
      readonly commitChain: Chain;
      readonly lastIndex: number;
      /** The oldest index that can be had. */
      readonly logStart: number;
      /** For how long the leader's disk has owed an answer. */
      readonly diskAgeMs: number;
    })
  | (Head & {
      readonly type: 'HEARTBEAT_ACK';
      readonly ballot: Ballot;
      readonly beat: number;
      readonly lastIndex: number;
      readonly matchedIndex: number;
      readonly durableIndex: number;
      readonly deliveredIndex: number;
      readonly version: number;
      readonly health: PeerHealth;
    })
  /** Records of one producer, in order, opaque to the leader. `lost`: they exist nowhere any more. */
  | (Head & {
      readonly type: 'SEQUENCER_REQUEST';
      readonly producer: StreamName;
      readonly firstN: number;
      readonly lastN: number;
      readonly content: SequencerContent;
      /** The group these come from, which has gone into this one; null: the sender's own, or not yet ordered. */
      readonly dissolved: GroupId | null;
    })
  | (Head & {
      readonly type: 'SEQUENCER_REPLY';
      readonly producer: StreamName;
      readonly answer: SequencerAnswer;
    })
  /**
   * Entries `from..to`, please, as far as they are committed. `sync`: of your whole log, from `from` on, what mine,
   * which ends at `to` and has these ballots, does not share.
   */
  | (Head & {
      readonly type: 'MISSING_SEQ_REQUEST';
      readonly nonce: number;
      readonly from: number;
      readonly to: number;
      readonly bytesMax: number;
      readonly sync: readonly Epoch[] | null;
    })
  /**
   * Entries that follow each other; several of these answer one request, the last with `more: false`. Without
   * `sync` in the request they are committed. `lastBallot` and `lastIndex`: the end of the sender's log.
   */
  | (Head & {
      readonly type: 'MISSING_SEQ_RESPONSE';
      readonly nonce: number;
      readonly entries: readonly Entry[];
      readonly more: boolean;
      readonly lastBallot: Ballot;
      readonly lastIndex: number;
      /** The highest ballot under which the sender knows of something committed. */
      readonly commitBallot: Ballot;
      readonly commitIndex: number;
      readonly logStart: number;
      /** Others are being served; ask somebody else. */
      readonly busy: boolean;
    })
  /** The base below your oldest entry, from byte `offset` on. `index`: of the base begun with, or -1. */
  | (Head & { readonly type: 'BASE_REQUEST'; readonly index: number; readonly offset: number })
  /** A part of an encoded base; `total` 0: I have none. */
  | (Head & {
      readonly type: 'BASE';
      readonly index: number;
      readonly offset: number;
      readonly total: number;
      readonly part: Uint8Array;
    })
  | (Head & { readonly type: 'READ_INDEX_REQUEST'; readonly nonce: number })
  /** -1: I do not lead. */
  | (Head & { readonly type: 'READ_INDEX_REPLY'; readonly nonce: number; readonly index: number });

export interface AppendBody {
  readonly ballot: Ballot;
  readonly prevIndex: number;
  readonly prevBallot: Ballot;
  readonly prevChain: Chain;
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
}

/** How fit a peer is to lead or vote, by its own word. */
export interface PeerHealth {
  /** The slowest of its recent disk answers. */
  readonly diskMs: number;
  readonly uptimeMs: number;
  /** Not damaged, not full, not leaving. */
  readonly eligible: boolean;
  readonly leaving: boolean;
  /** The newest format of entries it knows. */
  readonly format: number;
}

export type SequencerContent =
  | { readonly kind: 'batch'; readonly readings: number; readonly payload: Uint8Array }
  | { readonly kind: 'lost'; readonly reason: string }
  /** The producer writes no more; `firstN` and `lastN` are its last. */
  | { readonly kind: 'retire' }
  /** All records of the group `of`, whose log ends at `upto`, were handed over. */
  | { readonly kind: 'absorbed'; readonly of: GroupId; readonly upto: number };

export type SequencerAnswer =
  /** In the log up to `ordered`, for good up to `committed`. `credit`: batches that may be under way. */
  | {
      readonly kind: 'ordered';
      readonly ordered: number;
      readonly committed: number;
      readonly credit: number;
    }
  /** This n is next; what you sent begins elsewhere. */
  | { readonly kind: 'expect'; readonly n: number; readonly committed: number }
  | { readonly kind: 'busy'; readonly retryMs: number }
  | { readonly kind: 'not-coordinator'; readonly hint: PeerId | null }
  /** The producer was retired at `n`. */
  | { readonly kind: 'retired'; readonly n: number }
  /** For good, that all of that group is here. */
  | { readonly kind: 'absorbed'; readonly of: GroupId };

export type ViewMessage =
  /** Which group is there? Said over each new link, and by who is in no view until it is. */
  | {
      readonly type: 'VIEW_SYNC_REQUEST';
      readonly group: GroupId | null;
      readonly member: GroupMember;
      /** With how many nodes the sender would found a group. */
      readonly expect: number;
      readonly format: number;
      /** Whether the sender would be a member. */
      readonly joins: boolean;
    }
  /** The group, its view in force and who of it answers. */
  | (Head & {
      readonly type: 'VIEW_CHANGE';
      readonly viewId: number;
      readonly view: GroupView;
      readonly leader: PeerId | null;
      readonly present: readonly PeerId[];
      readonly commitIndex: number;
      readonly logStart: number;
      /** The group that this one has gone into. */
      readonly dissolvedInto: GroupId | null;
      /** That one has all of this one's records. */
      readonly isAbsorbed: boolean;
      /** The group of whoever is told, when all of that is in this one. */
      readonly absorbed: GroupId | null;
    });

/** Single-decree Paxos about the group that the nodes of a site found. */
export type FoundingMessage =
  | { readonly type: 'FOUND_PREPARE'; readonly expect: number; readonly ballot: Ballot }
  | {
      readonly type: 'FOUND_PROMISE';
      readonly ballot: Ballot;
      readonly accepted: FoundingValue | null;
    }
  | {
      readonly type: 'FOUND_ACCEPT';
      readonly expect: number;
      readonly ballot: Ballot;
      readonly group: GroupId;
      readonly view: GroupView;
    }
  | { readonly type: 'FOUND_ACCEPTED'; readonly ballot: Ballot }
  | { readonly type: 'FOUND_REFUSE'; readonly ballot: Ballot; readonly promised: Ballot };

export interface FoundingValue {
  readonly ballot: Ballot;
  readonly group: GroupId;
  readonly view: GroupView;
}

const TYPES: ReadonlySet<string> = new Set<OrderingMessage['type']>([
  'ELECTION',
  'OK',
  'YES',
  'NO',
  'STALE',
  'PROMISE',
  'REFUSE',
  'TRANSFER',
  'COORDINATOR',
  'APPEND',
  'APPEND_ACK',
  'MISMATCH',
  'HEARTBEAT',
  'HEARTBEAT_ACK',
  'SEQUENCER_REQUEST',
  'SEQUENCER_REPLY',
  'MISSING_SEQ_REQUEST',
  'MISSING_SEQ_RESPONSE',
  'BASE_REQUEST',
  'BASE',
  'READ_INDEX_REQUEST',
  'READ_INDEX_REPLY',
  'VIEW_SYNC_REQUEST',
  'VIEW_CHANGE',
  'FOUND_PREPARE',
  'FOUND_PROMISE',
  'FOUND_ACCEPT',
  'FOUND_ACCEPTED',
  'FOUND_REFUSE',
]);

/** Whether a message is the history plane's. */
export function isOrderingMessage(message: { readonly type: string }): message is OrderingMessage {
  return TYPES.has(message.type);
}
