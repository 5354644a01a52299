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

/** What is stored and settled as one. Only the last of those that wait may still grow. */
export interface Item {
  readonly readings: readonly Reading[];
  readonly bytes: number;
  settled(settled: Settled): void;
  /** Two that together are this one and are settled instead; null where it is one publish. */
  halves(): readonly Item[] | null;
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
  /** Those of `#items`. */
  #toSubmit = 0;
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

  /** The last of those that wait. */
  get last(): Item | null {
    return this.#items.at(-1) ?? null;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.grew(item.readings.length, item.bytes);
    this.#schedule();
  }

  /** So much was added to the last of those that wait. */
  grew(readings: number, bytes: number): void {
    this.#bytes += bytes;
    this.#readings += readings;
    this.#toSubmit += readings;
  }

  stop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const waiting = [...this.#returned.splice(0).flatMap(({ batch }) => batch), ...this.#items.splice(0)];
    for (const item of waiting) item.settled({ kind: 'failed', why: 'this node is stopping' });
  }

  #schedule(): void {
    if (this.#scheduled || this.#retry !== null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** What has no readings waits for what came before it, and then for nothing. (MQ4) */
  #flush(): void {
    while (this.#underWay < UNDER_WAY_MAX && this.#items.length > 0 && this.#retry === null) {
      if (this.#toSubmit > 0) void this.#submit(this.#nextBatch());
      else if (this.#underWay > 0) return;
      else this.#settle(this.#items.splice(0), 0, 0);
    }
  }

  #nextBatch(): Item[] {
    let readings = 0;
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      const isOver =
        readings + item.readings.length > READINGS_PER_SUBMIT || bytes + item.bytes > BYTES_PER_SUBMIT;
      if (readings > 0 && isOver) break;
      readings += item.readings.length;
      bytes += item.bytes;
      count++;
    }
    this.#toSubmit -= readings;
    return this.#items.splice(0, count);
  }

  async #submit(batch: readonly Item[]): Promise<void> {
    const readings = readingsOf(batch);
    if (readings.length === 0) {
      this.#settle(batch, 0, 0);
      return;
    }
    const turn = this.#turn++;
    this.#underWay++;
    try {
      const { firstN } = await this.#hub.submit(readings, 'stored');
      this.#settle(batch, readings.length, firstN);
    } catch (cause) {
      await this.#failed(batch, readings.length, turn, cause);
    }
    this.#underWay--;
    if (this.#items.length > 0) this.#flush();
    if (this.#wasFull && !this.isFull) {
      this.#wasFull = false;
      this.#roomAgain();
    }
  }

  #settle(batch: readonly Item[], count: number, firstN: number): void {
    if (count > 0) this.#stored(firstN, count);
    for (const item of batch) {
      this.#done(item);
      item.settled({ kind: 'stored', firstN });
    }
  }

  async #failed(batch: readonly Item[], count: number, turn: number, cause: unknown): Promise<void> {
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
    const parts = isRefused ? partsOf(batch) : null;
    if (parts !== null) {
      // One of them is too much; the others must not suffer from it.
      const half = Math.floor(parts.length / 2);
      await this.#submit(parts.slice(0, half));
      await this.#submit(parts.slice(half));
      return;
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    for (const item of batch) {
      this.#done(item);
      item.settled({ kind: isRefused ? 'refused' : 'failed', why });
    }
  }

  #tryAgain(): void {
    this.#retry = null;
    this.#returned.sort((a, b) => a.turn - b.turn);
    const returned = this.#returned.flatMap(({ batch }) => batch);
    for (const { readings } of returned) this.#toSubmit += readings.length;
    this.#items = [...returned, ...this.#items];
    this.#returned = [];
    this.#flush();
  }

  #done({ readings, bytes }: Item): void {
    this.#readings -= readings.length;
    this.#bytes -= bytes;
  }
}

function readingsOf(batch: readonly Item[]): readonly Reading[] {
  const readings: Reading[] = [];
  for (const item of batch) for (const reading of item.readings) readings.push(reading);
  return readings;
}

/** Two or more that can be refused apart; null where it is one publish. */
function partsOf(batch: readonly Item[]): readonly Item[] | null {
  const [first] = batch;
  return batch.length === 1 && first !== undefined ? first.halves() : batch;
}
