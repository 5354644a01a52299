// The outbox of a peer's protocols during one step: requests go on to the host, facts wait until the step is done,
// so that no protocol is entered twice. SPEC rules PR11, PR15.

import { must } from '../kit/assert.ts';
import type { Address } from '../model/address.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import type { Fact } from '../model/fact.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { LogRead, OrderingOutbox, OrderRequests, OutboxRead } from '../protocol/ordering/port.ts';
import type { Channel } from '../protocol/outbox.ts';
import type { Message } from '../wire/messages.ts';
import type { PeerOutbox } from './port.ts';

export class StepOutbox implements OrderingOutbox {
  /** Told in order at the step's end. */
  readonly facts: Fact[] = [];
  #host: PeerOutbox | null = null;

  begin(host: PeerOutbox): void {
    this.#host = host;
  }

  end(): void {
    this.facts.length = 0;
    this.#host = null;
  }

  announce(fact: Fact): void {
    this.facts.push(fact);
  }

  send(to: PeerId, message: Message, channel: Channel): void {
    this.#host?.send(to, message, channel);
  }

  contact(address: Address): void {
    this.#host?.contact(address);
  }

  saveOrderState(state: OrderState): void {
    this.#order.saveOrderState(state);
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    this.#order.appendLog(entries, version, floor);
  }

  cutLog(after: number, version: number): void {
    this.#order.cutLog(after, version);
  }

  readLog(read: LogRead): void {
    this.#order.readLog(read);
  }

  saveBase(base: Base): void {
    this.#order.saveBase(base);
  }

  mendLog(entries: readonly Entry[]): void {
    this.#order.mendLog(entries);
  }

  trimLog(upto: number): void {
    this.#order.trimLog(upto);
  }

  readOutbox(read: OutboxRead): void {
    this.#order.readOutbox(read);
  }

  ordered(identity: Identity, upto: number): void {
    this.#order.ordered(identity, upto);
  }

  get #order(): OrderRequests {
    return must(this.#host?.order ?? null, 'who takes part in the order has a host that does');
  }
}
