// The history log: the one order as this node has it on its disk, in segments. Written at one end, read anywhere,
// forgotten at the other, and mended from other peers where the disk forgot by itself. SPEC rules ST30-ST45.

import type { Base, Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { Delay } from '../delay.ts';
import type { Disk } from '../disk.ts';
import type { StoreEvent } from '../store.ts';
import type { HistoryMark } from '../superblock-copy.ts';
import { attempt, need, run, StorageFailure, type StorageProblem, type Task } from '../task.ts';
import { BASE_NEW_NAME, type BaseKept, keptOf, writeBase } from './base-file.ts';
import { keepAside } from './diverged.ts';
import { Mender } from './mender.ts';
import { Pins } from './pins.ts';
import { firstFrom, type Range, withoutRange, withRange } from './ranges.ts';
import { Reader, type ReaderOptions } from './reader.ts';
import { REPAIR_NAME } from './rebuild.ts';
import { Scrub } from './scrub.ts';
import { segmentName } from './segment.ts';
import { EMPTY_END, type LogEnd, type LogSegment, type Segments } from './segments.ts';
import { Writer, type WriterOptions, type WriterStart } from './writer.ts';

/** How often a reading is tried again that came upon something damaged. */
const READ_TRIES = 6;

export type HistoryOptions = WriterOptions & ReaderOptions;

export interface HistoryEvents {
  identity(): Identity;
  /** Saves the superblock, with the log's mark. */
  remember(done: () => void): void;
  happened(event: StoreEvent): void;
  failed(problem: StorageProblem): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

/** What `openHistory` found. */
export interface HistoryStart {
  readonly segments: Segments;
  readonly writer: WriterStart;
  readonly base: Base | null;
  /** Those that are there, best first. */
  readonly bases: readonly BaseKept[];
  readonly firstSegment: number;
  readonly trimmed: number;
  readonly holes: readonly Range[];
  readonly owed: Range | null;
  /** Segments in which something was wrong: what counts of them is written anew. */
  readonly suspects: readonly number[];
}

interface BaseSave {
  readonly base: Base;
  readonly done: readonly (() => void)[];
}

export class HistoryLog {
  readonly #disk: Disk;
  readonly #events: HistoryEvents;
  readonly #segments: Segments;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #mender: Mender;
  readonly #scrub: Scrub;
  readonly #pins = new Pins();
  #firstSegment: number;
  /** To be mended in their place. */
  #holes: readonly Range[];
  /** Behind the end when the log was opened: missing until the log has grown beyond it. */
  #owed: Range | null;
  readonly #startSuspects: readonly number[];
  /** While the log is being shortened: nothing above this is called durable any more. */
  #cutting = Number.POSITIVE_INFINITY;
  /** What the superblock says is durable, or will when it is saved. */
  #remembered: number;

  #base: Base | null;
  #bases: readonly BaseKept[];
  /** Waits until the log is durable as far as it goes; a later one takes its place. */
  #nextBase: BaseSave | null = null;
  /** Logs that are still to begin anew. */
  #installing = 0;
  /** What needs no append to wait for it, one after the other. */
  #chores: (() => Task<unknown>)[] = [];
  #isWorking = false;
  /** Entries up to here are needed no more. */
  #trimmed: number;
  readonly #retry: Delay;
  #wantsSpace: (() => void) | null = null;
  readonly #examined = new Set<number>();
  #isStopped = false;
  #finished: (() => void) | null = null;

  constructor(disk: Disk, options: HistoryOptions, start: HistoryStart, events: HistoryEvents) {
    this.#disk = disk;
    this.#events = events;
    this.#segments = start.segments;
    this.#base = start.base;
    this.#bases = start.bases;
    this.#firstSegment = start.firstSegment;
    this.#trimmed = start.trimmed;
    this.#holes = start.holes;
    this.#owed = start.owed;
    this.#startSuspects = start.suspects;
    this.#remembered = start.segments.end.index;
    this.#retry = new Delay(options.retryFullAfterMs, events.wakeMoved);
    this.#reader = new Reader(disk, start.segments, options, (segment) => this.#suspect(segment));
    this.#scrub = new Scrub(start.segments, this.#reader, (segment) => this.#suspect(segment));
    this.#writer = new Writer(disk, options, start.segments, start.writer, {
      identity: events.identity,
      created: (_number, done) => this.#events.remember(done),
      sealed: (upto) => events.happened({ type: 'log-sealed', upto }),
      durable: () => this.#durable(),
      full: (detail) => events.happened({ type: 'full', detail }),
      space: () => events.happened({ type: 'space' }),
      failed: events.failed,
      wakeMoved: events.wakeMoved,
    });
    this.#mender = new Mender(disk, start.segments, this.#reader, {
      segmentBytes: options.firstSegmentBytes,
      identity: events.identity,
      bases: () => this.#bases,
      floor: () => this.#writer.floor,
    });
  }

  /** Begins the work that waits for no append. */
  start(): void {
    this.#writer.start();
    for (const segment of this.#segments.all) {
      if (this.#startSuspects.includes(segment.number)) this.#suspect(segment);
    }
  }

  get startIndex(): number {
    return Math.max(this.#segments.start, this.#trimmed + 1);
  }

  get end(): LogEnd {
    return this.#segments.end;
  }

  /** What is missing: inside the log, and behind its end. */
  get holes(): readonly Range[] {
    const { index } = this.#segments.end;
    if (this.#owed === null || this.#owed.to <= index) return this.#holes;
    return withRange(this.#holes, { from: index + 1, to: this.#owed.to });
  }

  /** What the superblock is to say from here on. */
  composeMark(): HistoryMark {
    this.#remembered = Math.min(this.#segments.end.index, this.#cutting);
    return {
      firstSegment: this.#firstSegment,
      lastSegment: this.#writer.lastNumber,
      durable: this.#remembered,
      trimmed: this.#trimmed,
      holes: this.#holes,
      owed: this.#owed,
    };
  }

  get wakeAt(): number {
    return Math.min(this.#writer.wakeAt, this.#pins.wakeAt, this.#retry.wakeAt);
  }

  wake(nowMs: number): void {
    this.#writer.wake(nowMs);
    if (this.#retry.passes(nowMs)) {
      const tryAgain = this.#wantsSpace;
      this.#wantsSpace = null;
      tryAgain?.();
    }
    const expired = this.#pins.expire(nowMs);
    for (const name of expired) this.#events.happened({ type: 'pin-expired', name });
    if (expired.length > 0) this.#trim();
  }

  append(entries: readonly Entry[], floor: number, done: () => void): void {
    if (!this.#isStopped) this.#writer.append(entries, floor, done);
  }

  cut(after: number, done: () => void): void {
    if (this.#isStopped) return;
    const prepare = (told: (end: LogEnd) => void): void => {
      this.#cutting = after;
      run(this.#prepareCut(after), told, (problem) => this.#events.failed(problem));
    };
    this.#writer.cut(after, prepare, () => {
      this.#cutting = Number.POSITIVE_INFINITY;
      this.#holes = withoutRange(this.#holes, { from: after + 1, to: Number.POSITIVE_INFINITY });
      done();
    });
  }

  read(from: number, to: number, bytesMax: number, done: (entries: readonly Entry[]) => void): void {
    this.#read(from, to, bytesMax, done, READ_TRIES);
  }

  #readLater(
    from: number,
    to: number,
    bytesMax: number,
    done: (entries: readonly Entry[]) => void,
    tries: number,
  ): void {
    this.#do(function* (this: HistoryLog): Task<null> {
      return yield* told((ended) => {
        this.#read(from, to, bytesMax, done, tries);
        ended();
      });
    });
  }

  #read(
    from: number,
    to: number,
    bytesMax: number,
    done: (entries: readonly Entry[]) => void,
    tries: number,
  ): void {
    if (this.#isStopped) return;
    // What stands where something is missing is perhaps whole, and yet not the log.
    const hole = firstFrom(this.#holes, from);
    const upto = hole === null ? to : Math.min(to, hole.from - 1);
    const answer = (entries: readonly Entry[]): void => {
      // What is looked into, or written anew, can perhaps be read when that is done.
      const isThere =
        entries.length === 0 && from >= this.startIndex && from <= Math.min(upto, this.end.index);
      if (isThere && this.#isWorking && tries > 0) this.#readLater(from, to, bytesMax, done, tries - 1);
      else done(entries);
    };
    run(this.#reader.read(from, upto, bytesMax), answer, (problem) => this.#events.failed(problem));
  }

  find(sequence: number, done: (index: number | null) => void): void {
    if (this.#isStopped) return;
    run(this.#reader.find(sequence), done, (problem) => this.#events.failed(problem));
  }

  saveBase(base: Base, done: () => void): void {
    if (this.#isStopped) return;
    const isOther = this.#base !== null && this.#base.group !== base.group;
    if (isOther || base.index >= this.#writer.next) this.#install(base, done);
    else {
      this.#nextBase = { base, done: [...(this.#nextBase?.done ?? []), done] };
      this.#saveNextBase();
    }
  }

  trim(upto: number): void {
    if (upto <= this.#trimmed) return;
    this.#trimmed = upto;
    this.#trim();
  }

  pin(name: string, from: number, untilMs: number): void {
    this.#pins.set(name, from, untilMs);
    this.#events.wakeMoved();
  }

  unpin(name: string): void {
    this.#pins.drop(name);
    this.#trim();
  }

  mend(entries: readonly Entry[], done: (mended: boolean) => void): void {
    if (this.#isStopped) return;
    // Nothing is appended while a segment is written anew: it may be the one that is written to.
    this.#writer.task((ended) => {
      run(
        this.#mend(entries),
        (mended) => {
          done(mended);
          ended();
        },
        (problem) => this.#events.failed(problem),
      );
    });
  }

  /** Looks at about so many bytes of what was written long ago. */
  scrub(budgetBytes: number, done: () => void): void {
    this.#do(function* (this: HistoryLog): Task<null> {
      yield* this.#scrub.step(budgetBytes);
      done();
      return null;
    });
  }

  counters(): { readonly [name: string]: number } {
    const { all, bytes, start, end } = this.#segments;
    return {
      ...this.#writer.counters(),
      history_bytes: bytes,
      history_segments: all.length,
      history_first_index: start,
      history_last_index: end.index,
      history_bytes_read_total: this.#reader.bytesRead,
      history_bytes_scrubbed_total: this.#scrub.bytes,
      history_scrub_passes_total: this.#scrub.passes,
      history_damaged_entries: this.holes.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    };
  }

  stop(): void {
    this.#isStopped = true;
    this.#chores = [];
    this.#writer.stop();
    this.#rest();
  }

  /** Answered once nothing is under way. What waits for space on a full disk is given up. */
  finish(done: () => void): void {
    this.#finished = done;
    this.#writer.finish(() => {
      this.#isStopped = true;
      this.#rest();
    });
  }

  /** To be called after `finish`. */
  close(done: () => void): void {
    this.#reader.close();
    this.#writer.close(done);
  }

  #durable(): void {
    const owed = this.#owed;
    if (owed !== null && owed.to <= this.#segments.end.index) {
      this.#owed = null;
      this.#events.remember(() => {});
    }
    this.#saveNextBase();
  }

  *#prepareCut(after: number): Task<LogEnd> {
    // A start must not take for lost what has left the log.
    if (this.#remembered > after) yield* told((done) => this.#events.remember(done));
    const { end, start } = this.#segments;
    const first = Math.max(after + 1, start);
    const gone = yield* this.#reader.read(first, end.index, LIMITS.divergedBytesMax);
    yield* keepAside(this.#disk, gone);
    return yield* this.#endAt(after);
  }

  *#endAt(index: number): Task<LogEnd> {
    if (index === this.#segments.end.index) return this.#segments.end;
    if (index === 0) return EMPTY_END;
    const base = this.#bases.find((one) => one.index === index);
    if (base) return { index, sequence: base.sequence, chain: base.chain };
    const behind = this.#segments.all.find(({ from, to }) => from === index + 1 && to >= from);
    if (behind?.chain) return { index, sequence: behind.sequence, chain: behind.chain };
    const [entry] = yield* this.#reader.read(index, index, 0);
    if (entry === undefined) {
      throw new StorageFailure({
        kind: 'broken',
        detail: `entry ${index}, behind which the log ends, is lost`,
      });
    }
    return { index, sequence: entry.firstSequence + entry.count, chain: entry.chain };
  }

  #saveNextBase(): void {
    const next = this.#nextBase;
    if (next === null || this.#installing > 0 || next.base.index > this.#segments.end.index) return;
    this.#nextBase = null;
    this.#do(function* (this: HistoryLog): Task<null> {
      const isSaved = yield* this.#writeBase(next.base, this.#bases[0]?.from ?? this.#firstSegment);
      if (isSaved) for (const done of next.done) done();
      yield* this.#pruneBases();
      this.#trim();
      return null;
    });
  }

  /** Without space an older base does as well. */
  *#writeBase(base: Base, from: number): Task<boolean> {
    const written = yield* attempt(writeBase(this.#disk, base, from));
    if (written === null) {
      yield* told((done) => this.#disk.remove(BASE_NEW_NAME, done));
      return false;
    }
    const others = this.#bases.filter(({ name }) => name !== written.name);
    this.#bases = [...others, written].sort((a, b) => b.from - a.from || b.index - a.index);
    if (this.#bases[0] === written) this.#base = base;
    return true;
  }

  *#pruneBases(): Task<null> {
    const kept = keptOf(this.#bases, this.#trimmed);
    const gone = this.#bases.filter((base) => !kept.includes(base));
    this.#bases = kept;
    for (const { name } of gone) yield* told((done) => this.#disk.remove(name, done));
    return null;
  }

  #waitForSpace(done: () => void): void {
    this.#wantsSpace = done;
    this.#retry.ask();
  }

  /** The log begins anew behind this base; what was there before is of no use here. */
  #install(base: Base, done: () => void): void {
    this.#installing++;
    this.#writer.task((ended) => {
      const finished = (): void => {
        this.#installing--;
        done();
        ended();
        this.#saveNextBase();
      };
      // Another base may be being written.
      this.#do(function* (this: HistoryLog): Task<null> {
        yield* this.#installed(base);
        finished();
        return null;
      });
    });
    this.#writer.goOnBehind(base.index, base.index);
  }

  *#installed(base: Base): Task<null> {
    const active = this.#writer.active?.number ?? 0;
    const from = Math.max(this.#firstSegment, active + 1, (this.#segments.last?.number ?? 0) + 1);
    // The base counts only once the superblock says that the log begins behind it.
    while (!(yield* this.#writeBase(base, from))) yield* told((done) => this.#waitForSpace(done));
    const old = this.#firstSegment;
    this.#firstSegment = from;
    this.#holes = [];
    this.#owed = null;
    this.#trimmed = base.index;
    const chain = base.chain;
    this.#segments.restart({ index: base.index, sequence: base.nextSequence, chain });
    this.#writer.goOnIn(null);
    yield* told((done) => this.#events.remember(done));
    for (let number = old; number < from; number++) yield* this.#removeSegment(number);
    yield* this.#pruneBases();
    return null;
  }

  /** Up to where segments may go: covered by two bases, committed, and held by no reader. */
  get #removable(): number {
    const [, second] = this.#bases;
    return Math.min(this.#trimmed, this.#pins.from - 1, second?.index ?? 0, this.#writer.floor);
  }

  #trim(): void {
    if (this.#isStopped || this.#segments.upTo(this.#removable).length === 0) return;
    this.#do(function* (this: HistoryLog): Task<null> {
      const gone = this.#segments.upTo(this.#removable);
      const last = gone.at(-1);
      if (last === undefined) return null;
      const first = this.#firstSegment;
      this.#firstSegment = last.number + 1;
      this.#segments.forget(gone.length);
      this.#holes = withoutRange(this.#holes, { from: 0, to: this.#segments.start - 1 });
      yield* told((done) => this.#events.remember(done));
      for (let number = first; number <= last.number; number++) yield* this.#removeSegment(number);
      yield* this.#pruneBases();
      this.#writer.tryAgain();
      return null;
    });
  }

  *#removeSegment(number: number): Task<null> {
    this.#reader.drop(number);
    // One that was damaged may be gone already.
    yield* told((done) => this.#disk.remove(segmentName(number), done));
    return null;
  }

  *#mend(entries: readonly Entry[]): Task<boolean> {
    const mended = yield* this.#orNothing(this.#mender.mend(entries, this.#holes));
    if (mended === null) return false;
    this.#holes = withoutRange(this.#holes, mended.range);
    yield* this.#replace(mended.segment);
    yield* told((done) => this.#events.remember(done));
    return true;
  }

  /** Nothing that counts is lost, but an index stands there twice and what would tell which one counts is. */
  #rewrite(segment: LogSegment): void {
    this.#writer.task((ended) => {
      this.#do(function* (this: HistoryLog): Task<null> {
        const isThere = this.#segments.all.includes(segment);
        const written = isThere ? yield* this.#orNothing(this.#mender.rewrite(segment)) : null;
        if (written !== null) yield* this.#replace(written);
        ended();
        return null;
      });
    });
  }

  /** Without space a segment is not written anew, this time. */
  *#orNothing<T>(work: Task<T | null>): Task<T | null> {
    const done = yield* attempt(work);
    if (done === null) yield* told((ended) => this.#disk.remove(REPAIR_NAME, ended));
    return done;
  }

  *#replace(segment: LogSegment): Task<null> {
    const active = this.#writer.active;
    this.#segments.replace(segment);
    this.#examined.delete(segment.number);
    if (active?.number !== segment.number) return null;
    const name = segmentName(segment.number);
    const file = yield* need<typeof active.file>((done) => this.#disk.open(name, done));
    this.#writer.goOnIn({ ...active, file, offset: segment.end });
    return null;
  }

  /** Something in it was not as it should be: looked at once as a whole, and what is lost is told. (ST39) */
  #suspect(segment: LogSegment): void {
    if (this.#isStopped || this.#examined.has(segment.number)) return;
    this.#examined.add(segment.number);
    this.#do(function* (this: HistoryLog): Task<null> {
      const { ranges, isDamaged } = yield* this.#mender.examine(segment);
      // What was a passing fault of the disk may come again.
      if (!isDamaged) this.#examined.delete(segment.number);
      else if (ranges.length === 0) this.#rewrite(segment);
      for (const range of ranges) {
        const isKnown = this.#holes.some(({ from, to }) => from <= range.from && to >= range.to);
        if (isKnown) continue;
        this.#holes = withRange(this.#holes, range);
        const why = `${segmentName(segment.number)} is not what was written`;
        this.#events.happened({ type: 'log-damaged', ...range, why });
      }
      if (ranges.length > 0) yield* told((done) => this.#events.remember(done));
      return null;
    });
  }

  #do(chore: (this: HistoryLog) => Task<unknown>): void {
    if (this.#isStopped) return;
    this.#chores.push(() => chore.call(this));
    this.#work();
  }

  #work(): void {
    const chore = this.#isWorking ? undefined : this.#chores.shift();
    if (chore === undefined) return;
    this.#isWorking = true;
    run(
      chore(),
      () => {
        this.#isWorking = false;
        this.#work();
        this.#rest();
      },
      (problem) => {
        this.#isWorking = false;
        this.#events.failed(problem);
        this.#rest();
      },
    );
  }

  #rest(): void {
    if (this.#finished === null || !this.#isStopped || this.#isWorking || this.#chores.length > 0) return;
    const finished = this.#finished;
    this.#finished = null;
    finished();
  }
}

/** Waits for an answer that says nothing. */
function* told(call: (done: () => void) => void): Task<null> {
  return yield* need<null>((done) => call(() => done({ ok: true, value: null })));
}
