// What peers say to each other. The names are those people see in logs, events and metrics. How a message
// becomes bytes is `codec.ts`; messages are plain values here, so that the simulator may pass them as they are.

import type { Address } from '../model/address.ts';
import type { StreamName } from '../model/durable.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { Rumour } from '../model/member.ts';
import type { Record } from '../model/reading.ts';
import type { OrderingMessage } from './ordering-messages.ts';
import type { RelayProtocolMessage } from './relay-messages.ts';

/** Raised with every change of a message's shape. A peer speaks all of [PROTOCOL_MIN, PROTOCOL]. */
export const PROTOCOL = 1;
export const PROTOCOL_MIN = 1;

export type Message =
  | MembershipMessage
  | ReplicationMessage
  | OrderingMessage
  | RelayProtocolMessage
  | AckMessage
  | ErrorMessage;

export type MembershipMessage =
  /** Who is here? Asked by a peer over each new link; answered by PEER_LIST. */
  | { readonly type: 'JOIN_REQUEST'; readonly self: Rumour }
  /** Claims about members: all that are known (`whole`), or news. */
  | { readonly type: 'PEER_LIST'; readonly whole: boolean; readonly rumours: readonly Rumour[] }
  /** Are you there? Rumours ride along (SWIM §4.1). `wallMs` is the sender's time of day. */
  | {
      readonly type: 'PING';
      readonly nonce: number;
      readonly wallMs: number;
      readonly rumours: readonly Rumour[];
    }
  | {
      readonly type: 'PONG';
      readonly nonce: number;
      readonly wallMs: number;
      readonly rumours: readonly Rumour[];
    }
  /** Ping `target` for me and pass its PONG on, with my nonce (SWIM §3.1, indirect probe). */
  | { readonly type: 'PING_REQUEST'; readonly nonce: number; readonly target: PeerId };

export function isMembershipMessage(message: Message): message is MembershipMessage {
  switch (message.type) {
    case 'JOIN_REQUEST':
    case 'PEER_LIST':
    case 'PING':
    case 'PONG':
    case 'PING_REQUEST':
      return true;
    default:
      return false;
  }
}

/** The peer that asks (JOIN_REQUEST … PING_REQUEST) is the sender; a relayed PONG names whom it speaks for. */
export type ReplicationMessage =
  /** Opens an exchange (SYN): my digest, and fresh readings riding along. Answered by GET_DELTA, or ACK when equal. */
  | { readonly type: 'GOSSIP_STATE'; readonly digest: Digest; readonly deltas: readonly Delta[] }
  /** Opens a digest-only exchange: answered by SENSOR_UPDATE (`pull`), or ACK when equal. */
  | { readonly type: 'GET_STATE'; readonly digest: Digest }
  /** Answers GOSSIP_STATE (SYNACK): what you lack by your digest, and my own digest, so that you send what I lack. */
  | { readonly type: 'GET_DELTA'; readonly digest: Digest; readonly deltas: readonly Delta[] }
  /** Deltas: fresh readings pushed at once, or the answer to a digest. `more`: the size limit cut them short. */
  | {
      readonly type: 'SENSOR_UPDATE';
      readonly source: 'push' | 'pull';
      readonly deltas: readonly Delta[];
      readonly more: boolean;
    }
  /** Asked by a peer that has nothing yet, or resumed with what it has by now. */
  | { readonly type: 'FULL_SYNC_REQUEST'; readonly digest: Digest }
  | { readonly type: 'FULL_SYNC_RESPONSE'; readonly deltas: readonly Delta[]; readonly more: boolean }
  /** A digest asked below what a stream still has (tombstones dropped): forget these streams and ask from 0. */
  | { readonly type: 'DELTA_UNAVAILABLE'; readonly streams: readonly StreamName[] };

/** Nothing to give and nothing to ask: the exchange `of` that kind is complete. */
export interface AckMessage {
  readonly type: 'ACK';
  readonly of: 'GOSSIP_STATE' | 'GET_STATE' | 'FULL_SYNC_REQUEST';
}

export const ERROR_CODES = [
  'wrong_site',
  'wrong_version',
  'malformed',
  'oversize',
  'unknown_message',
  'duplicate_node',
  'busy',
  'silent',
  'not_welcome',
  'idle',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Answers whatever was refused. */
export interface ErrorMessage {
  readonly type: 'ERROR';
  readonly code: ErrorCode;
  readonly reason: string;
}

/** The first frame on every connection, each way, before any Message; a refusal is an ERROR instead. */
export interface Hello {
  readonly type: 'HELLO';
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly site: string;
  readonly peer: PeerId;
  readonly identity: Identity;
  readonly incarnation: number;
  readonly address: Address;
  readonly apiPort: number;
  readonly zone: string;
  /** Drawn at each start of a process (16 hex digits): tells a node from its namesake. */
  readonly instance: string;
  /** Since when the process runs; of two namesakes the one that has run longer stays. */
  readonly uptimeMs: number;
}

/**
 * What a peer has of each stream, in as few bytes as there is reason for. `root`: a hash over all of it, for peers
 * that expect to be equal. `buckets`: a hash of each bucket of streams, for those that expect few differences.
 * `places`: of some buckets all watermarks, without names. `entries`: watermarks by name, sorted by (origin,
 * identity) and complete for every stream `s` with `after < s <= until` (stream keys, '' = no bound) that is in one
 * of `buckets` (none: in any but the attic), so that a stream in that range and not listed is one the sender lacks.
 */
export type Digest =
  | { readonly kind: 'root'; readonly hash: number }
  | { readonly kind: 'buckets'; readonly root: number; readonly hashes: readonly number[] }
  | {
      readonly kind: 'places';
      /** The hash of the bucket of those that are away for long. */
      readonly attic: number;
      readonly parts: readonly DigestPart[];
    }
  | {
      readonly kind: 'entries';
      readonly after: string;
      readonly until: string;
      readonly buckets: readonly number[];
      readonly entries: readonly DigestEntry[];
    };

/** All of `span` buckets, from `bucket` on: who lists the same streams, by the hash of their names, knows whose watermarks these are. */
export interface DigestPart {
  readonly bucket: number;
  readonly span: number;
  readonly directory: number;
  /** Bucket by bucket, in the order of the streams' names. */
  readonly uptos: readonly number[];
}

export interface DigestEntry extends StreamName {
  /** Every change of the stream with `n <= upto` is known here, or has been superseded. */
  readonly upto: number;
  /** The origin has been away for so long that the stream is in the attic. */
  readonly retired: boolean;
}

/**
 * Changes of one stream, in rising `n`, superseded ones left out: who has everything up to `after` and
 * applies these has everything up to `upto`.
 */
export interface Delta extends StreamName {
  readonly after: number;
  readonly upto: number;
  /** Tombstones up to here were dropped: who has less than this must start the stream anew. */
  readonly droppedUpto: number;
  readonly records: readonly Record[];
}
