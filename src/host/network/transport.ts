// The port to other peers: frames over pooled connections, datagrams for probes. Two implement it: sockets
// (`socket-transport.ts`) and memory (`memory-transport.ts`, for tests of the host). The simulator has a network of its own.

import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { TrustRefusal } from '../../model/trust-refusal.ts';
import type { Channel, ContactFailure, LinkLoss } from '../../protocol/outbox.ts';
import type { ErrorCode, Hello, Message } from '../../wire/messages.ts';

export interface Transport {
  /** Never waits. A message that finds no room or no connection in time is dropped and counted. */
  send(to: PeerId, address: Address, message: Message, channel: Channel): void;
  /** Dials whoever listens there, or uses the connection that stands. Answered by one of the events. */
  contact(address: Address): void;
  /** What HELLO says from the next connection on. */
  introduce(self: Introduction): void;
  counters(): { readonly [name: string]: number };
  /** Resolves once every socket is closed. */
  stop(): Promise<void>;
}

/** The part of HELLO that changes during a run. */
export type Introduction = Pick<Hello, 'identity' | 'incarnation'>;

export interface TransportEvents {
  received(from: PeerId, message: Message, channel: Channel): void;
  linkUp(hello: Hello): void;
  linkDown(peer: PeerId, cause: LinkLoss): void;
  /** True when what waits to be sent to `peer` passes half of what may wait, false when it has drained. */
  linkBusy(peer: PeerId, busy: boolean): void;
  contactFailed(address: Address, cause: ContactFailure): void;
  namesake(hello: Hello): void;
  /** Somebody was refused, or refused us: `where` is its address, `peer` its id as far as known. */
  refused(where: string, code: ErrorCode, reason: string): void;
  /** Somebody was kept out, or what came in somebody's name was. `named`: whom it says, or is known, to be. */
  distrusted(where: string, why: TrustRefusal, named: PeerId | null): void;
}
