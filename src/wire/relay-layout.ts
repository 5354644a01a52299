// The layout of what nodes say to pass messages on. SPEC rules WR4, WR5, MQ9.

import { LIMITS } from '../model/limits.ts';
import type { RelayMessage } from '../model/relay-message.ts';
import { count, identity, text } from './nouns.ts';
import { opaque } from './order-nouns.ts';
import type { Life, RelayProtocolMessage } from './relay-messages.ts';
import { list, struct, type Variants } from './shape.ts';

const topic = text(LIMITS.mqttTopicBytesMax);
const life = struct<Life>({ identity, incarnation: count });
const message = struct<RelayMessage>({
  topic,
  body: opaque(LIMITS.relayMessageBytesMax),
  shares: list(topic, LIMITS.relaySharesMax),
});

export const RELAY_VARIANTS: Variants<RelayProtocolMessage, 'type'> = {
  INTEREST: [60, { version: count, filters: list(topic, LIMITS.interestFiltersMax) }],
  INTEREST_ACK: [61, { version: count }],
  PUBLISH: [62, { life, first: count, messages: list(message, LIMITS.relayMessagesMax) }],
  PUBLISH_ACK: [63, { life, upto: count }],
};
