// Follows the committed order and hands it to a thread that makes something of it. Reading goes on only as fast as the
// thread takes it, so it costs the ordering path a copy of bytes and no more. SPEC rules HI1, HI8-HI10, HD1.

import type { Worker } from 'node:worker_threads';
import type { LogSource } from '../hub/log-source.ts';
import type { Log } from '../kit/log.ts';
import type { Entry } from '../model/entry.ts';
import type { GroupId } from '../model/group-view.ts';
import { LIMITS } from '../model/limits.ts';
import { entriesMessage, type Progress, type ToWorker } from './entry-message.ts';

export interface LogFollowerOptions<Told> {
  /** What the thread makes, in the words of a log line. */
  readonly what: string;
  readonly source: LogSource;
  readonly startThread: () => Worker;
  /** Whether the thread may be ended in the midst of something. */
  readonly canBeCut: boolean;
  /** What else the thread tells. */
  readonly told: (message: Told) => void;
  /** The thread is ready and has said how far it is. */
  readonly begun?: () => void;
  /** What was told before is of an order that has ended. */
  readonly groupChanged: () => void;
  /** It is durable up to this entry: the log need not keep it for the thread. */
  readonly durable: (upto: Progress['durable']) => void;
}

type FromThread = { readonly type: 'begun' | 'taken' | 'durable' | 'closed' } & Progress;

/** Messages the thread has not taken yet: one is being written while the next is being read. */
const UNDER_WAY_MAX = 2;
const PROGRESS = ['begun', 'taken', 'durable', 'closed'];
const AGAIN_AFTER_MS = 5_000;
/** A node that stops does not wait longer: what is not written by then the next start writes. */
const CLOSE_MS = 700;
/** For a thread that may not be cut: one that is left in the midst of the database's own code takes the process with it. */
const CLOSE_UNCUT_MS = 5_000;

export class LogFollower<Told extends { readonly type: string }> {
  readonly #options: LogFollowerOptions<Told>;
  readonly #log: Log;
  #worker: Worker | null = null;
  #group: GroupId | null = null;
  /** The entry to be read next; null while the thread has not said. */
  #next: number | null = null;
  #underWay = 0;
  #reading = false;
  #progress: Progress | null = null;
  #again: NodeJS.Timeout | null = null;
  #stopping = false;
  #ended: () => void = () => {};
  #failures = 0;

  constructor(log: Log, options: LogFollowerOptions<Told>) {
    this.#log = log;
    this.#options = options;
    this.#begin();
  }

  /** How far the thread is; null while it has not said. */
  get progress(): Progress | null {
    return this.#progress;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Something else the thread is to do. False while there is no thread. */
  tell(message: object): boolean {
    this.#worker?.postMessage(message);
    return this.#worker !== null;
  }

  /** The order may have gone on. */
  committed(): void {
    void this.#pump();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#again) clearTimeout(this.#again);
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#tell({ type: 'close' });
    const { canBeCut } = this.#options;
    const patience = setTimeout(() => this.#ended(), canBeCut ? CLOSE_MS : CLOSE_UNCUT_MS);
    await ended;
    clearTimeout(patience);
    if (this.#worker === worker && canBeCut) await worker.terminate();
  }

  #begin(): void {
    const worker = this.#options.startThread();
    this.#worker = worker;
    worker.on('message', (message: FromThread | Told) => this.#hear(message));
    worker.on('error', (error) => this.#failed(error));
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#ended();
    });
  }

  #hear(message: FromThread | Told): void {
    if (!isProgress(message)) {
      this.#options.told(message);
      return;
    }
    const { type, ...progress } = message;
    this.#progress = progress;
    if (type === 'begun') {
      this.#options.begun?.();
      this.#group = progress.group;
      this.#next = progress.next;
    } else if (type === 'taken') this.#underWay--;
    this.#options.durable(progress.durable);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#reading || this.#stopping) return;
    this.#reading = true;
    try {
      while (await this.#step());
    } catch (error) {
      this.#log.error(`the history could not be read for ${this.#options.what}`, { why: textOf(error) });
      this.#later(() => void this.#pump());
    }
    this.#reading = false;
  }

  /** Whether there may be more to do at once. */
  async #step(): Promise<boolean> {
    const { source } = this.#options;
    const { group, index } = source.extent();
    if (this.#next === null || group === null || this.#stopping) return false;
    if (group !== this.#group) {
      this.#options.groupChanged();
      this.#group = group;
      this.#next = null;
      this.#tell({ type: 'group', group });
      return false;
    }
    if (this.#underWay >= UNDER_WAY_MAX || this.#next > index) return false;

    const from = this.#next;
    const entries = await source.read({ index: from }, LIMITS.logReadBytesMax);
    const firstKept = await this.#firstKept(entries);
    const last = entries.at(-1);
    // The group or the thread may have changed while the log was being read.
    if (last === undefined || this.#next !== from || source.extent().group !== group) return false;
    const message = entriesMessage(entries, (trim) => firstKept.get(trim) ?? null);
    this.#next = last.index + 1;
    this.#underWay++;
    this.#tell(message, [message.bytes.buffer]);
    return true;
  }

  /** Where the log begins after each trim among the entries, as far as that can still be seen. */
  async #firstKept(entries: readonly Entry[]): Promise<ReadonlyMap<Entry, number>> {
    const found = new Map<Entry, number>();
    for (const entry of entries) {
      if (entry.body.kind !== 'trim') continue;
      const index = entry.body.upto + 1;
      const [first] = await this.#options.source.read({ index }, 1);
      if (first?.index === index) found.set(entry, first.firstSequence);
    }
    return found;
  }

  #tell(message: ToWorker, transfer: readonly ArrayBufferLike[] = []): void {
    this.#worker?.postMessage(
      message,
      transfer.filter((one) => one instanceof ArrayBuffer),
    );
  }

  /** What it made stays as it is: the next thread cuts what is not sure and goes on. */
  #failed(error: Error): void {
    this.#failures++;
    this.#log.error(`${this.#options.what} could not be written`, {
      why: error.message,
      again_ms: AGAIN_AFTER_MS,
    });
    this.#worker = null;
    this.#next = null;
    this.#underWay = 0;
    this.#ended();
    if (!this.#stopping) this.#later(() => this.#begin());
  }

  #later(act: () => void): void {
    if (this.#again) clearTimeout(this.#again);
    this.#again = setTimeout(act, AGAIN_AFTER_MS);
    this.#again.unref();
  }
}

function isProgress(message: FromThread | { readonly type: string }): message is FromThread {
  return PROGRESS.includes(message.type);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
