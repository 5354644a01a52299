// A peer's durable memory on a disk: the outbox (a log of batches), the superblock, the snapshot, and the history log
// where the peer takes part in the order. SPEC rules ST12, ST15, ST17, ST20, ST23-ST25, ST46-ST48.

import { assert, must } from '../kit/assert.ts';
import type { Batch, HardState, Snapshot } from '../model/durable.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import { type Identity, type PeerId, sameIdentity } from '../model/ids.ts';
import { NEVER } from '../model/time.ts';
import { encodeBatch } from '../wire/durable.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile } from './disk.ts';
import { HistoryLog, type HistoryOptions, type HistoryStart } from './history/history-log.ts';
import { OutboxDrain, storedBatch } from './outbox-drain.ts';
import { type Append, OutboxRoom, type RoomOptions } from './outbox-room.ts';
import { type LogOptions, type LogTail, SegmentedLog } from './segmented-log.ts';
import { SnapshotSaver } from './snapshot-saver.ts';
import type { OrderStore, Store, StoredBatch, StoreEvent } from './store.ts';
import { Superblock } from './superblock.ts';
import type { HistoryMark, SuperblockState } from './superblock-copy.ts';
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

export interface OrderOptions extends RoomOptions {
  readonly history: HistoryOptions;
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

export class OutboxStore implements Store, OrderStore {
  readonly #events: StoreEvents;
  readonly #superblock: Superblock;
  readonly #log: SegmentedLog;
  readonly #snapshots: SnapshotSaver;
  readonly #retrySuperblock: Delay;
  #hardState: HardState | null;
  #tailUnknown: boolean;
  #lastSegment: number;
  readonly #order: OrderOptions | null;
  readonly #history: HistoryLog | null;
  readonly #drain: OutboxDrain;
  readonly #room: OutboxRoom;
  #historyMark: HistoryMark;
  #isBroken = false;

  constructor(disk: Disk, options: OutboxOptions, start: StoreStart, events: StoreEvents) {
    const { hardState, tailUnknown, lastSegment, history, ordered } = start.superblock;
    this.#events = events;
    this.#hardState = hardState;
    this.#tailUnknown = tailUnknown;
    this.#lastSegment = Math.max(lastSegment, start.tail.lastNumber);
    this.#snapshots = new SnapshotSaver(disk, options.retryFullAfterMs, {
      saved: ({ identity, ownN }) => this.#room.covered({ identity, index: ownN }),
      full: (detail) => events.failed({ kind: 'full', detail }),
      failed: (problem) => this.#break(problem),
      wakeMoved: events.wakeMoved,
    });
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
    this.#room = new OutboxRoom(this.#log, this.#drain, options.order, {
      remember: (done) => this.#superblock.save(done),
      append: (append) => this.#append(append),
      happened: events.happened,
    });
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
    this.#room.append({ batch, done });
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
    if (this.#drain.ordered(identity, upto)) this.#room.trim();
  }

  saveSnapshot(snapshot: Snapshot, done: () => void): void {
    this.#snapshots.save(snapshot, done);
  }

  /** When `wake` has something to do; 0 for at once. */
  get wakeAt(): number {
    return Math.min(
      this.#log.wakeAt,
      this.#snapshots.wakeAt,
      this.#retrySuperblock.wakeAt,
      this.#history?.wakeAt ?? NEVER,
    );
  }

  /** Brings the steady time; all delays run by it. */
  wake(steadyMs: number): void {
    this.#log.wake(steadyMs);
    this.#history?.wake(steadyMs);
    this.#snapshots.wake(steadyMs);
    if (this.#retrySuperblock.passes(steadyMs)) this.#superblock.tryAgain();
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#log.counters(),
      ...this.#history?.counters(),
      outbox_tail_bytes: this.#drain.tailBytes,
      outbox_appends_held: this.#room.held,
      ...this.#snapshots.counters(),
    };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#log.finish(() =>
        this.#finishHistory(() =>
          this.#snapshots.whenResting(() => this.#saveLast(() => this.#closeFiles(resolve))),
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

  #finishHistory(done: () => void): void {
    if (this.#history === null || this.#isBroken) done();
    else this.#history.finish(done);
  }

  /** Nothing is ever answered again: whether what was written before is there, nobody knows. (ST23) */
  #break(problem: StorageProblem): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#log.stop();
    this.#history?.stop();
    this.#room.stop();
    this.#snapshots.stop();
    this.#retrySuperblock.stop();
    this.#events.failed({ kind: 'broken', detail: problemText(problem) });
  }

  /** The last index goes into the superblock, so that a log that is shorter at the next start is noticed. */
  #saveLast(done: () => void): void {
    if (this.#isBroken || this.#hardState === null) done();
    else this.#superblock.save(done);
  }

  #closeFiles(done: () => void): void {
    this.#isBroken = true;
    this.#snapshots.stop();
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
