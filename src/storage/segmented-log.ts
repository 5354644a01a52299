// A log in segments with group commit: one write and its sync are under way, and all that is appended meanwhile goes
// into the next group, one contiguous write. SPEC rules ST4, ST6, ST17-ST20.
//
//   append ─▶ waiting ──group──▶ write ─▶ sync ─▶ answered, in order
//                │ does not fit, or another identity
//                ▼
//          the spare segment becomes the active one
//
// The surprise: space is only ever taken by making a spare, long before it is needed, so a full disk stops the log
// between two groups and never inside one.

import { assert } from '../kit/assert.ts';
import { compareIdentities, type Identity, sameIdentity } from '../model/ids.ts';
import { NEVER } from '../model/time.ts';
import { Delay } from './delay.ts';
import type { Disk, DiskFile, DiskProblem } from './disk.ts';
import { viewOf } from './fields.ts';
import { CHAIN_START, type Chain, type RecordKind, recordBytes, writeRecord } from './record.ts';
import { SEGMENT_HEADER_BYTES, segmentName, writeSegmentHeader } from './segment.ts';
import { type Blank, type SpareEvents, SpareSegment } from './spare-segment.ts';
import { need, run, type Task } from './task.ts';

/** Every segment ends with room for one mark. */
const MARK_BYTES = recordBytes(0);
const EMPTY = new Uint8Array(0);
const BUFFER_BYTES = 65_536;

export interface LogOptions {
  readonly segmentBytes: number;
  /** What one group may weigh; a single record may weigh more. */
  readonly groupBytesMax: number;
  /** After so long without an append a mark says that the tail is durable. */
  readonly markAfterMs: number;
  /** A full disk is tried again after this. */
  readonly retryFullAfterMs: number;
}

export type LogEvents = Pick<SpareEvents, 'created' | 'full' | 'failed' | 'wakeMoved'>;

export interface Segment {
  readonly number: number;
  readonly bytes: number;
  readonly identity: Identity;
  readonly first: number;
  readonly last: number;
}

/** Where a log goes on. */
export interface LogTail {
  /** Begun segments, oldest first. */
  readonly segments: readonly Segment[];
  /** The last of them, to be written on from `offset`. */
  readonly active: { readonly file: DiskFile; readonly offset: number } | null;
  /** Segments of zeros, by number. */
  readonly blanks: readonly Blank[];
  readonly lastNumber: number;
  readonly chain: Chain | null;
  /** Whether a record proves the last index durable. */
  readonly isMarked: boolean;
}

interface Place {
  readonly identity: Identity;
  readonly index: number;
}

interface Waiting extends Place {
  readonly count: number;
  readonly payload: Uint8Array;
  readonly done: () => void;
}

interface Active extends Blank {
  readonly identity: Identity;
  /** Where the next group goes; 0 while the segment is not begun. */
  offset: number;
}

export class SegmentedLog {
  readonly #disk: Disk;
  readonly #options: LogOptions;
  readonly #events: LogEvents;
  readonly #idle: Delay;
  readonly #spare: SpareSegment;

  /** With a durable record, oldest first. The last is never trimmed, so the highest index stays known. */
  #segments: Segment[];
  #active: Active | null;
  #chain: Chain;
  #appended: Place | null;
  /** Never ahead of the disk. */
  #durable: Place | null;
  #isMarked: boolean;

  /** Appended and in no group yet; bounded by what the peer may have unanswered. */
  #waiting: Waiting[] = [];
  #state: 'idle' | 'writing' | 'answering' | 'stopped' = 'idle';
  #isWriting = false;
  #removing = 0;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #groups = 0;
  #bytesWritten = 0;
  #finished: (() => void) | null = null;

  constructor(disk: Disk, options: LogOptions, tail: LogTail, events: LogEvents) {
    const last = tail.segments.at(-1);
    this.#disk = disk;
    this.#options = options;
    this.#events = events;
    this.#idle = new Delay(options.markAfterMs, events.wakeMoved);
    this.#segments = [...tail.segments];
    this.#active =
      last && tail.active ? { ...tail.active, number: last.number, identity: last.identity } : null;
    this.#durable = last ? { identity: last.identity, index: last.last } : null;
    this.#appended = this.#durable;
    this.#chain = tail.chain ?? CHAIN_START;
    this.#isMarked = tail.isMarked;
    this.#spare = new SpareSegment(
      disk,
      {
        name: segmentName,
        bytes: () => options.segmentBytes,
        retryFullAfterMs: options.retryFullAfterMs,
        warns: false,
      },
      tail,
      { ...events, ready: () => this.#pump(), ended: () => this.#rest() },
    );
  }

