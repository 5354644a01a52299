// What nodes say to each other to pass messages on as they come. SPEC rules MQ9, MQ10.

import type { Identity } from '../model/ids.ts';
import type { RelayMessage } from '../model/relay-message.ts';

export type RelayProtocolMessage =
  /** Which messages are wanted here, in place of what was said before. Answered by INTEREST_ACK. */
  | { readonly type: 'INTEREST'; readonly version: number; readonly filters: readonly string[] }
  | { readonly type: 'INTEREST_ACK'; readonly version: number }
  /** Messages `first` … of those for this receiver, numbered from 1 in each life of the sender. */
  | {
      readonly type: 'PUBLISH';
      readonly life: Life;
      readonly first: number;
      readonly messages: readonly RelayMessage[];
    }
  | { readonly type: 'PUBLISH_ACK'; readonly life: Life; readonly upto: number };

/** A run of a peer's process. */
export interface Life {
  readonly identity: Identity;
  readonly incarnation: number;
}

export function isRelayMessage(message: { readonly type: string }): message is RelayProtocolMessage {
  return TYPES.has(message.type);
}

const TYPES: ReadonlySet<string> = new Set<RelayProtocolMessage['type']>([
  'INTEREST',
  'INTEREST_ACK',
  'PUBLISH',
  'PUBLISH_ACK',
]);
