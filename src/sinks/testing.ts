// A target in memory, for tests of whoever hands over: it can be down, and other writers can come between.

import type { LogReading } from '../hub/log-page.ts';
import {
  producerKey,
  type Sink,
  type SinkBatch,
  SinkMoved,
  type SinkPlace,
  samePlace,
  type Written,
} from './sink.ts';

/** What outlives connections. */
export class MemoryTarget {
  place: SinkPlace | null = null;
  readonly rows: (LogReading & { readonly group: string })[] = [];
  /** When set, nothing is taken. */
  down: Error | null = null;
  /** When set, what is handed over never gets an answer. */
  mute = false;

  open(): Sink {
    return new MemorySink(this);
  }
}

class MemorySink implements Sink {
  readonly #target: MemoryTarget;
  #place: SinkPlace | null = null;
  #isClosed = false;

  constructor(target: MemoryTarget) {
    this.#target = target;
  }

  async connect(): Promise<SinkPlace | null> {
    return this.place();
  }

  async place(): Promise<SinkPlace | null> {
    this.#check();
    this.#place = this.#target.place;
    return this.#place;
  }

  async written(group: string): Promise<Written> {
    const others = this.#target.rows.filter((row) => row.group !== group);
    return new Map(others.map((row) => [producerKey(row), row.n]));
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    this.#check();
    if (this.#target.mute) await new Promise(() => {});
    if (!samePlace(this.#target.place, this.#place)) throw new SinkMoved();
    const { rows } = this.#target;
    for (const reading of readings) {
      const isThere = rows.some((row) => row.group === group && row.sequence === reading.sequence);
      if (!isThere) rows.push({ ...reading, group });
    }
    this.#place = { group, sequence: upto };
    this.#target.place = this.#place;
  }

  async rewind(to: SinkPlace): Promise<void> {
    this.#check();
    this.#place = to;
    this.#target.place = to;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #check(): void {
    if (this.#isClosed) throw new Error('the connection is closed');
    if (this.#target.down !== null) throw this.#target.down;
  }
}
