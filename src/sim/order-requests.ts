// What the history plane of a whole peer asks of its machine's disk, and the answers. The order is kept in the same
// queue as everything else, so a crash keeps a random beginning of all. SPEC rules SM2, SM4.

import { AssertionError } from '../kit/assert.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import type { Identity } from '../model/ids.ts';
import type { OrderInput } from '../peer/order-input.ts';
import type { LogRead, OrderRequests, OutboxRead } from '../protocol/ordering/port.ts';
import type { OrderImage, OrderWrite } from './order/image.ts';

/** The machine under one life of a peer. */
export interface OrderHost {
  /** What is durable of the order. */
  image(): OrderImage;
  /** Done in order; null is not answered. */
  write(write: OrderWrite, answer: OrderInput | null): void;
  /** Answers after the time that a read takes. */
  read(answer: () => OrderInput): void;
}

export class SimOrderRequests implements OrderRequests {
  readonly #host: OrderHost;
  /** The order as it will stand once all that was asked for is done. */
  readonly #asked: OrderImage;

  constructor(host: OrderHost) {
    this.#host = host;
    this.#asked = host.image().copy();
  }

  saveOrderState(state: OrderState): void {
    this.#write({ type: 'state', state }, { type: 'order-state-saved', state });
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    const last = entries.at(-1);
    if (last === undefined) throw new AssertionError('an append has entries');
    const answer: OrderInput = { type: 'log-appended', upto: last.index, version };
    this.#write({ type: 'append', entries, version, floor }, answer);
  }

  cutLog(after: number, version: number): void {
    this.#write({ type: 'cut', after, version }, null);
  }

  saveBase(base: Base): void {
    this.#write({ type: 'base', base }, { type: 'base-saved', base });
  }

  /** This disk loses nothing of which it remembers a base. */
  mendLog(entries: readonly Entry[]): void {
    const [from, to] = [entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
    this.#host.read(() => ({ type: 'disk-state', state: { from, to, is: 'mended' } }));
  }

  trimLog(upto: number): void {
    this.#write({ type: 'trim', upto }, null);
  }

  /** Entries that are durable, and were not taken back meanwhile. */
  readLog({ id, from, to, bytesMax }: LogRead): void {
    this.#host.read(() => {
      const entries: Entry[] = [];
      let bytes = 0;
      for (let index = from; index <= to; index++) {
        const entry = this.#host.image().log.at(index);
        if (entry === undefined || entry !== this.#asked.log.at(index)) break;
        bytes += entry.bytes.length;
        if (entries.length > 0 && bytes > bytesMax) break;
        entries.push(entry);
      }
      return { type: 'log-read', id, entries };
    });
  }

  readOutbox({ id, identity, fromN, bytesMax }: OutboxRead): void {
    this.#host.read(() => {
      const batches = this.#host.image().readBatches(identity, fromN, bytesMax);
      return { type: 'outbox-read', id, batches };
    });
  }

  ordered(identity: Identity, upto: number): void {
    this.#host.write({ type: 'ordered', identity, upto }, null);
  }

  #write(write: OrderWrite, answer: OrderInput | null): void {
    this.#asked.keep(write);
    this.#host.write(write, answer);
  }
}
