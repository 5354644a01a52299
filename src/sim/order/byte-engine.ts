// The storage engine of the product on a disk in memory, in virtual time: it is opened at once, answers as slowly as
// the disk is, and is woken when it asks to be. The disk loses what was not synced, turns bits, fills up, lies and
// fails. SPEC rules SM42, SM58.

import { AssertionError, must } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { Result } from '../../kit/result.ts';
import type { PeerId } from '../../model/ids.ts';
import { NEVER } from '../../model/time.ts';
import { AnswerQueue, MemoryDisk } from '../../storage/memory-disk.ts';
import { type OpenedStore, openOutboxStore } from '../../storage/open-outbox.ts';
import type { OutboxStore, StoreFailure } from '../../storage/outbox-store.ts';
import type { StoreEvent } from '../../storage/store.ts';
import { problemText, type StorageProblem } from '../../storage/task.ts';
import type { Timeline } from '../timeline.ts';
import { handleOf } from './byte-handle.ts';
import { ByteQueues } from './byte-queues.ts';
import { scarsOf } from './byte-scars.ts';
import type { DiskEvents, OrderDiskOptions } from './disk-port.ts';

/** Files so small that a run has many of them. */
const FILES = {
  segmentBytes: 65_536,
  groupBytesMax: 131_072,
  markAfterMs: 50,
  retryFullAfterMs: 200,
} as const;
const ORDER = {
  history: {
    ...FILES,
    segmentBytes: 65_536,
    firstSegmentBytes: 4_096,
    reserveBytes: 4_096,
    openSegmentsMax: 3,
    cursorsMax: 4,
  },
  outboxBytesMax: 8_388_608,
  outboxPolicy: 'block',
  outboxTailBytesMax: 4_096,
} as const;
/** How often the power fails in the middle of an opening, and how far that has come at most. */
const CRASH_IN_OPENING = 0.1;
const STEPS_BEFORE_CRASH = 80;
const OPENINGS_MAX = 50;

export class ByteEngine {
  readonly queues: ByteQueues;
  readonly #peer: PeerId;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #events: DiskEvents;
  #memory: MemoryDisk;
  #store: OutboxStore | null = null;
  /** Where answers go that come at once, before the process runs. */
  #atOnce: AnswerQueue | null = null;
  #alarmAtMs = NEVER;
  #life = 0;
  #isFull = false;
  #isLying = false;
  #failsNext = false;
  /** The disk did what no engine can make good: what is missing then is no fault of its own. */
  #isSpoilt = false;
  #isRotten = false;
  #lostPower = false;
  /** Files that such a disk left wrong where no start looks: whoever reads them finds it, and is right. */
  #scars: ReadonlySet<string> = new Set();

  constructor(
    peer: PeerId,
    timeline: Timeline,
    random: Random,
    options: OrderDiskOptions,
    events: DiskEvents,
  ) {
    this.#peer = peer;
    this.#timeline = timeline;
    this.#random = random;
    this.#events = events;
    this.queues = new ByteQueues(timeline, random, options);
    this.#memory = this.#newMemory();
  }

