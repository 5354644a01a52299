// A transport that makes the network behind another one worse: messages are late or lost on their way out, as a
// demo or a test asks. What goes to one peer over the stream stays in order. SPEC rule NW15.

import type { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import { Counters } from './counters.ts';
import type { Introduction, Transport } from './transport.ts';

export interface FaultOptions {
  readonly delayMs: number;
  /** The delay varies by this much, both ways. */
  readonly jitterMs: number;
  readonly spikeProb: number;
  /** What a spike adds to the delay. */
  readonly spikeMs: number;
  readonly lossProb: number;
}

interface Delayed {
  readonly timer: NodeJS.Timeout;
  readonly send: () => void;
}

export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #options: FaultOptions;
  readonly #random: Random;
  readonly #counters = new Counters();
  /** In the order in which they were sent. */
  readonly #delayed = new Set<Delayed>();
  /** When the latest stream message to a peer leaves; the next one does not leave before. */
  readonly #streamLeavesAtMs = new Map<PeerId, number>();
  /** Timers of one moment fire in any order, so each lets the oldest message to that peer leave. */
  readonly #streams = new Map<PeerId, (() => void)[]>();
  /** What a drill adds to every delay. */
  #addedMs = 0;

  constructor(inner: Transport, options: FaultOptions, random: Random) {
    this.#inner = inner;
    this.#options = options;
    this.#random = random;
  }

  /** From here on everything leaves so much later than the options say. */
  slowBy(addedMs: number): void {
    this.#addedMs = addedMs;
  }

  send(to: PeerId, address: Address, message: Message, channel: Channel): void {
    if (this.#random.chance(this.#options.lossProb)) {
      this.#counters.bump('peer_messages_lost_by_fault_total');
      return;
    }
    if (this.#delayed.size >= LIMITS.delayedMessagesMax) {
      this.#counters.bump('peer_messages_dropped_delayed_total');
      return;
    }
    const send = (): void => this.#inner.send(to, address, message, channel);
    if (channel === 'datagram') this.#sendIn(this.#delay(), send);
    else this.#sendInOrder(to, send);
  }

  contact(address: Address): void {
    if (this.#delayed.size >= LIMITS.delayedMessagesMax) return;
    this.#sendIn(this.#delay(), () => this.#inner.contact(address));
  }

  introduce(self: Introduction): void {
    this.#inner.introduce(self);
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#inner.counters(), ...this.#counters.all() };
  }

  /** What is still held back leaves at once. */
  stop(): Promise<void> {
    for (const { timer, send } of this.#delayed) {
      clearTimeout(timer);
      send();
    }
    this.#delayed.clear();
    return this.#inner.stop();
  }

  #sendInOrder(to: PeerId, send: () => void): void {
    const nowMs = performance.now();
    const leavesAtMs = Math.max(nowMs + this.#delay(), this.#streamLeavesAtMs.get(to) ?? 0);
    this.#streamLeavesAtMs.set(to, leavesAtMs);
    const stream = this.#streams.get(to) ?? [];
    this.#streams.set(to, stream);
    stream.push(send);
    this.#sendIn(leavesAtMs - nowMs, () => stream.shift()?.());
  }

  #delay(): number {
    const { delayMs, jitterMs, spikeProb, spikeMs } = this.#options;
    const spike = this.#random.chance(spikeProb) ? spikeMs : 0;
    return Math.max(0, delayMs + this.#random.between(-jitterMs, jitterMs)) + spike + this.#addedMs;
  }

  #sendIn(delayMs: number, send: () => void): void {
    if (delayMs <= 0) {
      send();
      return;
    }
    const delayed: Delayed = {
      send,
      timer: setTimeout(() => {
        this.#delayed.delete(delayed);
        send();
      }, delayMs),
    };
    this.#delayed.add(delayed);
  }
}
