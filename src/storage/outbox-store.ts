// A peer's durable memory on a disk: the outbox (a log of batches), the superblock, the snapshot, and the history log
// where the peer takes part in the order. SPEC rules ST12, ST15, ST17, ST20, ST23-ST25, ST46-ST48.

import { assert, must } from '../kit/assert.ts';
import type { Batch, HardState, Snapshot } from '../model/durable.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import { compareIdentities, type Identity, type PeerId, sameIdentity } from '../model/ids.ts';
import { NEVER } from '../model/time.ts';
import { encodeBatch, encodeSnapshot } from '../wire/durable.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile } from './disk.ts';
import { HistoryLog, type HistoryOptions, type HistoryStart } from './history/history-log.ts';
import { OutboxDrain, storedBatch } from './outbox-drain.ts';
import { type LogOptions, type LogTail, type Segment, SegmentedLog } from './segmented-log.ts';
import { SNAPSHOT_NEW_NAME, writeSnapshot } from './snapshot-file.ts';
import type { OrderStore, Store, StoredBatch, StoreEvent } from './store.ts';
import { Superblock } from './superblock.ts';
import type { HistoryMark, Mark, SuperblockState } from './superblock-copy.ts';
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
  happened(event: StoreEvent): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

export interface OutboxOptions extends LogOptions {
  readonly node: PeerId;
  /** Null: the peer takes no part in the order, and its outbox goes with the snapshots. */
  readonly order: OrderOptions | null;
}

export interface OrderOptions {
  readonly history: HistoryOptions;
  /** What the outbox may take; a whole segment more while it is written. */
  readonly outboxBytesMax: number;
  /** What happens to readings that come in when it is full. `reject` is for the edge to do, which is told. */
  readonly outboxPolicy: 'block' | 'reject' | 'drop-oldest';
  /** Of the latest batches, kept in memory until they are ordered. */
  readonly outboxTailBytesMax: number;
}

/** What `openOutboxStore` found. */
export interface StoreStart {
  readonly superblock: SuperblockState;
  readonly superblockFile: DiskFile;
  readonly generation: number;
  readonly tail: LogTail;
  readonly history: HistoryStart | null;
}

interface SnapshotSave {
  readonly snapshot: Snapshot;
  readonly done: readonly (() => void)[];
}

interface Append {
  readonly batch: Batch;
  readonly done: (stored?: StoredBatch) => void;
}

export class OutboxStore implements Store, OrderStore {
  readonly #disk: Disk;
  readonly #events: StoreEvents;
  readonly #superblock: Superblock;
  readonly #log: SegmentedLog;
  readonly #retrySnapshot: Delay;
  readonly #retrySuperblock: Delay;
  #hardState: HardState | null;
  #tailUnknown: boolean;
  #lastSegment: number;
  readonly #order: OrderOptions | null;
  readonly #history: HistoryLog | null;
  readonly #drain: OutboxDrain;
  #historyMark: HistoryMark;
  #isBroken = false;
  /** While the outbox is as large as it may be. Bounded by what the peer may have unanswered. */
  #held: Append[] = [];
  #isOutboxFull = false;
  /** What the last snapshot covers. */
  #covered: Mark | null = null;
  #isRemoving = false;

  #writing: SnapshotSave | null = null;
  /** Asked for while one is being written; a later one takes the place of an earlier one. */
  #next: SnapshotSave | null = null;
  #isSnapshotFull = false;
  #snapshotBytes = 0;
  #snapshots = 0;
  #snapshotRest: (() => void) | null = null;

  constructor(disk: Disk, options: OutboxOptions, start: StoreStart, events: StoreEvents) {
    const { hardState, tailUnknown, lastSegment, history, ordered } = start.superblock;
    this.#disk = disk;
    this.#events = events;
    this.#hardState = hardState;
    this.#tailUnknown = tailUnknown;
    this.#lastSegment = Math.max(lastSegment, start.tail.lastNumber);
    this.#retrySnapshot = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#retrySuperblock = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#superblock = new Superblock(
      start.superblockFile,
      options.node,
      start.generation,
      () => this.#state(),
      (problem) => this.#break(problem),
      (detail) => {
        this.#retrySuperblock.ask();
        this.#events.failed({ kind: 'full', detail });
      },
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
    this.#order = options.order;
    this.#historyMark = history;
    const tailBytesMax = options.order?.outboxTailBytesMax ?? 0;
    this.#drain = new OutboxDrain(disk, () => this.#log.segments, tailBytesMax, ordered);
    this.#history = this.#historyOf(disk, options, start.history, events);
    this.#log.start();
    this.#history?.start();
  }

