// The segment that the log goes on in when the active one is full, made beside the log's work. SPEC rules ST6,
// ST21, ST22.
//
//   making ──▶ ready ──take──▶ making
//     └─no space─▶ full ──after a delay, or when a segment was removed──▶ making

import { assert } from '../kit/assert.ts';
import { NEVER } from '../model/time.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile } from './disk.ts';
import { need, run, type StorageProblem, type Task } from './task.ts';

export interface Blank {
  readonly number: number;
  readonly file: DiskFile;
}

type Phase =
  | { readonly name: 'none' }
  | { readonly name: 'making' }
  | { readonly name: 'ready'; readonly blanks: readonly Blank[] }
  /** `told`: somebody waits and has been told that there is no space. */
  | { readonly name: 'full'; readonly detail: string; readonly told: boolean };

export interface SpareEvents {
  /** A segment of this number exists. To be answered once that is remembered for good. */
  created(number: number, done: () => void): void;
  ready(): void;
  /** There is no space, and somebody waits for it. */
  full(detail: string): void;
  failed(problem: StorageProblem): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
  /** A try has ended, well or not. */
  ended(): void;
}

export interface SpareOptions {
  readonly name: (number: number) => string;
  /** What the next one is to take. */
  readonly bytes: () => number;
  readonly retryFullAfterMs: number;
  /** Whether `full` is told as soon as there is no space, before anybody waits. */
  readonly warns: boolean;
}

export class SpareSegment {
  readonly #disk: Disk;
  readonly #options: SpareOptions;
  readonly #events: SpareEvents;
  readonly #retry: Delay;
  #phase: Phase;
  #lastNumber: number;
  #wanted = false;

  constructor(
    disk: Disk,
    options: SpareOptions,
    start: { readonly blanks: readonly Blank[]; readonly lastNumber: number },
    events: SpareEvents,
  ) {
    this.#disk = disk;
    this.#options = options;
    this.#retry = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#events = events;
    this.#lastNumber = start.lastNumber;
    this.#phase = readyWith(start.blanks);
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  get wakeAt(): number {
    return this.#phase.name === 'full' ? this.#retry.wakeAt : NEVER;
  }

  get isMaking(): boolean {
    return this.#phase.name === 'making';
  }

  get isFull(): boolean {
    return this.#phase.name === 'full';
  }

  get files(): readonly DiskFile[] {
    return this.#phase.name === 'ready' ? this.#phase.blanks.map(({ file }) => file) : [];
  }

  wake(nowMs: number): void {
    if (this.#phase.name === 'full' && this.#retry.passes(nowMs)) this.#makeNext();
  }

  /** Somebody took the number behind the last one for a file of its own. */
  skip(): number {
    assert(this.#phase.name === 'full', 'a number is free while no segment is made');
    return ++this.#lastNumber;
  }

  /** The blank segment, or null: then `ready` follows, or `full`. One that is too small is made anew. */
  take(bytesMin: number): Blank | null {
    const blank = this.#phase.name === 'ready' ? this.#phase.blanks[0] : undefined;
    this.#wanted = blank === undefined || blank.file.bytes < bytesMin;
    if (blank !== undefined && this.#wanted) {
      this.#enlarge(blank.number, bytesMin);
      return null;
    }
    if (this.#phase.name === 'ready') this.#phase = readyWith(this.#phase.blanks.slice(1));
    this.#tell();
    return blank ?? null;
  }

  /** Makes one where there is none. */
  prepare(): void {
    if (this.#phase.name === 'none') this.#makeNext();
  }

  /** Space may have come free. */
  tryAgain(): void {
    if (this.#phase.name === 'full') this.#makeNext();
  }

  /** Should there be no space for it, the number was never used: so it is said first. */
  #enlarge(number: number, bytesMin: number): void {
    for (const file of this.files) file.close(() => {});
    this.#phase = { name: 'making' };
    this.#lastNumber = number - 1;
    this.#events.created(this.#lastNumber, () => this.#make(bytesMin));
  }

  #makeNext(): void {
    this.#make(0);
  }

  #make(bytesMin: number): void {
    const number = this.#lastNumber + 1;
    this.#phase = { name: 'making' };
    this.#retry.stop();
    const bytes = Math.max(this.#options.bytes(), bytesMin);
    run(
      createSegment(this.#disk, this.#options.name(number), bytes),
      (file) => {
        this.#lastNumber = number;
        this.#events.created(number, () => {
          this.#phase = readyWith([{ number, file }]);
          this.#events.ready();
          this.#events.ended();
        });
      },
      (problem) => this.#failed(number, problem),
    );
  }

  #failed(number: number, problem: StorageProblem): void {
    if (problem.kind !== 'full') {
      this.#phase = { name: 'none' };
      this.#events.failed(problem);
      this.#events.ended();
      return;
    }
    // What was written of it takes the last space that others may need.
    this.#disk.remove(this.#options.name(number), () => {
      this.#phase = { name: 'full', detail: problem.detail, told: false };
      this.#retry.ask();
      this.#tell();
      this.#events.ended();
    });
  }

  #tell(): void {
    if (this.#phase.name !== 'full' || this.#phase.told) return;
    if (!this.#wanted && !this.#options.warns) return;
    this.#phase = { ...this.#phase, told: true };
    this.#events.full(this.#phase.detail);
  }
}

function readyWith(blanks: readonly Blank[]): Phase {
  return blanks.length > 0 ? { name: 'ready', blanks } : { name: 'none' };
}

/** Zeros under this name, durable. */
export function* createSegment(disk: Disk, name: string, bytes: number): Task<DiskFile> {
  const file = yield* need<DiskFile>((done) => disk.create(name, bytes, done));
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => disk.syncDirectory(done));
  return file;
}
