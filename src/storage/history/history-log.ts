// The history log: the one order as this node has it on its disk, in segments. Written at one end, read anywhere,
// forgotten at the other, and mended from other peers where the disk forgot by itself. SPEC rules ST30-ST45.

import type { Base, Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { Delay } from '../delay.ts';
import type { Disk } from '../disk.ts';
import type { StoreEvent } from '../store.ts';
import type { HistoryMark } from '../superblock-copy.ts';
import { run, type StorageProblem, type Task, told } from '../task.ts';
import type { BaseKept } from './base-file.ts';
import { Bases } from './bases.ts';
import { Chores } from './chores.ts';
import { keepAside } from './diverged.ts';
import { Losses, type LossesStart } from './losses.ts';
import { Mender } from './mender.ts';
import { pastEnd } from './past-end.ts';
import { type Range, withoutRange } from './ranges.ts';
import { Reader, type ReaderOptions } from './reader.ts';
import { Reads } from './reads.ts';
import { Retention, type RetentionStart } from './retention.ts';
import { Scrub } from './scrub.ts';
import type { LogEnd, LogSegment, Segments } from './segments.ts';
import { Writer, type WriterOptions, type WriterStart } from './writer.ts';

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
export interface HistoryStart extends LossesStart, RetentionStart {
  readonly segments: Segments;
  readonly writer: WriterStart;
  readonly base: Base | null;
  /** Those that are there, best first. */
  readonly bases: readonly BaseKept[];
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
  readonly #bases: Bases;
  readonly #losses: Losses;
  readonly #scrub: Scrub;
  readonly #retention: Retention;
  /** What waits for no append. */
  readonly #chores: Chores;
  readonly #reads: Reads;
  /** While the log is being shortened: nothing above this is called durable any more. */
  #cutting = Number.POSITIVE_INFINITY;
  /** Behind these the log is to end, by cuts that are asked for and not durable, in their order. */
  readonly #asked: number[] = [];
  /** What the superblock says is durable, or will when it is saved. */
  #remembered: number;
  /** Waits until the log is durable as far as it goes; a later one takes its place. */
  #nextBase: BaseSave | null = null;
  /** Logs that are still to begin anew. */
  #installing = 0;
  readonly #retry: Delay;
  #wantsSpace: (() => void) | null = null;
  #isStopped = false;
  #finished: (() => void) | null = null;

  constructor(disk: Disk, options: HistoryOptions, start: HistoryStart, events: HistoryEvents) {
    this.#disk = disk;
    this.#events = events;
    this.#segments = start.segments;
    this.#bases = new Bases(disk, start.bases, start.base);
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
    this.#chores = new Chores({ failed: events.failed, ended: () => this.#rest() });
    const mender = new Mender(disk, start.segments, this.#reader, {
      segmentBytes: options.firstSegmentBytes,
      identity: events.identity,
      bases: this.#bases,
      floor: () => this.#writer.floor,
      start: () => this.#retention.trimmed + 1,
    });
    const parts = { writer: this.#writer, reader: this.#reader, chores: this.#chores };
    this.#losses = new Losses(
      disk,
      start.segments,
      start,
      { ...parts, mender },
      {
        remember: events.remember,
        damaged: (range, why) => events.happened({ type: 'log-damaged', ...range, why }),
      },
    );
    this.#retention = new Retention(
      disk,
      start.segments,
      start,
      { ...parts, bases: this.#bases, losses: this.#losses },
      {
        remember: events.remember,
        expired: (name) => events.happened({ type: 'pin-expired', name }),
        wakeMoved: events.wakeMoved,
      },
    );
    const read = { ...parts, losses: this.#losses, retention: this.#retention };
    this.#reads = new Reads(start.segments, read, events.failed);
  }

  /** Begins the work that waits for no append. */
  start(): void {
    this.#writer.start();
    this.#losses.start();
  }

  get startIndex(): number {
    return this.#retention.startIndex;
  }

  get end(): LogEnd {
    return this.#segments.end;
  }

  /** What is missing: inside the log, and behind its end. Of what was trimmed nothing is. */
  get holes(): readonly Range[] {
    return this.#needed(this.#losses.all);
  }

  /** What the superblock is to say from here on. */
  composeMark(): HistoryMark {
    this.#remembered = Math.min(this.#segments.end.index, this.#cutting);
    return {
      firstSegment: this.#retention.firstSegment,
      lastSegment: this.#writer.lastNumber,
      durable: this.#remembered,
      trimmed: this.#retention.trimmed,
      holes: this.#losses.holes,
      owed: this.#losses.owed,
    };
  }

  get wakeAt(): number {
    return Math.min(this.#writer.wakeAt, this.#retention.wakeAt, this.#retry.wakeAt);
  }

  wake(nowMs: number): void {
    this.#writer.wake(nowMs);
    if (this.#retry.passes(nowMs)) {
      const tryAgain = this.#wantsSpace;
      this.#wantsSpace = null;
      tryAgain?.();
    }
    if (!this.#isStopped) this.#retention.wake(nowMs);
  }

  append(entries: readonly Entry[], floor: number, done: () => void): void {
    if (!this.#isStopped) this.#writer.append(entries, floor, done);
  }

  cut(after: number, done: () => void): void {
    if (this.#isStopped) return;
    this.#asked.push(after);
    const prepare = (told: (end: LogEnd) => void): void => {
      this.#cutting = after;
      run(this.#prepareCut(after), told, (problem) => this.#events.failed(problem));
    };
    this.#writer.cut(after, prepare, () => {
      this.#cutting = Number.POSITIVE_INFINITY;
      this.#asked.shift();
      this.#losses.forget({ from: after + 1, to: Number.POSITIVE_INFINITY });
      done();
    });
  }

  read(from: number, to: number, bytesMax: number, done: (entries: readonly Entry[]) => void): void {
    if (this.#isStopped) return;
    this.#reads.read(from, to, bytesMax, (entries) => {
      // For whoever asked for a cut what is above it has left the log; what follows it is not durable yet.
      const last = Math.min(...this.#asked);
      done(entries.filter(({ index }) => index <= last));
    });
  }

  find(sequence: number, done: (index: number | null) => void): void {
    if (!this.#isStopped) this.#reads.find(sequence, done);
  }

  saveBase(base: Base, done: () => void): void {
    if (this.#isStopped) return;
    if (!this.#bases.isOfGroup(base.group) || base.index >= this.#writer.next) this.#install(base, done);
    else {
      this.#nextBase = { base, done: [...(this.#nextBase?.done ?? []), done] };
      this.#saveNextBase();
    }
  }

  trim(upto: number): void {
    if (!this.#isStopped) this.#retention.trim(upto);
  }

  pin(name: string, from: number, untilMs: number): void {
    this.#retention.pin(name, from, untilMs);
  }

  unpin(name: string): void {
    if (!this.#isStopped) this.#retention.unpin(name);
  }

  mend(entries: readonly Entry[], done: (mended: boolean) => void): void {
    if (this.#isStopped) return;
    // Nothing is appended while a segment is written anew: it may be the one that is written to.
    this.#writer.task((ended) => {
      run(
        this.#losses.mend(entries, this.#needed(this.#losses.holes)),
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
    this.#chores.stop();
    this.#writer.stop();
    this.#rest();
  }

  /** Answered once nothing is under way. What waits for space on a full disk is given up. */
  finish(done: () => void): void {
    this.#finished = done;
    this.#writer.finish(() => {
      this.#isStopped = true;
      this.#chores.close();
      this.#rest();
    });
  }

  /** To be called after `finish`. */
  close(done: () => void): void {
    this.#reader.close();
    this.#writer.close(done);
  }

  #durable(): void {
    this.#losses.grown();
    this.#saveNextBase();
  }

  *#prepareCut(after: number): Task<LogEnd> {
    // A start must not take for lost what has left the log.
    const wasMissed = this.#losses.forget({ from: after + 1, to: Number.POSITIVE_INFINITY });
    if (wasMissed || this.#remembered > after) yield* told((done) => this.#events.remember(done));
    const { end, start } = this.#segments;
    const first = Math.max(after + 1, start);
    const gone = yield* this.#reader.read(first, end.index, LIMITS.divergedBytesMax);
    yield* keepAside(this.#disk, gone);
    return yield* pastEnd(after, this.#segments, this.#bases, this.#reader);
  }

  #saveNextBase(): void {
    const next = this.#nextBase;
    if (next === null || this.#installing > 0 || next.base.index > this.#segments.end.index) return;
    this.#nextBase = null;
    this.#do(function* (this: HistoryLog): Task<null> {
      const from = this.#bases.from ?? this.#retention.firstSegment;
      let isSaved = yield* this.#bases.write(next.base, from);
      // Without space an older base does as well; of the first one it is waited for.
      while (!isSaved && this.#bases.from === null) {
        yield* told((done) => this.#waitForSpace(done));
        isSaved = yield* this.#bases.write(next.base, from);
      }
      if (isSaved) for (const done of next.done) done();
      yield* this.#bases.prune(this.#retention.trimmed);
      this.#retention.apply();
      return null;
    });
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
    const from = Math.max(this.#retention.firstSegment, active + 1, (this.#segments.last?.number ?? 0) + 1);
    // The base counts only once the superblock says that the log begins behind it.
    while (!(yield* this.#bases.write(base, from))) yield* told((done) => this.#waitForSpace(done));
    this.#losses.forgetAll();
    const { index, nextSequence: sequence, chain } = base;
    this.#segments.restart({ index, sequence, chain });
    this.#writer.goOnIn(null);
    yield* this.#retention.beginAnew(from, index);
    return null;
  }

  #needed(ranges: readonly Range[]): readonly Range[] {
    return withoutRange(ranges, { from: 0, to: this.#retention.trimmed });
  }

  #suspect(segment: LogSegment): void {
    if (!this.#isStopped) this.#losses.suspect(segment);
  }

  #do(chore: (this: HistoryLog) => Task<unknown>): void {
    if (!this.#isStopped) this.#chores.add(() => chore.call(this));
  }

  #rest(): void {
    if (this.#finished === null || !this.#isStopped || !this.#chores.isResting) return;
    const finished = this.#finished;
    this.#finished = null;
    finished();
  }
}
