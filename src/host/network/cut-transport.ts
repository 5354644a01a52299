// A transport that can be cut off from some peers, for drills: what is for them is dropped, connections stay. Both
// sides of a cut need one. SPEC rule NW22.

import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import type { Introduction, Transport } from './transport.ts';

export class CutTransport implements Transport {
  readonly #inner: Transport;
  #from: ReadonlySet<PeerId> = new Set();

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  /** From here on nothing goes to these peers, and to all others again. */
  cut(from: readonly PeerId[]): void {
    this.#from = new Set(from);
  }

  send(to: PeerId, address: Address, message: Message, channel: Channel): void {
    if (!this.#from.has(to)) this.#inner.send(to, address, message, channel);
  }

  contact(address: Address): void {
    this.#inner.contact(address);
  }

  introduce(self: Introduction): void {
    this.#inner.introduce(self);
  }

  counters(): { readonly [name: string]: number } {
    return this.#inner.counters();
  }

  stop(): Promise<void> {
    return this.#inner.stop();
  }
}
