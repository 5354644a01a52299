// How edges pass messages on to other nodes. What comes from there is the fact `messages-received`. SPEC rules MQ9, MQ10.

import type { RelayMessage } from '../model/relay-message.ts';

export interface MessagePort {
  /** Whether a node beside this one wants messages of the topic. */
  wantedElsewhere(topic: string): boolean;
  /** To each node that wants them. `shares`: those served here already; of each other one node is chosen. */
  pass(messages: readonly RelayMessage[]): void;
  /** What is wanted here, in place of what was said before. */
  want(filters: readonly string[]): void;
  /** Every node that answers knows what is wanted here. */
  isKnown(): boolean;
}
