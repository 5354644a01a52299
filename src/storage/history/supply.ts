// The segments that the log is written to: the active one, the next one that is made beside it, and on a full disk a
// few small ones that only entries without readings may take. SPEC rules ST31, ST37, ST42.

import type { Disk, DiskFile } from '../disk.ts';
import { type Blank, SpareSegment } from '../spare-segment.ts';
import { need, type StorageProblem, type Task } from '../task.ts';
import { bytesOf, isControl, type Waiting, type Written } from './group.ts';
import { MARK_BYTES } from './record.ts';
import { Reserve } from './reserve.ts';
import { HEADER_BYTES, segmentName } from './segment.ts';
import type { Segments } from './segments.ts';

/** The next segment is so much smaller than all before it together, so that a small log takes little space. */
const GROWTH = 4;

export interface SupplyOptions {
  /** The largest segment, the first one, and one of the reserve. */
  readonly segmentBytes: number;
  readonly firstSegmentBytes: number;
  readonly reserveBytes: number;
  /** A full disk is tried again after this. */
  readonly retryFullAfterMs: number;
}

export interface SupplyEvents {
  /** A segment of this number exists. To be answered once that is remembered for good. */
  created(number: number, done: () => void): void;
  /** The segment that ended with this index is written no more. */
  sealed(upto: number): void;
  /** The log can perhaps go on. */
  ready(): void;
  /** The reserve that `roll` took is the active segment. */
  rolled(): void;
  full(detail: string): void;
  space(): void;
  failed(problem: StorageProblem): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
  /** Nothing is being made any more. */
  rests(): void;
}

export interface SupplyStart {
  /** The last segment that was begun, to be written on from `offset`. */
  readonly active: Active | null;
  readonly blanks: readonly Blank[];
  readonly reserve: readonly (DiskFile | null)[];
  readonly lastNumber: number;
}

export interface Active {
  readonly number: number;
  readonly file: DiskFile;
  /** Where the next group goes; 0 while the segment is not begun. */
  offset: number;
  /** Readings wait for another one while the disk is full. */
  readonly isReserve: boolean;
}

export class Supply {
  readonly #options: SupplyOptions;
  readonly #segments: Segments;
  readonly #events: SupplyEvents;
  readonly #spare: SpareSegment;
  readonly #reserve: Reserve;
  #active: Active | null;
  /** There was no space for the next segment, or for a write; and somebody was told. */
  #lacksSpare = false;
  #isRefused = false;
  #isFull = false;
  /** No segment is made any more for later. */
  #isEnding = false;

  constructor(
    disk: Disk,
    options: SupplyOptions,
    segments: Segments,
    start: SupplyStart,
    events: SupplyEvents,
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#events = events;
    this.#active = start.active;
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
        full: (detail) => {
          this.#lacksSpare = true;
          this.#becomeFull(detail);
        },
        failed: events.failed,
        wakeMoved: events.wakeMoved,
        ended: events.rests,
      },
    );
    this.#reserve = new Reserve(disk, options.reserveBytes, start.reserve, {
      failed: events.failed,
      ended: events.ready,
    });
  }

  /** Begins the work that waits for no append. */
  start(): void {
    this.#spare.prepare();
    if (!this.#spare.isMaking) this.#reserve.fill();
  }

  get active(): Active | null {
    return this.#active;
  }

  get lastNumber(): number {
    return this.#spare.lastNumber;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get isMaking(): boolean {
    return this.#spare.isMaking || this.#reserve.isMaking;
  }

  get reserves(): number {
    return this.#reserve.count;
  }

  get wakeAt(): number {
    return this.#spare.wakeAt;
  }

  wake(nowMs: number): void {
    this.#spare.wake(nowMs);
  }

  /** There may be space again. */
  tryAgain(): void {
    this.#spare.tryAgain();
  }

  /** Whether a record may go where the log is. */
  hasRoom(record: Waiting | Written): boolean {
    const active = this.#active;
    if (active === null || this.keepsOut(record)) return false;
    return active.offset + bytesOf(record) + MARK_BYTES <= active.file.bytes;
  }

  /** On a full disk the reserve is not for readings. */
  keepsOut(record: Waiting | Written): boolean {
    return this.#active?.isReserve === true && this.#isFull && !isControl(record);
  }

  /** Goes on in another segment, with room for the record. `later`: `rolled` follows; `none`: `ready` follows. */
  roll(record: Waiting | Written): 'done' | 'later' | 'none' {
    const blank = this.#spare.take(HEADER_BYTES + bytesOf(record) + MARK_BYTES);
    if (blank !== null) {
      this.#goOnWith(blank, false);
      if (!this.#isEnding) this.#spare.prepare();
      return 'done';
    }
    if (this.#spare.isFull && isControl(record) && this.#reserve.count > 0) {
      this.#takeReserve();
      return 'later';
    }
    this.#spare.prepare();
    return 'none';
  }

  /** The log goes on in another file, or in a segment to be begun. */
  goOnIn(active: Active | null): void {
    if (this.#active?.file !== active?.file) this.#active?.file.close(() => {});
    this.#active = active;
  }

  /** There was space for what was written. */
  written(): void {
    this.#isRefused = false;
    this.#hasSpace();
  }

  /** A file system may want space even for what is there. (ST42) */
  refused(detail: string): void {
    this.#isRefused = true;
    this.#becomeFull(detail);
  }

  end(): void {
    this.#isEnding = true;
  }

  *close(): Task<null> {
    const active = this.#active ? [this.#active.file] : [];
    for (const file of [...active, ...this.#spare.files, ...this.#reserve.files]) {
      yield* need<null>((done) => file.close(done));
    }
    return null;
  }

  #takeReserve(): void {
    const number = this.#spare.skip();
    this.#reserve.take(number, (file) => {
      this.#events.created(number, () => {
        this.#goOnWith({ number, file }, true);
        this.#events.rolled();
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

  #spareReady(): void {
    this.#lacksSpare = false;
    this.#hasSpace();
    this.#reserve.fill();
    this.#events.ready();
  }

  #becomeFull(detail: string): void {
    if (!this.#isFull) {
      this.#isFull = true;
      this.#events.full(detail);
    }
    this.#events.ready();
  }

  #hasSpace(): void {
    if (!this.#isFull || this.#lacksSpare || this.#isRefused) return;
    this.#isFull = false;
    this.#events.space();
  }

  /** What grows with the log, so that a small one takes little space. */
  #nextBytes(): number {
    const { segmentBytes, firstSegmentBytes } = this.#options;
    const share = Math.max(1, Math.ceil(this.#segments.bytes / GROWTH));
    const grown = share >= segmentBytes ? segmentBytes : 2 ** (32 - Math.clz32(share - 1));
    return Math.min(segmentBytes, Math.max(firstSegmentBytes, grown));
  }
}
