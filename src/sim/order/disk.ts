// A simulated disk: three files with a queue and a sync each. What waits goes with the next sync of its file
// (group commit); a crash keeps a random beginning of each file's queue, so that the files never agree by
// accident. SPEC rule SM42.

import type { Random } from '../../kit/random.ts';
import type { Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import type { OutboxBatch } from '../../protocol/ordering/port.ts';
import type { Timeline } from '../timeline.ts';
import {
  type BatchesWanted,
  type DiskEvents,
  type DiskFound,
  type FileName,
  type LogWanted,
  type OrderDiskOptions,
  READ_MS,
  type SimulatedDisk,
} from './disk-port.ts';
import { OrderImage, type OrderWrite, ownLastN, restsOf } from './image.ts';

interface Pending {
  readonly write: OrderWrite;
  readonly done: (stored: OutboxBatch | null) => void;
}

interface File {
  pending: Pending[];
  /** Which sync is under way: one that was overtaken by a crash is ignored. */
  sync: number;
}

export class OrderDisk implements SimulatedDisk {
  readonly kind = 'entries';
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #options: OrderDiskOptions;
  readonly #events: DiskEvents;
  readonly #files: { readonly [name in FileName]: File } = {
    superblock: { pending: [], sync: 0 },
    log: { pending: [], sync: 0 },
    outbox: { pending: [], sync: 0 },
  };
  #image = new OrderImage();
  #slowness = 1;
  readonly #stuck = new Set<FileName>();

  #isFull = false;

  constructor(timeline: Timeline, random: Random, options: OrderDiskOptions, events: DiskEvents) {
    this.#timeline = timeline;
    this.#random = random;
    this.#options = options;
    this.#events = events;
  }

  get image(): OrderImage {
    return this.#image;
  }

  readonly isDoubtful = false;

  get isFull(): boolean {
    return this.#isFull;
  }

  write(write: OrderWrite, done: (stored: OutboxBatch | null) => void): void {
    const name = fileOf(write);
    const file = this.#files[name];
    file.pending.push({ write, done });
    if (file.pending.length === 1) this.#startSync(name);
  }

  readLog({ from, to, bytesMax, isWanted }: LogWanted, done: (entries: readonly Entry[]) => void): void {
    this.#timeline.after(READ_MS, () => {
      const entries: Entry[] = [];
      let bytes = 0;
      for (let index = from; index <= to; index++) {
        const entry = this.#image.log.at(index);
        if (entry === undefined || !isWanted(entry)) break;
        bytes += entry.bytes.length;
        if (entries.length > 0 && bytes > bytesMax) break;
        entries.push(entry);
      }
      done(entries);
    });
  }

  readOutbox(
    { identity, fromN, bytesMax }: BatchesWanted,
    done: (batches: readonly OutboxBatch[]) => void,
  ): void {
    this.#timeline.after(READ_MS, () => done(this.#image.readBatches(identity, fromN, bytesMax)));
  }

  /** What is kept as it is loses nothing below its base. */
  mendLog(_entries: readonly Entry[], done: (mended: boolean) => void): void {
    this.#timeline.after(READ_MS, () => done(true));
  }

  recover(): DiskFound {
    const { identity, state } = this.#image;
    const lastN = identity === null ? 0 : ownLastN(this.#image, identity);
    const outbox = restsOf(this.#image);
    return { identity, state, log: this.#image.recoverLog(), outbox, lastN, isLost: false };
  }

  born(identity: Identity): void {
    this.#image.identity = identity;
  }

  become(identity: Identity, done: () => void): void {
    this.born(identity);
    done();
  }

  rot(unit: number): void {
    this.#image.rotFrom(unit);
  }

  /** A full disk takes no batches of producers; the order has a reserve for what it writes itself. */
  setFull(full: boolean): void {
    if (this.#isFull === full) return;
    this.#isFull = full;
    this.#events.full(full);
  }

  /** What is kept as it is cannot be lost in part. */
  setLying(): void {}

  settle(): void {}

  failNext(): void {}

  /** 1 is as fast as it ever is. */
  setSlowness(slowness: number): void {
    this.#slowness = slowness;
    this.#restartSyncs();
  }

  /** A disk that is stuck answers nothing until it comes loose; scripts let a single file stick. */
  setStuck(stuck: boolean, names: readonly FileName[] = FILES): void {
    for (const name of names) {
      if (stuck) this.#stuck.add(name);
      else this.#stuck.delete(name);
    }
    this.#restartSyncs();
  }

  crash(): void {
    for (const name of FILES) {
      const file = this.#files[name];
      file.sync++;
      const { pending } = file;
      file.pending = [];
      const kept = pending.length === 0 ? 0 : this.#random.below(pending.length + 1);
      for (const { write } of pending.slice(0, kept)) this.#keep(write);
      const torn = pending[kept]?.write;
      if (torn?.type === 'append') this.#tear(torn);
    }
  }

  /** While no process runs: another disk, or a part of it. */
  replace(image: OrderImage): void {
    this.#image = image;
  }

  /** A write that was cut short leaves the entries that were whole, and not what stood behind them. */
  #tear(write: OrderWrite & { readonly type: 'append' }): void {
    const whole = this.#random.below(write.entries.length + 1);
    if (whole > 0) this.#keep({ ...write, entries: write.entries.slice(0, whole), floor: 0 });
  }

  #restartSyncs(): void {
    for (const name of FILES) {
      const file = this.#files[name];
      file.sync++;
      if (file.pending.length > 0) this.#startSync(name);
    }
  }

  #startSync(name: FileName): void {
    const file = this.#files[name];
    const sync = ++file.sync;
    if (this.#stuck.has(name)) return;
    const { min, max } = this.#options.syncMs;
    const covered = file.pending.length;
    this.#timeline.after(this.#random.between(min, max) * this.#slowness, () => {
      if (sync === file.sync) this.#finishSync(name, covered);
    });
  }

  #finishSync(name: FileName, covered: number): void {
    const file = this.#files[name];
    const done = file.pending.splice(0, covered);
    for (const { write } of done) this.#keep(write);
    if (file.pending.length > 0) this.#startSync(name);
    for (const { write, done: answer } of done) answer(write.type === 'batch' ? write.batch : null);
  }

  #keep(write: OrderWrite): void {
    this.#image.keep(write);
    this.#events.durable(write);
  }
}

const FILES: readonly FileName[] = ['superblock', 'log', 'outbox'];

function fileOf(write: OrderWrite): FileName {
  switch (write.type) {
    case 'identity':
    case 'state':
      return 'superblock';
    case 'append':
    case 'cut':
    case 'trim':
    case 'base':
      return 'log';
    case 'batch':
    case 'ordered':
      return 'outbox';
  }
}
