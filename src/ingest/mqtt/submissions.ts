// Readings of many publishes go to the hub together: what comes in while a submit is under way makes up the next one.
// Each publish is answered by itself. SPEC rules MQ3, MQ5.

import { type Hub, NotCommitted, SubmitRefused } from '../../hub/hub.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';

/** `refused`: never to be taken. `failed`: nobody can tell, and nothing is to be acknowledged. */
export type Settled =
  | { readonly kind: 'stored'; readonly firstN: number }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

interface Item {
  readonly readings: readonly Reading[];
  readonly bytes: number;
  readonly settled: (settled: Settled) => void;
}

const UNDER_WAY_MAX = 4;
const READINGS_PER_SUBMIT = 4_096;
const BYTES_PER_SUBMIT = 1_048_576;
/** The hub takes nothing for now (a full outbox, too many submits): everything waits, nothing is lost. */
const RETRY_MS = 100;

export class Submissions {
  readonly #hub: Hub;
  /** The first that are stored: a run of numbers that came in here. */
  readonly #stored: (firstN: number, count: number) => void;
  readonly #roomAgain: () => void;
  #items: Item[] = [];
  /** Batches the hub did not take, to be tried again in their order. */
  #returned: { readonly turn: number; readonly batch: readonly Item[] }[] = [];
  #turn = 0;
  #bytes = 0;
  #readings = 0;
  #underWay = 0;
  #retry: NodeJS.Timeout | null = null;
  #scheduled = false;
  #wasFull = false;

  constructor(hub: Hub, stored: (firstN: number, count: number) => void, roomAgain: () => void) {
    this.#hub = hub;
    this.#stored = stored;
    this.#roomAgain = roomAgain;
  }

  /** So much waits that no more should be read from clients. */
  get isFull(): boolean {
    const isFull = this.#readings >= LIMITS.mqttStoringMax || this.#bytes >= LIMITS.mqttStoringBytesMax;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  add(readings: readonly Reading[], bytes: number, settled: Item['settled']): void {
    this.#items.push({ readings, bytes, settled });
    this.#bytes += bytes;
    this.#readings += readings.length;
    this.#schedule();
  }

  stop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const waiting = [...this.#returned.splice(0).flatMap(({ batch }) => batch), ...this.#items.splice(0)];
    for (const { settled } of waiting) settled({ kind: 'failed', why: 'this node is stopping' });
  }

  #schedule(): void {
    if (this.#scheduled || this.#retry !== null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#underWay < UNDER_WAY_MAX && this.#items.length > 0 && this.#retry === null) {
      void this.#submit(this.#nextBatch());
    }
  }

  #nextBatch(): Item[] {
    let readings = 0;
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      const isOver =
        readings + item.readings.length > READINGS_PER_SUBMIT || bytes + item.bytes > BYTES_PER_SUBMIT;
      if (count > 0 && isOver) break;
      readings += item.readings.length;
      bytes += item.bytes;
      count++;
    }
    return this.#items.splice(0, count);
  }

  async #submit(batch: readonly Item[]): Promise<void> {
    const readings = batch.flatMap((item) => item.readings);
    const turn = this.#turn++;
    this.#underWay++;
    try {
      const { firstN } = await this.#hub.submit(readings, 'stored');
      this.#settle(batch, readings.length, firstN);
    } catch (cause) {
      this.#failed(batch, readings.length, turn, cause);
    }
    this.#underWay--;
    if (this.#items.length > 0) this.#flush();
    if (this.#wasFull && !this.isFull) {
      this.#wasFull = false;
      this.#roomAgain();
    }
  }

  #settle(batch: readonly Item[], count: number, firstN: number): void {
    this.#stored(firstN, count);
    for (const { readings, bytes, settled } of batch) {
      this.#done(readings.length, bytes);
      settled({ kind: 'stored', firstN });
    }
  }

  #failed(batch: readonly Item[], count: number, turn: number, cause: unknown): void {
    if (cause instanceof NotCommitted) {
      this.#settle(batch, count, cause.stored.firstN);
      return;
    }
    const isRefused = cause instanceof SubmitRefused;
    if (isRefused && cause.retry) {
      this.#returned.push({ turn, batch });
      this.#retry ??= setTimeout(() => this.#tryAgain(), RETRY_MS);
      return;
    }
    if (isRefused && batch.length > 1) {
      // One of them is too much; the others must not suffer from it.
      const half = Math.floor(batch.length / 2);
      void this.#submit(batch.slice(0, half));
      void this.#submit(batch.slice(half));
      return;
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    for (const { readings, bytes, settled } of batch) {
      this.#done(readings.length, bytes);
      settled({ kind: isRefused ? 'refused' : 'failed', why });
    }
  }

  #tryAgain(): void {
    this.#retry = null;
    this.#returned.sort((a, b) => a.turn - b.turn);
    this.#items = [...this.#returned.flatMap(({ batch }) => batch), ...this.#items];
    this.#returned = [];
    this.#flush();
  }

  #done(readings: number, bytes: number): void {
    this.#readings -= readings;
    this.#bytes -= bytes;
  }
}
