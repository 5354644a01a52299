// A machine's disk. What is asked of it becomes durable after a delay and in the order of the asking; a crash
// loses what had not, except a random beginning of it, as a real disk may have written more than it said.
// SPEC rules SM4.

import type { Random } from '../kit/random.ts';
import type { Batch, HardState, KnownAddress, Recovered, Snapshot } from '../model/durable.ts';
import { compareIdentities, sameIdentity } from '../model/ids.ts';
import type { OutboxBatch } from '../protocol/ordering/port.ts';
import { OrderImage, type OrderWrite, restsOf } from './order/image.ts';
import type { Timeline } from './timeline.ts';

export type DiskWrite =
  /** `stored`: as the order reads it, where its peer takes part in the order. */
  | { readonly type: 'batch'; readonly batch: Batch; readonly stored?: OutboxBatch }
  | { readonly type: 'order'; readonly write: OrderWrite }
  | { readonly type: 'hard-state'; readonly state: HardState }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot };

/** What is on a disk for good. */
export interface DiskContent {
  readonly hardState: HardState | null;
  readonly snapshot: Snapshot | null;
  readonly batches: readonly Batch[];
  readonly addresses?: readonly KnownAddress[];
  readonly order?: OrderImage;
}

export interface DiskOptions {
  /** How long one write and its sync take. */
  readonly syncMs: { readonly min: number; readonly max: number };
}

interface Pending {
  readonly write: DiskWrite;
  readonly done: () => void;
}

export const EMPTY_DISK: DiskContent = { hardState: null, snapshot: null, batches: [] };

export class SimDisk {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #options: DiskOptions;
  /** Told of each write at the moment it is durable, before its asker is. */
  readonly #durable: (write: DiskWrite) => void;
  #hardState: HardState | null = null;
  #snapshot: Snapshot | null = null;
  #batches: Batch[] = [];
  #addresses: readonly KnownAddress[] = [];
  #order = new OrderImage();
  #pending: Pending[] = [];
  /** Counts syncs begun or broken off: only the present one is answered. */
  #sync = 0;
  /** Everything is this many times slower. */
  #slowness = 1;
  #replaced = 0;

  constructor(timeline: Timeline, random: Random, options: DiskOptions, durable: (write: DiskWrite) => void) {
    this.#timeline = timeline;
    this.#random = random;
    this.#options = options;
    this.#durable = durable;
  }

  get pending(): number {
    return this.#pending.length;
  }

  get batches(): number {
    return this.#batches.length;
  }

  /** How often the content was replaced from outside. */
  get replaced(): number {
    return this.#replaced;
  }

  /** What is durable of the order. */
  get order(): OrderImage {
    return this.#order;
  }

  get hardState(): HardState | null {
    return this.#hardState;
  }

  write(write: DiskWrite, done: () => void): void {
    this.#pending.push({ write, done });
    if (this.#pending.length === 1) this.#startSync();
  }

  /** Nobody waits for it, so nobody can be told too early: it is there or not after a crash, as it comes. */
  keepAddresses(addresses: readonly KnownAddress[]): void {
    if (this.#pending.length === 0 || this.#random.chance(0.5)) this.#addresses = addresses;
  }

  /** What is under way starts anew: a disk that is well again does not make anybody wait for its past. */
  setSlowness(slowness: number): void {
    this.#slowness = slowness;
    this.#sync++;
    if (this.#pending.length > 0) this.#startSync();
  }

  /** The process is gone: a random beginning of what was under way is durable, the rest never was. */
  crash(): void {
    this.#sync++;
    const kept = this.#pending.length === 0 ? 0 : this.#random.below(this.#pending.length + 1);
    for (const { write } of this.#pending.slice(0, kept)) this.#keep(write);
    this.#pending = [];
  }

  /** What a backup would copy. */
  content(): DiskContent {
    return {
      hardState: this.#hardState,
      snapshot: this.#snapshot,
      batches: [...this.#batches],
      addresses: this.#addresses,
      order: this.#order.copy(),
    };
  }

  /** Replaces everything by a backup's content, or by nothing. */
  restore(content: DiskContent): void {
    this.#replaced++;
    this.#hardState = content.hardState;
    this.#snapshot = content.snapshot;
    this.#batches = [...content.batches];
    this.#addresses = content.addresses ?? [];
    this.#order = content.order?.copy() ?? new OrderImage();
  }

  recover(fresh: () => HardState): Recovered {
    if (this.#hardState === null) {
      this.#hardState = fresh();
      this.#durable({ type: 'hard-state', state: this.#hardState });
    }
    const { state } = this.#order;
    return {
      hardState: { ...this.#hardState, ...(state !== null && { order: state }) },
      snapshot: this.#snapshot,
      batches: [...this.#batches],
      addresses: this.#addresses,
      order: { log: this.#order.recoverLog(), outbox: restsOf(this.#order) },
    };
  }

  /** One sync covers all that waits when it starts: group commit. */
  #startSync(): void {
    const sync = ++this.#sync;
    const { min, max } = this.#options.syncMs;
    const covered = this.#pending.length;
    this.#timeline.after(this.#random.between(min, max) * this.#slowness, () => {
      if (sync === this.#sync) this.#finishSync(covered);
    });
  }

  #finishSync(covered: number): void {
    const done = this.#pending.splice(0, covered);
    for (const { write } of done) this.#keep(write);
    if (this.#pending.length > 0) this.#startSync();
    for (const pending of done) pending.done();
  }

  #keep(write: DiskWrite): void {
    switch (write.type) {
      case 'batch':
        this.#batches.push(write.batch);
        if (write.stored !== undefined) this.#order.keep({ type: 'batch', batch: write.stored });
        break;
      case 'order':
        this.#order.keep(write.write);
        break;
      case 'hard-state':
        this.#hardState = write.state;
        break;
      case 'snapshot':
        this.#snapshot = write.snapshot;
        this.#batches = this.#batches.filter((batch) => !covers(write.snapshot, batch));
        break;
    }
    this.#durable(write);
  }
}

function covers(snapshot: Snapshot, batch: Batch): boolean {
  if (!sameIdentity(snapshot.identity, batch.identity)) {
    return compareIdentities(batch.identity, snapshot.identity) < 0;
  }
  const last = batch.records.at(-1);
  return last === undefined || last.n <= snapshot.ownN;
}