  /** Begins the work that waits for no append. */
  start(): void {
    if (!this.#isMarked && this.#active) this.#idle.ask();
    this.#spare.prepare();
  }

  /** The highest index known durable. */
  get durable(): Place | null {
    return this.#durable;
  }

  get lastNumber(): number {
    return this.#spare.lastNumber;
  }

  get wakeAt(): number {
    return this.#state === 'stopped' ? NEVER : Math.min(this.#idle.wakeAt, this.#spare.wakeAt);
  }

  wake(nowMs: number): void {
    if (this.#state === 'stopped') return;
    this.#spare.wake(nowMs);
    if (this.#idle.passes(nowMs)) this.#mark();
  }

  append(identity: Identity, index: number, count: number, payload: Uint8Array, done: () => void): void {
    const room = this.#options.segmentBytes - SEGMENT_HEADER_BYTES - MARK_BYTES;
    assert(recordBytes(payload.length) <= room, `a record has at most ${room} bytes, here ${payload.length}`);
    const before = this.#appended;
    assert(
      before === null ||
        (sameIdentity(before.identity, identity)
          ? index === before.index + 1
          : compareIdentities(before.identity, identity) < 0),
      'indices follow each other without a gap, identities rise',
    );
    this.#appended = { identity, index: index + count - 1 };
    this.#waiting.push({ identity, index, count, payload, done });
    this.#idle.ask();
    this.#pump();
  }

  /** The segments with a durable record, oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get bytes(): number {
    const full = this.#segments.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0);
    return full + (this.#active?.offset ?? 0);
  }

  /** How many of the first segments nobody needs any more. The last one always stays. (ST20) */
  removable(isCovered: (segment: Segment) => boolean): number {
    const kept = this.#segments.slice(0, -1).findIndex((segment) => !isCovered(segment));
    return kept < 0 ? Math.max(0, this.#segments.length - 1) : kept;
  }

  /** Forgets so many of the first segments. */
  remove(count: number): readonly Segment[] {
    const gone = this.#segments.splice(0, Math.min(count, this.#segments.length - 1));
    for (const { number } of gone) this.#remove(number);
    return gone;
  }

  counters(): { readonly [name: string]: number } {
    return {
      outbox_bytes: this.bytes,
      outbox_segments: this.#segments.length,
      outbox_groups_total: this.#groups,
      outbox_bytes_written_total: this.#bytesWritten,
      outbox_appends_waiting: this.#waiting.length,
      outbox_disk_full: this.#spare.isFull ? 1 : 0,
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
    const files = [...(this.#active ? [this.#active.file] : []), ...this.#spare.files];
    run(closeAll(files), done, done);
  }

  #pump(): void {
    const first = this.#waiting[0];
    if (this.#state !== 'idle') return;
    if (first === undefined || (!this.#hasRoom(first) && !this.#roll(first.identity))) {
      this.#rest();
      return;
    }
    const active = this.#active;
    assert(active !== null, 'a group has a segment to go to');
    this.#write(active, this.#takeGroup(active));
  }

  #hasRoom(record: Waiting): boolean {
    const active = this.#active;
    if (active === null || !sameIdentity(active.identity, record.identity)) return false;
    return active.offset + recordBytes(record.payload.length) + MARK_BYTES <= active.file.bytes;
  }

  /** The spare becomes the active segment. Without one the log waits until it is ready. */
  #roll(identity: Identity): boolean {
    const blank = this.#spare.take(0);
    if (blank === null) {
      this.#spare.prepare();
      return false;
    }
    this.#active?.file.close(() => {});
    this.#active = { ...blank, identity, offset: 0 };
    if (this.#finished === null) this.#spare.prepare();
    return true;
  }

  #takeGroup(active: Active): readonly Waiting[] {
    let bytes = active.offset === 0 ? SEGMENT_HEADER_BYTES : 0;
    let taken = 0;
    for (const record of this.#waiting) {
      const more = bytes + recordBytes(record.payload.length);
      const fits =
        active.offset + more + MARK_BYTES <= active.file.bytes && more <= this.#options.groupBytesMax;
      if (!sameIdentity(record.identity, active.identity) || (taken > 0 && !fits)) break;
      bytes = more;
      taken++;
    }
    return this.#waiting.splice(0, taken);
  }

  #write(active: Active, group: readonly Waiting[]): void {
    const last = group.at(-1);
    const first = group[0];
    assert(first !== undefined && last !== undefined, 'a group has a record');
    const index = last.index + last.count - 1;
    const isSame = this.#durable !== null && sameIdentity(this.#durable.identity, active.identity);
    const prevDurable = isSame ? (this.#durable?.index ?? 0) : first.index - 1;
    this.#isMarked = false;
    this.#commit(active, first.index, prevDurable, 'data', group, () => {
      const same = this.#segments.at(-1)?.number === active.number ? this.#segments.pop() : null;
      const segment = {
        number: active.number,
        bytes: active.offset,
        identity: active.identity,
        first: same?.first ?? first.index,
        last: index,
      };
      this.#segments.push(segment);
      this.#durable = { identity: active.identity, index };
      for (const { done } of group) done();
    });
  }

  /** Says that the tail is durable, so that its later rot is told from an interrupted write. (ST19) */
  #mark(): void {
    const active = this.#active;
    if (this.#state !== 'idle' || this.#isMarked || active === null || active.offset === 0) return;
    if (this.#durable === null || active.offset + MARK_BYTES > active.file.bytes) return;
    const { index, identity } = this.#durable;
    const mark = { identity, index, count: 0, payload: EMPTY, done: () => {} };
    this.#commit(active, index, index, 'mark', [mark], () => {
      this.#isMarked = true;
    });
  }

  #commit(
    active: Active,
    first: number,
    prevDurable: number,
    kind: RecordKind,
    group: readonly Waiting[],
    durable: () => void,
  ): void {
    const bytes = this.#frame(active, first, prevDurable, kind, group);
    this.#state = 'writing';
    this.#isWriting = true;
    const ended = (problem: DiskProblem | null): void => {
      this.#isWriting = false;
      if (this.#state === 'stopped') this.#rest();
      else if (problem) this.#events.failed(problem);
      else this.#committed(active, bytes.length, durable);
    };
    active.file.write(active.offset, bytes, (written) => {
      if (written.ok) active.file.sync((synced) => ended(synced.ok ? null : synced.problem));
      else ended(written.problem);
    });
  }

  #committed(active: Active, bytes: number, durable: () => void): void {
    active.offset += bytes;
    this.#groups++;
    this.#bytesWritten += bytes;
    // What the answers append waits and becomes one group.
    this.#state = 'answering';
    durable();
    this.#goOn();
  }

  #frame(
    active: Active,
    first: number,
    prevDurable: number,
    kind: RecordKind,
    group: readonly Waiting[],
  ): Uint8Array {
    let at = active.offset === 0 ? SEGMENT_HEADER_BYTES : 0;
    const total = group.reduce((sum, { payload }) => sum + recordBytes(payload.length), at);
    if (total > this.#buffer.length) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(total)));
    const bytes = this.#buffer;
    const view = viewOf(bytes);
    if (at > 0) {
      const { number, identity } = active;
      writeSegmentHeader(bytes, view, { number, identity, first, chain: this.#chain });
    }
    for (const { index, count, payload } of group) {
      this.#chain = writeRecord(bytes, view, at, { kind, index, count, prevDurable }, payload, this.#chain);
      at += recordBytes(payload.length);
    }
    return bytes.subarray(0, total);
  }

  /** `stop` may have been called by an answer. */
  #goOn(): void {
    if (this.#state !== 'answering') return;
    this.#state = 'idle';
    this.#pump();
  }

  #remove(number: number): void {
    this.#removing++;
    this.#disk.remove(segmentName(number), () => {
      this.#removing--;
      if (this.#state !== 'stopped') this.#spare.tryAgain();
      this.#rest();
    });
  }

  /** Tells who waits for it that nothing is under way. */
  #rest(): void {
    const isDone = this.#waiting.length === 0 || this.#spare.isFull;
    if (this.#finished === null || !isDone || this.#isWriting || this.#state === 'answering') return;
    // A spare that is being made when the disk breaks is never finished.
    if ((this.#spare.isMaking && this.#state !== 'stopped') || this.#removing > 0) return;
    const finished = this.#finished;
    this.#finished = null;
    this.#state = 'stopped';
    finished();
  }
}

function* closeAll(files: readonly DiskFile[]): Task<null> {
  for (const file of files) yield* need<null>((done) => file.close(done));
  return null;
}
