// The writing end of the history log: one write and its sync are under way, and all that arrives meanwhile goes into
// the next group. SPEC rules ST31, ST37, ST42, ST43.
//
//   append ─▶ waiting ──group──▶ write ─▶ sync ─▶ known durable, answered, in order
//                │ does not fit
//                ▼
//        the spare segment becomes the active one; on a full disk, for entries without readings, a reserve
//
// A task may wait among the appends: it runs when all before it is durable and nothing is under way, and what is
// behind it waits until it has ended.

import { assert } from '../../kit/assert.ts';
import type { Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { NEVER } from '../../model/time.ts';
import { Delay } from '../delay.ts';
import type { Disk, DiskProblem } from '../disk.ts';
import { run, type StorageProblem } from '../task.ts';
import { bytesOf, endBehind, GroupFrame, type Waiting, type Written } from './group.ts';
import { MARK_BYTES } from './record.ts';
import { HEADER_BYTES } from './segment.ts';
import type { LogEnd, Segments } from './segments.ts';
import { type Active, Supply, type SupplyOptions, type SupplyStart } from './supply.ts';

export interface WriterOptions extends SupplyOptions {
  /** What one group may weigh; a single record may weigh more. */
  readonly groupBytesMax: number;
  /** After so long without an append a mark says that the tail is durable. */
  readonly markAfterMs: number;
}

export interface WriterEvents {
  /** Whose directory this is. */
  identity(): Identity;
  /** A segment of this number exists. To be answered once that is remembered for good. */
  created(number: number, done: () => void): void;
  /** The segment that ended with this index is written no more. */
  sealed(upto: number): void;
  /** More is durable than before. */
  durable(): void;
  full(detail: string): void;
  space(): void;
  failed(problem: StorageProblem): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

/** Where a log goes on. */
export interface WriterStart extends SupplyStart {
  readonly floor: number;
  /** Whether a record proves the last one durable. */
  readonly isMarked: boolean;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #events: WriterEvents;
  readonly #segments: Segments;
  readonly #idle: Delay;
  /** A write for which there was no space is tried again. */
  readonly #retry: Delay;
  readonly #supply: Supply;
  readonly #frame = new GroupFrame();
  /** The highest index known committed. */
  #floor: number;
  #isMarked: boolean;
  /** A write that was refused may have left something behind the end of the log. */
  #isSpoilt = false;
  /** Appended and in no group yet; bounded by what the peer may have unanswered. */
  #waiting: Waiting[] = [];
  /** The index that the next append must have. */
  #next: number;
  #state: 'idle' | 'rolling' | 'writing' | 'refused' | 'answering' | 'held' | 'stopped' = 'idle';
  #isWriting = false;
  #groups = 0;
  #entries = 0;
  #bytesWritten = 0;
  #finished: (() => void) | null = null;

  constructor(
    disk: Disk,
    options: WriterOptions,
    segments: Segments,
    start: WriterStart,
    events: WriterEvents,
  ) {
    this.#options = options;
    this.#events = events;
    this.#segments = segments;
    this.#floor = start.floor;
    this.#isMarked = start.isMarked;
    this.#next = segments.end.index + 1;
    this.#idle = new Delay(options.markAfterMs, events.wakeMoved);
    this.#retry = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#supply = new Supply(disk, options, segments, start, {
      created: events.created,
      sealed: events.sealed,
      ready: () => this.#pump(),
      rolled: () => this.#rolled(),
      full: events.full,
      space: events.space,
      failed: events.failed,
      wakeMoved: events.wakeMoved,
      rests: () => this.#rest(),
    });
  }

  /** Begins the work that waits for no append. */
  start(): void {
    if (!this.#isMarked && this.active) this.#idle.ask();
    this.#supply.start();
  }

  get floor(): number {
    return this.#floor;
  }

  get lastNumber(): number {
    return this.#supply.lastNumber;
  }

  /** The index that the next append must have. */
  get next(): number {
    return this.#next;
  }

  get active(): Active | null {
    return this.#supply.active;
  }

  get wakeAt(): number {
    return this.#state === 'stopped'
      ? NEVER
      : Math.min(this.#idle.wakeAt, this.#retry.wakeAt, this.#supply.wakeAt);
  }

  wake(nowMs: number): void {
    if (this.#state === 'stopped') return;
    this.#supply.wake(nowMs);
    if (this.#retry.passes(nowMs)) {
      this.#state = 'idle';
      this.#pump();
      // Where nothing waits, a mark finds out whether there is space again.
      this.#mark();
    }
    if (this.#idle.passes(nowMs)) this.#mark();
  }

  append(entries: readonly Entry[], floor: number, done: () => void): void {
    this.#floor = Math.max(this.#floor, floor);
    const last = entries.length - 1;
    for (const [at, entry] of entries.entries()) {
      assert(entry.index === this.#next, `entry ${entry.index} follows ${this.#next - 1} in the log`);
      this.#next++;
      this.#waiting.push({ kind: 'data', entry, done: at === last ? done : null });
    }
    if (last < 0) {
      this.task((ended) => {
        done();
        ended();
      });
    }
    this.#idle.ask();
    this.#pump();
  }

  /** Once `prepare` has told where the log will end, everything behind leaves it. */
  cut(after: number, prepare: (done: (end: LogEnd) => void) => void, done: () => void): void {
    assert(after >= this.#floor, `what is committed stays in the log: cut ${after}, floor ${this.#floor}`);
    assert(after < this.#next, 'a cut shortens the log');
    this.#next = after + 1;
    this.task((ended) =>
      prepare((end) => {
        this.#waiting.unshift({ kind: 'cut', after: end, done });
        ended();
      }),
    );
    this.#idle.ask();
  }

  /** Runs it when all that was asked for before is durable; what is asked for afterwards waits until it has ended. */
  task(begin: (ended: () => void) => void): void {
    this.#waiting.push({ kind: 'task', begin });
    this.#pump();
  }

  /** In a task: the log goes on in another file, or in a segment to be begun. */
  goOnIn(active: Active | null): void {
    if (this.#state === 'stopped') return;
    assert(this.#state === 'held', 'the active segment is replaced by a task');
    this.#isSpoilt = false;
    this.#supply.goOnIn(active);
  }

  /** As part of a task that empties the log: what is appended next has this index. */
  goOnBehind(index: number, floor: number): void {
    this.#next = index + 1;
    this.#floor = floor;
  }

  /** There may be space again. */
  tryAgain(): void {
    if (this.#state !== 'stopped') this.#supply.tryAgain();
  }

  counters(): { readonly [name: string]: number } {
    return {
      history_groups_total: this.#groups,
      history_entries_written_total: this.#entries,
      history_bytes_written_total: this.#bytesWritten,
      history_appends_waiting: this.#waiting.length,
      history_disk_full: this.#supply.isFull ? 1 : 0,
      history_reserve_segments: this.#supply.reserves,
      history_floor: this.#floor,
    };
  }

  /** Nothing is written or answered from here on. */
  stop(): void {
    this.#state = 'stopped';
    this.#waiting = [];
    this.#rest();
  }

  /** Answered once nothing is under way. What waits for space on a full disk is given up. */
  finish(done: () => void): void {
    this.#finished = done;
    this.#supply.end();
    this.#rest();
  }

  /** To be called after `finish`. */
  close(done: () => void): void {
    this.#state = 'stopped';
    run(this.#supply.close(), done, done);
  }

  #pump(): void {
    const first = this.#waiting[0];
    if (this.#state !== 'idle') return;
    if (first === undefined) this.#rest();
    else if (first.kind === 'task') this.#hold(first.begin);
    else if (this.#mustMark(first)) this.#writeMark();
    else if (this.#supply.hasRoom(first) || this.#roll(first)) this.#writeGroup();
    else this.#rest();
  }

  #hold(begin: (ended: () => void) => void): void {
    this.#waiting.shift();
    this.#state = 'held';
    begin(() => {
      if (this.#state !== 'held') return;
      this.#state = 'idle';
      this.#pump();
    });
  }

  /** Whether there is a segment to go on in. If not, the log waits until one is ready. */
  #roll(record: Waiting): boolean {
    const rolled = this.#supply.roll(record);
    if (rolled === 'later') this.#state = 'rolling';
    return rolled === 'done';
  }

  #rolled(): void {
    if (this.#state !== 'rolling') return;
    this.#state = 'idle';
    this.#pump();
  }

  #writeGroup(): void {
    const { active } = this.#supply;
    assert(active !== null, 'a group has a segment to go to');
    let bytes = active.offset === 0 ? HEADER_BYTES : 0;
    const group: Written[] = [];
    for (const record of this.#waiting) {
      if (record.kind === 'task') break;
      const more = bytes + bytesOf(record);
      const fits =
        active.offset + more + MARK_BYTES <= active.file.bytes && more <= this.#options.groupBytesMax;
      if (group.length > 0 && (!fits || this.#supply.keepsOut(record))) break;
      bytes = more;
      group.push(record);
    }
    this.#waiting.splice(0, group.length);
    this.#isMarked = false;
    this.#commit(active, group, bytes);
  }

  /** Says that the tail is durable, so that its later rot is told from an interrupted write. (ST37) */
  #mark(): void {
    const { active } = this.#supply;
    if (this.#state !== 'idle' || this.#isMarked || active === null || active.offset === 0) return;
    if (active.offset + MARK_BYTES <= active.file.bytes) this.#writeMark();
  }

  /** What a refused write left must not be taken for damage once a later segment is begun. */
  #mustMark(next: Waiting): boolean {
    const offset = this.#supply.active?.offset ?? 0;
    return this.#isSpoilt && offset > 0 && !this.#supply.hasRoom(next);
  }

  #writeMark(): void {
    const { active } = this.#supply;
    assert(active !== null, 'a mark stands behind something');
    this.#isMarked = true;
    this.#commit(active, [{ kind: 'mark', done: null }], MARK_BYTES);
  }

  #commit(active: Active, group: readonly Written[], bytes: number): void {
    const place = {
      number: active.number,
      offset: active.offset,
      floor: this.#floor,
      identity: this.#events.identity,
    };
    const framed = this.#frame.of(group, bytes, place, this.#segments);
    this.#state = 'writing';
    this.#isWriting = true;
    const ended = (problem: DiskProblem | null): void => {
      this.#isWriting = false;
      if (this.#state === 'stopped') this.#rest();
      else if (problem) this.#events.failed(problem);
      else this.#committed(active, group, bytes);
    };
    active.file.write(active.offset, framed, (written) => {
      if (written.ok) active.file.sync((synced) => ended(synced.ok ? null : synced.problem));
      else if (written.problem.kind === 'full') this.#refused(group, written.problem.detail);
      else ended(written.problem);
    });
  }

  /**
   * A file system may want space even for what is there. Nothing was synced, so the same is written again; a mark
   * that nobody waits for, before the log goes on in another segment. (ST42)
   */
  #refused(group: readonly Written[], detail: string): void {
    this.#isWriting = false;
    this.#isSpoilt = true;
    this.#isMarked = false;
    this.#waiting.unshift(...group.filter((record) => record.kind !== 'mark'));
    if (this.#state !== 'stopped') {
      this.#state = 'refused';
      this.#retry.ask();
      this.#supply.refused(detail);
    }
    this.#rest();
  }

  #committed(active: Active, group: readonly Written[], bytes: number): void {
    this.#enter(active, group);
    this.#isSpoilt = false;
    active.offset += bytes;
    this.#groups++;
    this.#bytesWritten += bytes;
    // What the answers append waits and becomes one group.
    this.#state = 'answering';
    this.#supply.written();
    this.#events.durable();
    for (const { done } of group) done?.();
    // `stop` may have been called by an answer.
    if (this.#state !== 'answering') return;
    this.#state = 'idle';
    this.#pump();
  }

  /** Tells the table of contents what is durable. */
  #enter(active: Active, group: readonly Written[]): void {
    let offset = active.offset;
    if (offset === 0) {
      offset = HEADER_BYTES;
      this.#segments.begin(active.number, active.file.bytes, offset);
    }
    for (const record of group) {
      const end = offset + bytesOf(record);
      if (record.kind === 'data') {
        const { index, firstSequence: sequence } = record.entry;
        this.#segments.appended({ offset, index, sequence }, end, endBehind(record, this.#segments.end));
        this.#entries++;
      } else if (record.kind === 'cut') this.#segments.cut(record.after, end);
      else this.#segments.written(end);
      offset = end;
    }
  }

  /** Tells who waits for it that nothing is under way. */
  #rest(): void {
    const isDone =
      this.#waiting.length === 0 ||
      (this.#supply.isFull && (this.#state === 'idle' || this.#state === 'refused'));
    const isBusy = this.#isWriting || this.#state === 'answering' || this.#state === 'held';
    if (this.#finished === null || !isDone || isBusy || this.#state === 'rolling') return;
    // A spare that is being made when the disk breaks is never finished.
    if (this.#supply.isMaking && this.#state !== 'stopped') return;
    const finished = this.#finished;
    this.#finished = null;
    this.#state = 'stopped';
    finished();
  }
}
