// A peer's durable memory on a disk: the outbox (a log of batches), the superblock and the snapshot. SPEC rules
// ST12, ST15, ST17, ST20, ST23-ST25.

import { assert } from '../kit/assert.ts';
import type { Batch, HardState, Snapshot } from '../model/durable.ts';
import { type PeerId, sameIdentity } from '../model/ids.ts';
import { encodeBatch, encodeSnapshot } from '../wire/durable.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile } from './disk.ts';
import { type LogOptions, type LogTail, SegmentedLog } from './segmented-log.ts';
import { SNAPSHOT_NEW_NAME, writeSnapshot } from './snapshot-file.ts';
import type { Store } from './store.ts';
import { Superblock, type SuperblockState } from './superblock.ts';
import { problemText, run, type StorageProblem } from './task.ts';

/**
 * `full`: there is no space; what was asked waits and is tried again, and nothing is lost. Told once each time it
 * comes to that. `broken`: nothing is answered any more. Told once.
 */
export interface StoreFailure {
  readonly kind: 'full' | 'broken';
  readonly detail: string;
}

export interface StoreEvents {
  failed(failure: StoreFailure): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

export interface OutboxOptions extends LogOptions {
  readonly node: PeerId;
}

/** What `openOutboxStore` found. */
export interface StoreStart {
  readonly superblock: SuperblockState;
  readonly superblockFile: DiskFile;
  readonly generation: number;
  readonly tail: LogTail;
}

interface SnapshotSave {
  readonly snapshot: Snapshot;
  readonly done: readonly (() => void)[];
}

export class OutboxStore implements Store {
  readonly #disk: Disk;
  readonly #events: StoreEvents;
  readonly #superblock: Superblock;
  readonly #log: SegmentedLog;
  readonly #retrySnapshot: Delay;
  #hardState: HardState | null;
  #tailUnknown: boolean;
  #lastSegment: number;
  #isBroken = false;

  #writing: SnapshotSave | null = null;
  /** Asked for while one is being written; a later one takes the place of an earlier one. */
  #next: SnapshotSave | null = null;
  #isSnapshotFull = false;
  #snapshotBytes = 0;
  #snapshots = 0;
  #snapshotRest: (() => void) | null = null;

  constructor(disk: Disk, options: OutboxOptions, start: StoreStart, events: StoreEvents) {
    const { hardState, tailUnknown, lastSegment } = start.superblock;
    this.#disk = disk;
    this.#events = events;
    this.#hardState = hardState;
    this.#tailUnknown = tailUnknown;
    this.#lastSegment = Math.max(lastSegment, start.tail.lastNumber);
    this.#retrySnapshot = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#superblock = new Superblock(
      start.superblockFile,
      options.node,
      start.generation,
      () => this.#state(),
      (problem) => this.#break(problem),
    );
    this.#log = new SegmentedLog(disk, options, start.tail, {
      created: (number, done) => {
        this.#lastSegment = number;
        this.#superblock.save(done);
      },
      full: (detail) => this.#events.failed({ kind: 'full', detail }),
      failed: (problem) => this.#break(problem),
      wakeMoved: events.wakeMoved,
    });
    this.#log.start();
  }

  append(batch: Batch, done: () => void): void {
    const { identity, records } = batch;
    const first = records[0];
    assert(first !== undefined, 'a batch has a record');
    if (this.#isBroken) return;
    assert(this.#hardState !== null, 'an identity is saved before anything is appended under it');
    assert(
      !this.#tailUnknown || !sameIdentity(identity, this.#hardState.identity),
      'an identity whose last n is not known is not continued',
    );
    this.#log.append(identity, first.n, records.length, encodeBatch(batch), done);
  }

  saveHardState(state: HardState, done: () => void): void {
    if (this.#isBroken) return;
    if (this.#hardState && !sameIdentity(state.identity, this.#hardState.identity)) this.#tailUnknown = false;
    this.#hardState = state;
    this.#superblock.save(done);
  }

  saveSnapshot(snapshot: Snapshot, done: () => void): void {
    if (this.#isBroken) return;
    this.#next = { snapshot, done: [...(this.#next?.done ?? []), done] };
    this.#writeSnapshot();
  }

  /** When `wake` has something to do; 0 for at once. */
  get wakeAt(): number {
    return Math.min(this.#log.wakeAt, this.#retrySnapshot.wakeAt);
  }

  /** Brings the steady time; all delays run by it. */
  wake(steadyMs: number): void {
    this.#log.wake(steadyMs);
    if (this.#retrySnapshot.passes(steadyMs)) this.#writeSnapshot();
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#log.counters(),
      snapshots_saved_total: this.#snapshots,
      snapshot_bytes: this.#snapshotBytes,
    };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#log.finish(() => this.#whenSnapshotRests(() => this.#saveLast(() => this.#closeFiles(resolve))));
    });
  }

  #state(): SuperblockState {
    const { durable } = this.#log;
    return {
      hardState: this.#hardState,
      tailUnknown: this.#tailUnknown,
      lastSegment: this.#lastSegment,
      floor: durable && { identity: durable.identity, index: durable.index },
    };
  }

  #writeSnapshot(): void {
    if (this.#writing !== null || this.#next === null || this.#isBroken) return;
    const save = this.#next;
    this.#writing = save;
    this.#next = null;
    run(
      writeSnapshot(this.#disk, encodeSnapshot(save.snapshot)),
      (bytes) => this.#snapshotSaved(save, bytes),
      (problem) => this.#snapshotFailed(save, problem),
    );
  }

  #snapshotSaved({ snapshot, done }: SnapshotSave, bytes: number): void {
    this.#writing = null;
    if (this.#isBroken) {
      this.#restSnapshot();
      return;
    }
    this.#isSnapshotFull = false;
    this.#snapshotBytes = bytes;
    this.#snapshots++;
    this.#log.trim(snapshot.identity, snapshot.ownN);
    for (const answer of done) answer();
    this.#writeSnapshot();
    this.#restSnapshot();
  }

  #snapshotFailed(save: SnapshotSave, problem: StorageProblem): void {
    if (problem.kind !== 'full') {
      this.#writing = null;
      this.#break(problem);
      this.#restSnapshot();
      return;
    }
    this.#disk.remove(SNAPSHOT_NEW_NAME, () => {
      this.#writing = null;
      this.#next = this.#next ? { ...this.#next, done: [...save.done, ...this.#next.done] } : save;
      this.#retrySnapshot.ask();
      if (!this.#isSnapshotFull) this.#events.failed({ kind: 'full', detail: problem.detail });
      this.#isSnapshotFull = true;
      this.#restSnapshot();
    });
  }

  /** Nothing is ever answered again: whether what was written before is there, nobody knows. (ST23) */
  #break(problem: StorageProblem): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#log.stop();
    this.#retrySnapshot.stop();
    this.#next = null;
    this.#events.failed({ kind: 'broken', detail: problemText(problem) });
  }

  #whenSnapshotRests(done: () => void): void {
    this.#snapshotRest = done;
    this.#restSnapshot();
  }

  /** One that waits for space is given up. */
  #restSnapshot(): void {
    if (this.#writing !== null || this.#snapshotRest === null) return;
    const done = this.#snapshotRest;
    this.#snapshotRest = null;
    done();
  }

  /** The last index goes into the superblock, so that a log that is shorter at the next start is noticed. */
  #saveLast(done: () => void): void {
    if (this.#isBroken || this.#hardState === null) done();
    else this.#superblock.save(done);
  }

  #closeFiles(done: () => void): void {
    this.#isBroken = true;
    this.#log.close(() => this.#superblock.close(done));
  }
}
