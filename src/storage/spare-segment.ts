// The segment that the log goes on in when the active one is full, made beside the log's work. SPEC rules ST6,
// ST21, ST22.
//
//   making ──▶ ready ──take──▶ making
//     └─no space─▶ full ──after a delay, or when a segment was removed──▶ making

import { NEVER } from '../model/time.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile } from './disk.ts';
import { segmentName } from './segment.ts';
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

export class SpareSegment {
  readonly #disk: Disk;
  readonly #bytes: number;
  readonly #events: SpareEvents;
  readonly #retry: Delay;
  #phase: Phase;
  #lastNumber: number;
  #wanted = false;

  constructor(
    disk: Disk,
    options: { readonly bytes: number; readonly retryFullAfterMs: number },
    start: { readonly blanks: readonly Blank[]; readonly lastNumber: number },
    events: SpareEvents,
  ) {
    this.#disk = disk;
    this.#bytes = options.bytes;
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
    if (this.#phase.name === 'full' && this.#retry.passes(nowMs)) this.#make();
  }

  /** The blank segment, or null: then `ready` follows, or `full`. */
  take(): Blank | null {
    const blank = this.#phase.name === 'ready' ? this.#phase.blanks[0] : undefined;
    this.#wanted = blank === undefined;
    if (this.#phase.name === 'ready') this.#phase = readyWith(this.#phase.blanks.slice(1));
    this.#tell();
    return blank ?? null;
  }

  /** Makes one where there is none. */
  prepare(): void {
    if (this.#phase.name === 'none') this.#make();
  }

  /** Space may have come free. */
  tryAgain(): void {
    if (this.#phase.name === 'full') this.#make();
  }

  #make(): void {
    this.#phase = { name: 'making' };
    this.#retry.stop();
    const number = this.#lastNumber + 1;
    run(
      createSegment(this.#disk, number, this.#bytes),
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
    this.#disk.remove(segmentName(number), () => {
      this.#phase = { name: 'full', detail: problem.detail, told: false };
      this.#retry.ask();
      this.#tell();
      this.#events.ended();
    });
  }

  #tell(): void {
    if (this.#phase.name !== 'full' || this.#phase.told || !this.#wanted) return;
    this.#phase = { ...this.#phase, told: true };
    this.#events.full(this.#phase.detail);
  }
}

function readyWith(blanks: readonly Blank[]): Phase {
  return blanks.length > 0 ? { name: 'ready', blanks } : { name: 'none' };
}

/** Zeros under this number, durable. */
export function* createSegment(disk: Disk, number: number, bytes: number): Task<DiskFile> {
  const file = yield* need<DiskFile>((done) => disk.create(segmentName(number), bytes, done));
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => disk.syncDirectory(done));
  return file;
}
