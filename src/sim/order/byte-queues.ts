// How long a disk of bytes takes: operations on one file are answered one after the other, a sync takes its time, all
// else next to none. SPEC rule SM42.

import type { Random } from '../../kit/random.ts';
import type { DiskOperation } from '../../storage/memory-disk.ts';
import type { Timeline } from '../timeline.ts';
import type { FileName, OrderDiskOptions } from './disk-port.ts';

interface Waiting {
  readonly answer: () => void;
  readonly operation: DiskOperation;
}

interface Queue {
  readonly file: FileName;
  waiting: Waiting[];
  /** Which operation is under way: one that was overtaken is ignored. */
  turn: number;
}

/** What is not synced is in the system's memory. */
const CACHED_MS = 0.01;

export class ByteQueues {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #options: OrderDiskOptions;
  /** By name. */
  readonly #queues = new Map<string, Queue>();
  readonly #stuck = new Set<FileName>();
  #slowness = 1;

  constructor(timeline: Timeline, random: Random, options: OrderDiskOptions) {
    this.#timeline = timeline;
    this.#random = random;
    this.#options = options;
  }

  add(answer: () => void, operation: DiskOperation, name: string): void {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { file: fileOf(name), waiting: [], turn: 0 };
      this.#queues.set(name, queue);
    }
    queue.waiting.push({ answer, operation });
    if (queue.waiting.length === 1) this.#start(queue);
  }

  setSlowness(slowness: number): void {
    this.#slowness = slowness;
    this.#restart();
  }

  setStuck(stuck: boolean, names: readonly FileName[] = ALL): void {
    for (const name of names) {
      if (stuck) this.#stuck.add(name);
      else this.#stuck.delete(name);
    }
    this.#restart();
  }

  /** Nobody waits for what was under way. */
  clear(): void {
    for (const queue of this.#queues.values()) {
      queue.turn++;
      queue.waiting = [];
    }
    this.#queues.clear();
  }

  #restart(): void {
    for (const queue of this.#queues.values()) if (queue.waiting.length > 0) this.#start(queue);
  }

  #start(queue: Queue): void {
    const turn = ++queue.turn;
    const next = queue.waiting[0];
    if (next === undefined || this.#stuck.has(queue.file)) return;
    const { min, max } = this.#options.syncMs;
    const isSync = next.operation === 'sync' || next.operation === 'sync-directory';
    const takesMs = isSync ? this.#random.between(min, max) * this.#slowness : CACHED_MS;
    this.#timeline.after(takesMs, () => {
      if (turn === queue.turn) this.#finish(queue);
    });
  }

  #finish(queue: Queue): void {
    const done = queue.waiting.shift();
    if (queue.waiting.length > 0) this.#start(queue);
    done?.answer();
  }
}

const ALL: readonly FileName[] = ['superblock', 'log', 'outbox'];

function fileOf(name: string): FileName {
  if (name === 'superblock') return 'superblock';
  return name.startsWith('outbox') || name.startsWith('snapshot') ? 'outbox' : 'log';
}
