// Saves snapshots, one at a time: of those asked for meanwhile only the latest is written, and without space it waits.
// SPEC rules ST16, ST21, ST25.

import type { Snapshot } from '../model/durable.ts';
import { encodeSnapshot } from '../wire/durable.ts';
import { Delay } from './delay.ts';
import type { Disk } from './disk.ts';
import { SNAPSHOT_NEW_NAME, writeSnapshot } from './snapshot-file.ts';
import { run, type StorageProblem } from './task.ts';

export interface SnapshotEvents {
  /** It is durable; who asked for it is answered afterwards. */
  saved(snapshot: Snapshot): void;
  full(detail: string): void;
  failed(problem: StorageProblem): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

interface Save {
  readonly snapshot: Snapshot;
  readonly done: readonly (() => void)[];
}

export class SnapshotSaver {
  readonly #disk: Disk;
  readonly #events: SnapshotEvents;
  readonly #retry: Delay;
  #writing: Save | null = null;
  /** Asked for while one is being written; a later one takes the place of an earlier one. */
  #next: Save | null = null;
  #isStopped = false;
  #isFull = false;
  #bytes = 0;
  #saved = 0;
  #rested: (() => void) | null = null;

  constructor(disk: Disk, retryFullAfterMs: number, events: SnapshotEvents) {
    this.#disk = disk;
    this.#events = events;
    this.#retry = new Delay(retryFullAfterMs, events.wakeMoved);
  }

  save(snapshot: Snapshot, done: () => void): void {
    if (this.#isStopped) return;
    this.#next = { snapshot, done: [...(this.#next?.done ?? []), done] };
    this.#write();
  }

  get wakeAt(): number {
    return this.#retry.wakeAt;
  }

  wake(steadyMs: number): void {
    if (this.#retry.passes(steadyMs)) this.#write();
  }

  counters(): { readonly [name: string]: number } {
    return { snapshots_saved_total: this.#saved, snapshot_bytes: this.#bytes };
  }

  /** Nothing is answered any more. */
  stop(): void {
    this.#isStopped = true;
    this.#retry.stop();
    this.#next = null;
  }

  /** Answered once none is being written. One that waits for space is given up. */
  whenResting(done: () => void): void {
    this.#rested = done;
    this.#rest();
  }

  #write(): void {
    if (this.#writing !== null || this.#next === null || this.#isStopped) return;
    const save = this.#next;
    this.#writing = save;
    this.#next = null;
    run(
      writeSnapshot(this.#disk, encodeSnapshot(save.snapshot)),
      (bytes) => this.#written(save, bytes),
      (problem) => this.#failed(save, problem),
    );
  }

  #written({ snapshot, done }: Save, bytes: number): void {
    this.#writing = null;
    if (!this.#isStopped) {
      this.#isFull = false;
      this.#bytes = bytes;
      this.#saved++;
      this.#events.saved(snapshot);
      for (const answer of done) answer();
      this.#write();
    }
    this.#rest();
  }

  #failed(save: Save, problem: StorageProblem): void {
    if (problem.kind !== 'full') {
      this.#writing = null;
      this.#events.failed(problem);
      this.#rest();
      return;
    }
    // What was written of it takes the last space that others may need.
    this.#disk.remove(SNAPSHOT_NEW_NAME, () => {
      this.#writing = null;
      if (!this.#isStopped) this.#waitForSpace(save, problem.detail);
      this.#rest();
    });
  }

  #waitForSpace(save: Save, detail: string): void {
    this.#next = this.#next ? { ...this.#next, done: [...save.done, ...this.#next.done] } : save;
    this.#retry.ask();
    if (!this.#isFull) this.#events.full(detail);
    this.#isFull = true;
  }

  #rest(): void {
    if (this.#writing !== null || this.#rested === null) return;
    const rested = this.#rested;
    this.#rested = null;
    rested();
  }
}