  get store(): OutboxStore {
    return must(this.#store, 'whoever writes has opened the disk');
  }

  get isOpen(): boolean {
    return this.#store !== null;
  }

  runs(store: OutboxStore): boolean {
    return this.#store === store;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get isSpoilt(): boolean {
    return this.#isSpoilt;
  }

  /** Of some of its log damage may be told. */
  get mayBeDamaged(): boolean {
    return this.#isSpoilt || this.#scars.size > 0;
  }

  /** What it asks of the disk is answered at once. */
  now<T>(act: () => T): T {
    const answers = new AnswerQueue();
    this.#atOnce = answers;
    const result = act();
    answers.runAll();
    this.#atOnce = null;
    this.arm();
    return result;
  }

  /** Opening takes no virtual time. Sometimes the power fails in the middle of it. */
  open(): OpenedStore {
    for (let tries = 0; tries < OPENINGS_MAX; tries++) {
      const result = this.#tryToOpen();
      if (result === null) continue;
      if (result.ok) {
        this.#store = result.value.store;
        this.arm();
        return result.value;
      }
      // A node whose disk has no room for its start runs again once somebody has made some.
      if (result.problem.kind === 'full') this.setFull(false);
      else this.#events.problem(`it cannot be opened: ${problemText(result.problem)}`);
    }
    throw new AssertionError('a disk can be opened at last');
  }

  /** All that a start looks at is as it was left, after a crash that would have shown it. */
  wasWhole(): void {
    if (this.#lostPower && !this.#isLying) {
      if (this.mayBeDamaged) this.#scars = scarsOf(this.#memory);
      this.#isSpoilt = false;
      this.#isRotten = false;
    }
    this.#lostPower = false;
  }

  crash(powered: boolean): void {
    this.#life++;
    this.#store = null;
    this.#alarmAtMs = NEVER;
    this.#isFull = false;
    this.#failsNext = false;
    this.queues.clear();
    if (powered) this.#memory.kill();
    else {
      this.#memory.crash(this.#random);
      this.#lostPower = true;
    }
  }

  replace(): void {
    this.#memory = this.#newMemory();
    this.#scars = new Set();
    this.#isSpoilt = false;
    this.#isRotten = false;
    this.#isLying = false;
    this.#lostPower = false;
  }

  /** A few bits of a segment of the log turn. */
  rot(unit: number): void {
    const names = this.#memory.names.filter((name) => name.startsWith('history-'));
    const name = names[Math.floor(unit * names.length)];
    const bytes = name === undefined ? 0 : (this.#memory.content(name)?.length ?? 0);
    if (name === undefined || bytes === 0) return;
    this.#isSpoilt = true;
    this.#isRotten = true;
    this.#lostPower = true;
    const at = Math.floor(((unit * 7_919) % 1) * bytes);
    for (let bit = 0; bit < 3; bit++) this.#memory.flipBit(name, Math.min(bytes - 1, at + bit * 5), bit);
  }

  /** What it had lied about, or refused, is on it after all, and it refuses nothing any more. */
  settle(): void {
    this.#memory.settle();
    this.#isLying = false;
    this.#failsNext = false;
    // What a power cut has taken meanwhile is gone for good.
    this.#isSpoilt = this.#isRotten || (this.#isSpoilt && this.#lostPower);
  }

  /** Nothing can grow; the engine finds out when it wants to, and says so. */
  setFull(full: boolean): void {
    this.#memory.capacityBytes = full ? this.#memory.usedBytes : Number.POSITIVE_INFINITY;
  }

  /** Syncs are answered and do nothing. */
  setLying(lying: boolean): void {
    this.#isLying = lying;
    if (lying) this.#isSpoilt = true;
  }

  /** The next sync is refused, and the system takes for written what was not (fsyncgate). */
  failNext(): void {
    this.#failsNext = true;
    this.#isSpoilt = true;
  }

  /** Wakes the engine when it asks for that. */
  arm(): void {
    const atMs = Math.max(this.#store?.wakeAt ?? NEVER, this.#timeline.nowMs);
    if (atMs >= this.#alarmAtMs || atMs === NEVER) return;
    this.#alarmAtMs = atMs;
    const life = this.#life;
    this.#timeline.at(atMs, () => {
      if (this.#life !== life || this.#alarmAtMs !== atMs) return;
      this.#alarmAtMs = NEVER;
      this.#store?.wake(this.#timeline.nowMs);
      this.arm();
    });
  }

  #newMemory(): MemoryDisk {
    const memory = new MemoryDisk({
      later: (answer, operation, name) => {
        if (this.#atOnce !== null) this.#atOnce.later(answer);
        else this.queues.add(answer, operation, name);
      },
      fault: (operation) => (operation === 'sync' && this.#fails() ? 'broken' : null),
    });
    memory.lies = () => this.#isLying;
    return memory;
  }

  #fails(): boolean {
    if (!this.#failsNext || this.#atOnce !== null) return false;
    this.#failsNext = false;
    return true;
  }

  /** Null: the power failed meanwhile. */
  #tryToOpen(): Result<OpenedStore, StorageProblem> | null {
    const results: Result<OpenedStore, StorageProblem>[] = [];
    const life = ++this.#life;
    // An alarm of the life before does not ring any more.
    this.#alarmAtMs = NEVER;
    const answers = must(this.#atOnce, 'a disk is opened at once');
    const options = { node: this.#peer, ...FILES, order: ORDER };
    const disk = handleOf(this.#memory, () => life === this.#life);
    openOutboxStore(disk, options, this.#storeEvents(life), (result) => results.push(result));
    if (this.#random.chance(CRASH_IN_OPENING)) {
      for (let steps = this.#random.below(STEPS_BEFORE_CRASH); steps > 0 && answers.step(); steps--);
      if (results.length === 0) {
        this.#memory.crash(this.#random);
        this.#lostPower = true;
        answers.runAll();
        return null;
      }
    }
    answers.runAll();
    return must(results[0], 'a disk that answers lets the store be opened or says why not');
  }

  #storeEvents(life: number): Parameters<typeof openOutboxStore>[2] {
    return {
      failed: (failure) => {
        if (life === this.#life) this.#failed(failure);
      },
      happened: (event) => {
        if (life === this.#life) this.#happened(event);
      },
      wakeMoved: () => {
        if (life === this.#life) this.arm();
      },
    };
  }

  #failed({ kind, detail }: StoreFailure): void {
    if (kind !== 'broken') return;
    if (!this.#isSpoilt) this.#events.problem(`it broke: ${detail}`);
    // Outside of whatever answer told it.
    const life = this.#life;
    this.#timeline.after(0, () => {
      if (life === this.#life) this.#events.broken();
    });
  }

  #happened(event: StoreEvent): void {
    const isHeard = this.#atOnce === null;
    if (event.type === 'log-damaged') {
      const isRight = this.#isSpoilt || [...this.#scars].some((name) => event.why.startsWith(name));
      if (!isRight) this.#events.problem(`entries ${event.from}..${event.to}: ${event.why}`);
      if (isHeard) this.#events.damaged(event.from, event.to);
      return;
    }
    if (event.type !== 'full' && event.type !== 'space') return;
    this.#isFull = event.type === 'full';
    if (isHeard) this.#events.full(this.#isFull);
  }
}