  append(batch: Batch, done: (stored?: StoredBatch) => void): void {
    const { identity, records } = batch;
    const first = records[0];
    assert(first !== undefined, 'a batch has a record');
    if (this.#isBroken) return;
    assert(this.#hardState !== null, 'an identity is saved before anything is appended under it');
    assert(
      !this.#tailUnknown || !sameIdentity(identity, this.#hardState.identity),
      'an identity whose last n is not known is not continued',
    );
    if (this.#order !== null && !this.#hasRoom(this.#order)) this.#held.push({ batch, done });
    else this.#append({ batch, done });
  }

  saveHardState(state: HardState, done: () => void): void {
    if (this.#isBroken) return;
    if (this.#hardState && !sameIdentity(state.identity, this.#hardState.identity)) this.#tailUnknown = false;
    this.#hardState = { ...state, ...orderOf(state.order ?? this.#hardState?.order) };
    this.#superblock.save(done);
  }

  saveOrderState(order: OrderState, done: () => void): void {
    if (this.#isBroken) return;
    assert(this.#hardState !== null, 'who takes part in the order has an identity');
    this.#hardState = { ...this.#hardState, order };
    this.#superblock.save(done);
  }

  appendLog(entries: readonly Entry[], floor: number, done: () => void): void {
    if (!this.#isBroken) this.#ofHistory.append(entries, floor, done);
  }

  cutLog(after: number, done: () => void): void {
    if (!this.#isBroken) this.#ofHistory.cut(after, done);
  }

  readLog(from: number, to: number, bytesMax: number, done: (entries: readonly Entry[]) => void): void {
    if (!this.#isBroken) this.#ofHistory.read(from, to, bytesMax, done);
  }

  findSequence(sequence: number, done: (index: number | null) => void): void {
    if (!this.#isBroken) this.#ofHistory.find(sequence, done);
  }

  saveBase(base: Base, done: () => void): void {
    if (!this.#isBroken) this.#ofHistory.saveBase(base, done);
  }

  trimLog(upto: number): void {
    if (!this.#isBroken) this.#ofHistory.trim(upto);
  }

  mendLog(entries: readonly Entry[], done: (mended: boolean) => void): void {
    if (!this.#isBroken) this.#ofHistory.mend(entries, done);
  }

  scrubLog(budgetBytes: number, done: () => void): void {
    if (!this.#isBroken) this.#ofHistory.scrub(budgetBytes, done);
  }

  pinLog(name: string, from: number, untilMs: number): void {
    this.#ofHistory.pin(name, from, untilMs);
  }

  unpinLog(name: string): void {
    this.#ofHistory.unpin(name);
  }

  get logStart(): number {
    return this.#ofHistory.startIndex;
  }

  get logEnd(): number {
    return this.#ofHistory.end.index;
  }

  get logHoles(): OrderStore['logHoles'] {
    return this.#ofHistory.holes;
  }

  readOutbox(
    identity: Identity,
    fromN: number,
    bytesMax: number,
    done: (batches: readonly StoredBatch[]) => void,
  ): void {
    if (this.#isBroken) return;
    run(this.#drain.read(identity, fromN, bytesMax), done, (problem) => this.#break(problem));
  }

  ordered(identity: Identity, upto: number): void {
    if (this.#drain.ordered(identity, upto)) this.#trim();
  }

  saveSnapshot(snapshot: Snapshot, done: () => void): void {
    if (this.#isBroken) return;
    this.#next = { snapshot, done: [...(this.#next?.done ?? []), done] };
    this.#writeSnapshot();
  }

  /** When `wake` has something to do; 0 for at once. */
  get wakeAt(): number {
    return Math.min(
      this.#log.wakeAt,
      this.#retrySnapshot.wakeAt,
      this.#retrySuperblock.wakeAt,
      this.#history?.wakeAt ?? NEVER,
    );
  }

  /** Brings the steady time; all delays run by it. */
  wake(steadyMs: number): void {
    this.#log.wake(steadyMs);
    this.#history?.wake(steadyMs);
    if (this.#retrySnapshot.passes(steadyMs)) this.#writeSnapshot();
    if (this.#retrySuperblock.passes(steadyMs)) this.#superblock.tryAgain();
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#log.counters(),
      ...this.#history?.counters(),
      outbox_tail_bytes: this.#drain.tailBytes,
      outbox_appends_held: this.#held.length,
      snapshots_saved_total: this.#snapshots,
      snapshot_bytes: this.#snapshotBytes,
    };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#log.finish(() =>
        this.#finishHistory(() =>
          this.#whenSnapshotRests(() => this.#saveLast(() => this.#closeFiles(resolve))),
        ),
      );
    });
  }

  #state(): SuperblockState {
    const { durable } = this.#log;
    return {
      hardState: this.#hardState,
      tailUnknown: this.#tailUnknown,
      lastSegment: this.#lastSegment,
      floor: durable && { identity: durable.identity, index: durable.index },
      ordered: this.#drain.marks,
      history: this.#history?.composeMark() ?? this.#historyMark,
    };
  }

  get #ofHistory(): HistoryLog {
    return must(this.#history, 'a peer without the order has no history log');
  }

  #historyOf(
    disk: Disk,
    options: OutboxOptions,
    start: HistoryStart | null,
    events: StoreEvents,
  ): HistoryLog | null {
    if (options.order === null || start === null) return null;
    return new HistoryLog(disk, options.order.history, start, {
      identity: () => must(this.#hardState, 'who keeps the log has an identity').identity,
      remember: (done) => this.#superblock.save(done),
      happened: events.happened,
      failed: (problem) => this.#break(problem),
      wakeMoved: events.wakeMoved,
    });
  }

  #append({ batch, done }: Append): void {
    const { identity, records } = batch;
    const firstN = must(records[0], 'a batch has a record').n;
    const payload = encodeBatch(batch);
    this.#log.append(identity, firstN, records.length, payload, () => {
      if (this.#order === null) {
        done();
        return;
      }
      const stored = storedBatch(batch, payload);
      this.#drain.stored(stored);
      done(stored);
    });
  }

  /** (ST48) */
  #hasRoom(order: OrderOptions): boolean {
    if (this.#held.length === 0 && this.#log.bytes < order.outboxBytesMax) return true;
    if (order.outboxPolicy === 'drop-oldest' && this.#held.length === 0 && this.#dropOldest()) return true;
    if (!this.#isOutboxFull) {
      this.#isOutboxFull = true;
      const { bytes } = this.#log;
      this.#events.happened({ type: 'outbox-full', bytes, bytesMax: order.outboxBytesMax });
    }
    return false;
  }

  /** What a snapshot covers may go, though it was never ordered. */
  #dropOldest(): boolean {
    const oldest = this.#log.segments[0];
    const isCovered =
      oldest !== undefined && this.#log.removable((segment) => this.#isInSnapshot(segment)) > 0;
    if (!isCovered) return false;
    const { identity, first, last } = oldest;
    const firstN = Math.max(first, this.#drain.orderedUpto(identity) + 1);
    this.#log.remove(1);
    this.#drain.ordered(identity, last);
    if (firstN <= last) this.#events.happened({ type: 'outbox-dropped', identity, firstN, lastN: last });
    return true;
  }

  /** Removes what is in the snapshot and, where there is an order, in it. (ST20, ST46) */
  #trim(): void {
    if (this.#order === null) {
      this.#log.remove(this.#log.removable((segment) => this.#isInSnapshot(segment)));
      return;
    }
    if (this.#isRemoving || this.#log.removable((segment) => this.#isDone(segment)) === 0) return;
    // Otherwise the next start would take for dropped what was ordered.
    this.#isRemoving = true;
    this.#superblock.save(() => {
      this.#isRemoving = false;
      this.#log.remove(this.#log.removable((segment) => this.#isDone(segment)));
      this.#appendHeld();
    });
  }

  #isInSnapshot({ identity, last }: Segment): boolean {
    if (this.#covered === null) return false;
    const order = compareIdentities(identity, this.#covered.identity);
    return order < 0 || (order === 0 && last <= this.#covered.index);
  }

  #isDone(segment: Segment): boolean {
    return this.#isInSnapshot(segment) && segment.last <= this.#drain.orderedUpto(segment.identity);
  }

  #appendHeld(): void {
    const { outboxBytesMax } = must(this.#order, 'appends are held by the order');
    while (this.#log.bytes < outboxBytesMax) {
      const append = this.#held.shift();
      if (append === undefined) break;
      this.#append(append);
    }
    if (this.#held.length > 0 || !this.#isOutboxFull) return;
    this.#isOutboxFull = false;
    this.#events.happened({ type: 'outbox-room' });
  }

  #finishHistory(done: () => void): void {
    if (this.#history === null || this.#isBroken) done();
    else this.#history.finish(done);
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
    this.#covered = { identity: snapshot.identity, index: snapshot.ownN };
    this.#trim();
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
    this.#history?.stop();
    this.#held = [];
    this.#retrySnapshot.stop();
    this.#retrySuperblock.stop();
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
    this.#log.close(() => this.#closeHistory(() => this.#superblock.close(done)));
  }

  #closeHistory(done: () => void): void {
    if (this.#history === null) done();
    else this.#history.close(done);
  }
}

function orderOf(order: OrderState | undefined): { readonly order?: OrderState } {
  return order === undefined ? {} : { order };
}
