// All that a protocol can do to the world is to leave a request here. The host carries requests out after the
// step, in order. What needs an answer gets it as an input of a later step.

import type { Address } from '../model/address.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId } from '../model/ids.ts';
import type { Message } from '../wire/messages.ts';

/** `stream`: framed, in order, over a pooled connection. `datagram`: one packet, for probes. Both may be lost. */
export type Channel = 'stream' | 'datagram';

/**
 * How the last connection to a peer ended. `closed`: the other side's system said so. `idle`: one of the two had too
 * many others in use and said so; it means nothing else.
 */
export type LinkLoss = 'closed' | 'silent' | 'failed' | 'idle';
/** Why nobody said HELLO at an address. `refused`: its system answered that nobody listens there. */
export type ContactFailure = 'refused' | 'timeout' | 'unreachable' | 'rejected';

export interface Outbox {
  /** May be lost, repeated, delayed or overtaken. The same message object may be sent to many. */
  send(to: PeerId, message: Message, channel: Channel): void;
  /** Dial whoever listens there and exchange HELLO. Answered by `link-up`, `namesake` or `contact-failed`. */
  contact(address: Address): void;
  /** Something happened here and cannot un-happen. */
  announce(fact: Fact): void;
}
