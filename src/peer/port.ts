// How a host carries a peer: inputs go in, requests come out. A host is the real one (sockets, files, one
// timer) or the simulator.

import type { Address } from '../model/address.ts';
import type { Batch, HardState, KnownAddress, ReceiptKey, Snapshot } from '../model/durable.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { Rumour } from '../model/member.ts';
import type { Reading } from '../model/reading.ts';
import type { RelayMessage } from '../model/relay-message.ts';
import type { OrderRequests, OutboxBatch } from '../protocol/ordering/port.ts';
import type { Channel, ContactFailure, LinkLoss, Outbox } from '../protocol/outbox.ts';
import type { Hello, Message } from '../wire/messages.ts';
import type { OrderInput } from './order-input.ts';

export type { OrderRequests } from '../protocol/ordering/port.ts';

export type Input =
  | OrderInput
  | { readonly type: 'wake' }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Message; readonly channel: Channel }
  /** A connection to `hello.peer` stands and both sides have said HELLO. */
  | { readonly type: 'link-up'; readonly hello: Hello }
  /** The last connection to `peer` ended. `closed`: the other side's system said so. */
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly cause: LinkLoss }
  /** The connection to `peer` takes no more for now, or takes again. */
  | { readonly type: 'link-busy'; readonly peer: PeerId; readonly busy: boolean }
  | { readonly type: 'contact-failed'; readonly address: Address; readonly cause: ContactFailure }
  /** Another process says HELLO with this peer's own id. */
  | { readonly type: 'namesake'; readonly hello: Hello }
  /** Discovery heard a peer say where it listens. */
  | { readonly type: 'discovered'; readonly address: Address }
  /** Readings that came in here. `ticket` comes back in `submit-stored` or `submit-refused`. */
  | {
      readonly type: 'submit';
      readonly ticket: number;
      readonly readings: readonly Reading[];
      readonly receipt?: ReceiptKey;
    }
  /** Messages that came in here, for all nodes that want them. */
  | { readonly type: 'pass-on'; readonly messages: readonly RelayMessage[] }
  /** Which messages of other nodes are wanted here. */
  | { readonly type: 'interest'; readonly filters: readonly string[] }
  | { readonly type: 'forget'; readonly ticket: number; readonly sensors: readonly SensorId[] }
  /**
   * The disk answered: this batch and all before it would survive a crash. `stored`: as it stands in the outbox, where
   * the peer takes part in the order.
   */
  | { readonly type: 'appended'; readonly batch: Batch; readonly stored?: OutboxBatch }
  | { readonly type: 'hard-state-saved'; readonly state: HardState }
  | { readonly type: 'snapshot-saved'; readonly snapshot: Snapshot }
  /** The host was stopped or busy for this long and noticed only now. */
  | { readonly type: 'stalled'; readonly forMs: number }
  /**
   * Before the start is durable, and only in simulations, which begin in the middle of a site's life: these are
   * members, they know of this peer, and have a connection to it if `linked`.
   */
  | { readonly type: 'joined'; readonly members: readonly Rumour[]; readonly linked: boolean }
  /** Say goodbye. */
  | { readonly type: 'leave' };

export interface PeerOutbox extends Outbox {
  /** Null where the peer takes no part in the order. */
  readonly order: OrderRequests | null;
  /** Answered by `appended`, in the order of the requests. */
  append(batch: Batch): void;
  /** Answered by `hard-state-saved`. */
  saveHardState(state: HardState): void;
  /** Answered by `snapshot-saved`; the outbox may then be trimmed to what it does not cover. */
  saveSnapshot(snapshot: Snapshot): void;
  /** Not answered: nothing hangs on it but how soon a lost peer is found. */
  saveAddresses(addresses: readonly KnownAddress[]): void;
}
