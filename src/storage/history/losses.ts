// What of the log was acknowledged once and is wrong or gone: found, told, remembered until it is mended, and mended
// from what other peers have. SPEC rules ST39, ST40.

import type { Entry } from '../../model/entry.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { attempt, need, type Task, told } from '../task.ts';
import type { Chores } from './chores.ts';
import type { Mender } from './mender.ts';
import { type Range, withoutRange, withRange } from './ranges.ts';
import { REPAIR_NAME } from './rebuild.ts';
import { segmentName } from './segment.ts';
import type { LogSegment, Segments } from './segments.ts';
import type { Writer } from './writer.ts';

export interface LossesStart {
  /** Inside the log: to be mended in their place. */
  readonly holes: readonly Range[];
  /** Behind the end when the log was opened: missing until the log has grown beyond it. */
  readonly owed: Range | null;
  /** Segments in which something was wrong: what counts of them is written anew. */
  readonly suspects: readonly number[];
}

export interface LossesEvents {
  /** Saves the superblock, with what is missing. */
  remember(done: () => void): void;
  damaged(range: Range, why: string): void;
}

export class Losses {
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #parts: { readonly writer: Writer; readonly mender: Mender; readonly chores: Chores };
  readonly #events: LossesEvents;
  readonly #startSuspects: readonly number[];
  #holes: readonly Range[];
  #owed: Range | null;
  readonly #examined = new Set<number>();

  constructor(
    disk: Disk,
    segments: Segments,
    start: LossesStart,
    parts: { readonly writer: Writer; readonly mender: Mender; readonly chores: Chores },
    events: LossesEvents,
  ) {
    this.#disk = disk;
    this.#segments = segments;
    this.#parts = parts;
    this.#events = events;
    this.#holes = start.holes;
    this.#owed = start.owed;
    this.#startSuspects = start.suspects;
  }

  /** Begins with what the start came upon. */
  start(): void {
    for (const segment of this.#segments.all) {
      if (this.#startSuspects.includes(segment.number)) this.suspect(segment);
    }
  }

  /** Inside the log. */
  get holes(): readonly Range[] {
    return this.#holes;
  }

  get owed(): Range | null {
    return this.#owed;
  }

  /** Inside the log, and behind its end. */
  get all(): readonly Range[] {
    const { index } = this.#segments.end;
    if (this.#owed === null || this.#owed.to <= index) return this.#holes;
    return withRange(this.#holes, { from: index + 1, to: this.#owed.to });
  }

  /** What has left the log is missed by nobody. Whether something of it was. */
  forget(range: Range): boolean {
    const isMissed = this.#holes.some(({ from, to }) => from <= range.to && to >= range.from);
    this.#holes = withoutRange(this.#holes, range);
    return isMissed;
  }

  forgetAll(): void {
    this.#holes = [];
    this.#owed = null;
  }

  /** The log has grown. */
  grown(): void {
    if (this.#owed === null || this.#owed.to > this.#segments.end.index) return;
    this.#owed = null;
    this.#events.remember(() => {});
  }

  /** Something in it was not as it should be: looked at once as a whole, and what is lost is told. (ST39) */
  suspect(segment: LogSegment): void {
    if (this.#examined.has(segment.number)) return;
    this.#examined.add(segment.number);
    this.#parts.chores.add(() => this.#examine(segment));
  }

  /** To be called while nothing is appended: a segment written anew may be the one that is written to. */
  *mend(entries: readonly Entry[], holes: readonly Range[]): Task<boolean> {
    const mended = yield* this.#orNothing(this.#parts.mender.mend(entries, holes));
    if (mended === null) return false;
    this.#holes = withoutRange(this.#holes, mended.range);
    yield* this.#replace(mended.segment);
    yield* told((done) => this.#events.remember(done));
    return true;
  }

  *#examine(segment: LogSegment): Task<null> {
    const { ranges, isDamaged } = yield* this.#parts.mender.examine(segment);
    // What was a passing fault of the disk may come again.
    if (!isDamaged) this.#examined.delete(segment.number);
    else if (ranges.length === 0) this.#rewrite(segment);
    for (const range of ranges) {
      const isKnown = this.#holes.some(({ from, to }) => from <= range.from && to >= range.to);
      if (isKnown) continue;
      this.#holes = withRange(this.#holes, range);
      this.#events.damaged(range, `${segmentName(segment.number)} is not what was written`);
    }
    if (ranges.length > 0) yield* told((done) => this.#events.remember(done));
    return null;
  }

  /** Nothing that counts is lost, but an index stands there twice and what would tell which one counts is. */
  #rewrite(segment: LogSegment): void {
    const { writer, chores } = this.#parts;
    writer.task((ended) => chores.add(() => this.#rewritten(segment, ended)));
  }

  *#rewritten(segment: LogSegment, ended: () => void): Task<null> {
    const isThere = this.#segments.all.includes(segment);
    const written = isThere ? yield* this.#orNothing(this.#parts.mender.rewrite(segment)) : null;
    if (written !== null) yield* this.#replace(written);
    ended();
    return null;
  }

  /** Without space a segment is not written anew, this time. */
  *#orNothing<T>(work: Task<T | null>): Task<T | null> {
    const done = yield* attempt(work);
    if (done === null) yield* told((ended) => this.#disk.remove(REPAIR_NAME, ended));
    return done;
  }

  *#replace(segment: LogSegment): Task<null> {
    const { writer } = this.#parts;
    const { active } = writer;
    this.#segments.replace(segment);
    this.#examined.delete(segment.number);
    if (active?.number !== segment.number) return null;
    const file = yield* need<DiskFile>((done) => this.#disk.open(segmentName(segment.number), done));
    writer.goOnIn({ ...active, file, offset: segment.end });
    return null;
  }
}
