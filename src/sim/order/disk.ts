// A simulated disk: three files with a queue and a sync each. What waits goes with the next sync of its file
// (group commit); a crash keeps a random beginning of each file's queue, so that the files never agree by
// accident. SPEC rule SM42.

import type { Random } from '../../kit/random.ts';
import type { Timeline } from '../timeline.ts';
import { OrderImage, type OrderWrite } from './image.ts';

export interface OrderDiskOptions {
  readonly syncMs: { readonly min: number; readonly max: number };
}

export type FileName = 'superblock' | 'log' | 'outbox';

interface Pending {
  readonly write: OrderWrite;
  readonly done: () => void;
}

interface File {
  pending: Pending[];
  /** Which sync is under way: one that was overtaken by a crash is ignored. */
  sync: number;
}

export class OrderDisk {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #options: OrderDiskOptions;
  readonly #durable: (write: OrderWrite) => void;
  readonly #files: { readonly [name in FileName]: File } = {
    superblock: { pending: [], sync: 0 },
    log: { pending: [], sync: 0 },
    outbox: { pending: [], sync: 0 },
  };
  #image = new OrderImage();
  #slowness = 1;
  readonly #stuck = new Set<FileName>();

  constructor(
    timeline: Timeline,
    random: Random,
    options: OrderDiskOptions,
    durable: (write: OrderWrite) => void,
  ) {
    this.#timeline = timeline;
    this.#random = random;
    this.#options = options;
    this.#durable = durable;
  }

  get image(): OrderImage {
    return this.#image;
  }

  get waiting(): number {
    return FILES.reduce((sum, name) => sum + this.#files[name].pending.length, 0);
  }

  write(write: OrderWrite, done: () => void): void {
    const name = fileOf(write);
    const file = this.#files[name];
    file.pending.push({ write, done });
    if (file.pending.length === 1) this.#startSync(name);
  }

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

  /** At once, as a host does before its process runs. */
  keepNow(write: OrderWrite): void {
    this.#keep(write);
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
    for (const pending of done) pending.done();
  }

  #keep(write: OrderWrite): void {
    this.#image.keep(write);
    this.#durable(write);
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
