// The committed entries on this node's disk, for the edges: to be read at any place, as far as they were delivered.
// SPEC rules HB7, HB8, HO11.

import type { HistoryCarrier, LogExtent, LogPlace } from '../hub/log-source.ts';
import type { StreamName } from '../model/durable.ts';
import type { Entry } from '../model/entry.ts';
import type { Fact } from '../model/fact.ts';
import type { GroupId, OrderView } from '../model/group-view.ts';
import type { Now } from '../model/time.ts';
import type { History } from '../peer/history.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';
import type { Input } from '../peer/port.ts';
import type { OrderStore } from '../storage/store.ts';

interface Ground {
  now(): Now;
  deliver(input: Input): void;
}

export class CommittedLog implements HistoryCarrier {
  readonly #history: History;
  readonly #store: OrderStore;
  readonly #ground: Ground;
  #group: GroupId | null = null;
  #index = 0;
  #watermark = 0;
  /** Where the oldest entry that is kept begins, and its sequence; read from the disk when that has moved. */
  #first = { index: 1, sequence: 1 };
  #firstAsked = 1;

  constructor(history: History, store: OrderStore, ground: Ground) {
    this.#history = history;
    this.#store = store;
    this.#ground = ground;
  }

  hear(fact: Fact): void {
    if (fact.type !== 'committed') return;
    if (fact.group !== this.#group) this.#first = { index: 1, sequence: 1 };
    this.#group = fact.group;
    this.#index = fact.index;
    this.#watermark = fact.sequence;
    this.#followStart();
  }

  extent(): LogExtent {
    const { index: firstIndex, sequence: first } = this.#first;
    return { group: this.#group, firstIndex, first, index: this.#index, watermark: this.#watermark };
  }

  async read(from: LogPlace, bytesMax: number): Promise<readonly Entry[]> {
    const index = 'index' in from ? from.index : await this.#indexOf(from.sequence);
    if (index > this.#index) return [];
    return this.#read(Math.max(index, this.#store.logStart), bytesMax);
  }

  view(): OrderView {
    return this.#history.view(this.#ground.now());
  }

  committedN(producer: StreamName): number {
    return this.#history.committedN(producer);
  }

  command(ticket: number, command: HistoryCommand): void {
    this.#ground.deliver({ type: 'command', ticket, command });
  }

  #read(from: number, bytesMax: number): Promise<readonly Entry[]> {
    return new Promise((resolve) => this.#store.readLog(from, this.#index, bytesMax, resolve));
  }

  #indexOf(sequence: number): Promise<number> {
    if (sequence > this.#watermark) return Promise.resolve(this.#index + 1);
    return new Promise((resolve) => {
      this.#store.findSequence(sequence, (index) => resolve(index ?? this.#store.logStart));
    });
  }

  #followStart(): void {
    const { logStart } = this.#store;
    if (logStart === this.#firstAsked || logStart > this.#index) return;
    this.#firstAsked = logStart;
    this.#store.readLog(logStart, logStart, 1, ([entry]) => {
      if (entry !== undefined) this.#first = { index: entry.index, sequence: entry.firstSequence };
    });
  }
}
