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
import type { Disk, DiskFile, DiskProblem } from '../disk.ts';
import { viewOf } from '../fields.ts';
import { type Blank, SpareSegment } from '../spare-segment.ts';
import { need, run, type StorageProblem, type Task } from '../task.ts';
import { type RecordKind, recordBytes, writeRecord } from './record.ts';
import { Reserve } from './reserve.ts';
import { HEADER_BYTES, segmentName, writeHeader } from './segment.ts';
import type { LogEnd, Segments } from './segments.ts';

/** Every segment ends with room for one mark. */
export const MARK_BYTES = recordBytes(0);
const EMPTY = new Uint8Array(0);
const BUFFER_BYTES = 65_536;
/** The next segment is so much smaller than all before it together, so that a small log takes little space. */
const GROWTH = 4;

export interface WriterOptions {
  /** The largest segment, the first one, and one of the reserve. */
  readonly segmentBytes: number;
  readonly firstSegmentBytes: number;
  readonly reserveBytes: number;
  /** What one group may weigh; a single record may weigh more. */
  readonly groupBytesMax: number;
  /** After so long without an append a mark says that the tail is durable. */
  readonly markAfterMs: number;
  /** A full disk is tried again after this. */
  readonly retryFullAfterMs: number;
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
export interface WriterStart {
  /** The last segment that was begun, to be written on from `offset`. */
  readonly active: Active | null;
  readonly blanks: readonly Blank[];
  readonly reserve: readonly (DiskFile | null)[];
  readonly lastNumber: number;
  readonly floor: number;
  /** Whether a record proves the last one durable. */
  readonly isMarked: boolean;
}

export interface Active {
  readonly number: number;
  readonly file: DiskFile;
  /** Where the next group goes; 0 while the segment is not begun. */
  offset: number;
  /** Readings wait for another one while the disk is full. */
  readonly isReserve: boolean;
}

type Waiting =
  | { readonly kind: 'data'; readonly entry: Entry; readonly done: (() => void) | null }
  | { readonly kind: 'cut'; readonly after: LogEnd; readonly done: () => void }
  | { readonly kind: 'task'; readonly begin: (ended: () => void) => void };
type Written = Exclude<Waiting, { kind: 'task' }> | { readonly kind: 'mark'; readonly done: null };

export class Writer {
  readonly #options: WriterOptions;
  readonly #events: WriterEvents;
  readonly #segments: Segments;
  readonly #idle: Delay;
  /** A write for which there was no space is tried again. */
  readonly #retry: Delay;
  readonly #spare: SpareSegment;
  readonly #reserve: Reserve;
  #active: Active | null;
  /** The highest index known committed. */
  #floor: number;
  #isMarked: boolean;
  #isFull = false;
  /** Appended and in no group yet; bounded by what the peer may have unanswered. */
  #waiting: Waiting[] = [];
  /** The index that the next append must have. */
  #next: number;
  #state: 'idle' | 'rolling' | 'writing' | 'refused' | 'answering' | 'held' | 'stopped' = 'idle';
  #isWriting = false;
  #buffer = new Uint8Array(BUFFER_BYTES);
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
    this.#active = start.active;
    this.#floor = start.floor;
    this.#isMarked = start.isMarked;
    this.#next = segments.end.index + 1;
    this.#idle = new Delay(options.markAfterMs, events.wakeMoved);
    this.#retry = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#spare = new SpareSegment(
      disk,
      {
        name: segmentName,
        bytes: () => this.#nextBytes(),
        retryFullAfterMs: options.retryFullAfterMs,
        warns: true,
      },
      start,
      {
        created: events.created,
        ready: () => this.#spareReady(),
        full: (detail) => this.#spareFull(detail),
        failed: events.failed,
        wakeMoved: events.wakeMoved,
        ended: () => this.#rest(),
      },
    );
    this.#reserve = new Reserve(disk, options.reserveBytes, start.reserve, {
      failed: events.failed,
      ended: () => this.#pump(),
    });
  }

  /** Begins the work that waits for no append. */
  start(): void {
    if (!this.#isMarked && this.#active) this.#idle.ask();
    this.#spare.prepare();
    if (!this.#spare.isMaking) this.#reserve.fill();
  }

  get floor(): number {
    return this.#floor;
  }

  get lastNumber(): number {
    return this.#spare.lastNumber;
  }

  /** The index that the next append must have. */
  get next(): number {
    return this.#next;
  }

  get active(): Active | null {
    return this.#active;
  }

  get wakeAt(): number {
    return this.#state === 'stopped'
      ? NEVER
      : Math.min(this.#idle.wakeAt, this.#retry.wakeAt, this.#spare.wakeAt);
  }

  wake(nowMs: number): void {
    if (this.#state === 'stopped') return;
    this.#spare.wake(nowMs);
    if (this.#retry.passes(nowMs)) {
      this.#state = 'idle';
      this.#pump();
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
    if (last < 0) this.#answerInOrder(done);
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

  #answerInOrder(done: () => void): void {
    this.task((ended) => {
      done();
      ended();
    });
  }

  /** In a task: the log goes on in another file, or in a segment to be begun. */
  goOnIn(active: Active | null): void {
    if (this.#state === 'stopped') return;
    assert(this.#state === 'held', 'the active segment is replaced by a task');
    if (this.#active?.file !== active?.file) this.#active?.file.close(() => {});
    this.#active = active;
  }

  /** As part of a task that empties the log: what is appended next has this index. */
  goOnBehind(index: number, floor: number): void {
    this.#next = index + 1;
    this.#floor = floor;
  }

  /** There may be space again. */
  tryAgain(): void {
    if (this.#state !== 'stopped') this.#spare.tryAgain();
  }

  counters(): { readonly [name: string]: number } {
    return {
      history_groups_total: this.#groups,
      history_entries_written_total: this.#entries,
      history_bytes_written_total: this.#bytesWritten,
      history_appends_waiting: this.#waiting.length,
      history_disk_full: this.#isFull ? 1 : 0,
      history_reserve_segments: this.#reserve.count,
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
    this.#rest();
  }

  /** To be called after `finish`. */
  close(done: () => void): void {
    this.#state = 'stopped';
    const files = [
      ...(this.#active ? [this.#active.file] : []),
      ...this.#spare.files,
      ...this.#reserve.files,
    ];
    run(closeAll(files), done, done);
  }

  #pump(): void {
    const first = this.#waiting[0];
    if (this.#state !== 'idle') return;
    if (first === undefined) this.#rest();
    else if (first.kind === 'task') this.#hold(first.begin);
    else if (this.#hasRoom(first) || this.#roll(first)) this.#writeGroup();
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

  #hasRoom(record: Waiting): boolean {
    const active = this.#active;
    if (active === null || (active.isReserve && this.#isFull && !isControl(record))) return false;
    return active.offset + bytesOf(record) + MARK_BYTES <= active.file.bytes;
  }

  /** Whether there is a segment to go on in. If not, the log waits until one is ready. */
  #roll(record: Waiting): boolean {
    const blank = this.#spare.take(HEADER_BYTES + bytesOf(record) + MARK_BYTES);
    if (blank !== null) {
      this.#goOnWith(blank, false);
      if (this.#finished === null) this.#spare.prepare();
      return true;
    }
    if (this.#spare.isFull && isControl(record) && this.#reserve.count > 0) this.#rollToReserve();
    else this.#spare.prepare();
    return false;
  }

  #rollToReserve(): void {
    this.#state = 'rolling';
    const number = this.#spare.skip();
    this.#reserve.take(number, (file) => {
      this.#events.created(number, () => {
        if (this.#state !== 'rolling') return;
        this.#goOnWith({ number, file }, true);
        this.#state = 'idle';
        this.#pump();
      });
    });
  }

  #goOnWith({ number, file }: Blank, isReserve: boolean): void {
    if (this.#active !== null) {
      this.#active.file.close(() => {});
      this.#events.sealed(this.#segments.end.index);
    }
    this.#active = { number, file, offset: 0, isReserve };
  }

  #writeGroup(): void {
    const active = this.#active;
    assert(active !== null, 'a group has a segment to go to');
    let bytes = active.offset === 0 ? HEADER_BYTES : 0;
    const group: Written[] = [];
    for (const record of this.#waiting) {
      if (record.kind === 'task') break;
      const more = bytes + bytesOf(record);
      const fits =
        active.offset + more + MARK_BYTES <= active.file.bytes && more <= this.#options.groupBytesMax;
      if (group.length > 0 && (!fits || (active.isReserve && this.#isFull && !isControl(record)))) break;
      bytes = more;
      group.push(record);
    }
    this.#waiting.splice(0, group.length);
    this.#isMarked = false;
    this.#commit(active, group, bytes);
  }

  /** Says that the tail is durable, so that its later rot is told from an interrupted write. (ST37) */
  #mark(): void {
    const active = this.#active;
    if (this.#state !== 'idle' || this.#isMarked || active === null || active.offset === 0) return;
    if (active.offset + MARK_BYTES > active.file.bytes) return;
    this.#isMarked = true;
    this.#commit(active, [{ kind: 'mark', done: null }], MARK_BYTES);
  }

  #commit(active: Active, group: readonly Written[], bytes: number): void {
    const framed = this.#frame(active, group, bytes);
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

  /** A file system may want space even for what is there. Nothing was synced, so the same is written again. (ST42) */
  #refused(group: readonly Written[], detail: string): void {
    this.#isWriting = false;
    this.#isMarked = false;
    this.#waiting.unshift(...group.filter((record) => record.kind !== 'mark'));
    if (this.#state !== 'stopped') {
      this.#state = 'refused';
      this.#retry.ask();
      this.#spareFull(detail);
    }
    this.#rest();
  }

  #committed(active: Active, group: readonly Written[], bytes: number): void {
    this.#enter(active, group);
    active.offset += bytes;
    this.#groups++;
    this.#bytesWritten += bytes;
    // What the answers append waits and becomes one group.
    this.#state = 'answering';
    if (!this.#spare.isFull) this.#hasSpace();
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
        const { index, firstSequence, count, chain } = record.entry;
        const after = { index, sequence: firstSequence + count, chain };
        this.#segments.appended({ offset, index, sequence: firstSequence }, end, after);
        this.#entries++;
      } else if (record.kind === 'cut') this.#segments.cut(record.after, end);
      else this.#segments.written(end);
      offset = end;
    }
  }

  #frame(active: Active, group: readonly Written[], bytes: number): Uint8Array {
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    const into = this.#buffer;
    const view = viewOf(into);
    const { number, offset } = active;
    let at = 0;
    let end = this.#segments.end;
    if (offset === 0) {
      const before = this.#segments.last;
      writeHeader(into, view, {
        number,
        identity: this.#events.identity(),
        first: end.index + 1,
        sequence: end.sequence,
        chain: end.chain,
        floor: this.#floor,
        prevFrom: before?.from ?? end.index + 1,
        prevSequence: before?.sequence ?? end.sequence,
        prevHasCuts: before?.hasCuts ?? false,
      });
      at = HEADER_BYTES;
    }
    for (const record of group) {
      const { kind, payload, index, sequence, count, chain, after } = fieldsOf(record, end);
      const header = { kind, index, sequence, count, chain, floor: this.#floor, group: offset };
      writeRecord(into, view, at, { number, offset: offset + at }, header, payload);
      at += recordBytes(payload.length);
      end = after;
    }
    assert(at === bytes, 'a group has the length it was given');
    return into.subarray(0, bytes);
  }

  #hasSpace(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#events.space();
  }

  #spareReady(): void {
    this.#hasSpace();
    this.#reserve.fill();
    this.#pump();
  }

  #spareFull(detail: string): void {
    if (!this.#isFull) {
      this.#isFull = true;
      this.#events.full(detail);
    }
    this.#pump();
  }

  /** What grows with the log, so that a small one takes little space. */
  #nextBytes(): number {
    const { segmentBytes, firstSegmentBytes } = this.#options;
    const grown = 2 ** Math.ceil(Math.log2(Math.max(1, this.#segments.bytes / GROWTH)));
    return Math.min(segmentBytes, Math.max(firstSegmentBytes, grown));
  }

  /** Tells who waits for it that nothing is under way. */
  #rest(): void {
    const isDone =
      this.#waiting.length === 0 || (this.#isFull && (this.#state === 'idle' || this.#state === 'refused'));
    const isBusy = this.#isWriting || this.#state === 'answering' || this.#state === 'held';
    if (this.#finished === null || !isDone || isBusy || this.#state === 'rolling') return;
    // A spare that is being made when the disk breaks is never finished.
    if ((this.#spare.isMaking || this.#reserve.isMaking) && this.#state !== 'stopped') return;
    const finished = this.#finished;
    this.#finished = null;
    this.#state = 'stopped';
    finished();
  }
}

interface Fields extends LogEnd {
  readonly kind: RecordKind;
  readonly count: number;
  readonly payload: Uint8Array;
  readonly after: LogEnd;
}

function fieldsOf(record: Written, end: LogEnd): Fields {
  if (record.kind === 'data') {
    const { index, firstSequence: sequence, count, chain, bytes: payload } = record.entry;
    const after = { index, sequence: sequence + count, chain };
    return { kind: 'data', index, sequence, count, chain, payload, after };
  }
  const after = record.kind === 'cut' ? record.after : end;
  return { kind: record.kind, ...after, count: 0, payload: EMPTY, after };
}

function bytesOf(record: Waiting | Written): number {
  return record.kind === 'data' ? recordBytes(record.entry.bytes.length) : recordBytes(0);
}

/** Entries without readings, and what shortens the log, must find room also on a full disk. */
function isControl(record: Waiting | Written): boolean {
  return record.kind !== 'data' || record.entry.body.kind !== 'data';
}

function* closeAll(files: readonly DiskFile[]): Task<null> {
  for (const file of files) yield* need<null>((done) => file.close(done));
  return null;
}
