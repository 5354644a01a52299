// Which entry stands in which segment, and about where in it: the log's table of contents, in memory. It tells
// only of what is durable. SPEC rules ST36, ST38.
//
// Entries that left the log stay in the files, so an index may have been written twice: each segment says from
// which to which index it holds the log, and within one segment the later record is the right one.

import { assert } from '../../kit/assert.ts';
import type { Chain } from '../../model/entry.ts';
import { NO_CHAIN } from '../../wire/entry.ts';
import type { Range } from './ranges.ts';

/** A point in a segment is remembered for every so many bytes. */
const POINT_BYTES = 65_536;

/** Where a log ends: what the next entry must continue. */
export interface LogEnd {
  readonly index: number;
  /** That the next reading gets. */
  readonly sequence: number;
  readonly chain: Chain;
}

export const EMPTY_END: LogEnd = { index: 0, sequence: 1, chain: NO_CHAIN };

/** Places in a segment, rising. What stands between two of them follows the first without a cut. */
export interface Points {
  readonly index: number[];
  readonly sequence: number[];
  readonly offset: number[];
}

export interface LogSegment {
  readonly number: number;
  /** The chain before `from`; null where it is not known. */
  chain: Chain | null;
  /** The log from `from` to `to` stands here; nothing of it where `to` < `from`. */
  from: number;
  to: number;
  /** Of `from`. */
  sequence: number;
  /** Of the file. */
  bytes: number;
  /** Where the good records end. */
  end: number;
  hasCuts: boolean;
  /** Where the log ended when the segment behind this one was begun; null where that is not known. */
  sealed: { readonly index: number; readonly chain: Chain } | null;
  points: Points;
  /** Points are known up to here. */
  scanned: number;
  /** The next record gets a point of its own. */
  wantsPoint: boolean;
}

export interface RecordPlace {
  readonly offset: number;
  readonly index: number;
  readonly sequence: number;
}

export class Segments {
  readonly #all: LogSegment[];
  #end: LogEnd;
  /** Counts what makes a place found before wrong: cuts, mending, an emptied log. */
  #changes = 0;

  constructor(segments: readonly LogSegment[], end: LogEnd) {
    this.#all = [...segments];
    this.#end = end;
  }

  get end(): LogEnd {
    return this.#end;
  }

  get changes(): number {
    return this.#changes;
  }

  get all(): readonly LogSegment[] {
    return this.#all;
  }

  /** The oldest index that stands here; one above the end for none. */
  get start(): number {
    const first = this.#all.find((segment) => segment.to >= segment.from);
    return first?.from ?? this.#end.index + 1;
  }

  get last(): LogSegment | undefined {
    return this.#all.at(-1);
  }

  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  of(index: number): LogSegment | null {
    const at = this.#lastWhere((segment) => segment.from <= index);
    const found = this.#all[at];
    return found !== undefined && index <= found.to ? found : null;
  }

  /** The segment that holds the entry which gave this sequence, if it is here at all. */
  ofSequence(sequence: number): LogSegment | null {
    const at = this.#lastWhere((segment) => segment.sequence <= sequence);
    return this.#all[at] ?? null;
  }

  begin(number: number, bytes: number, end: number): void {
    const { index, sequence, chain } = this.#end;
    const before = this.#all.at(-1);
    if (before) before.sealed = { index, chain };
    this.#all.push(emptySegment({ number, bytes, end, from: index + 1, sequence, chain }));
  }

  /** An entry is durable at `offset` of the last segment. */
  appended({ offset, index, sequence }: RecordPlace, end: number, after: LogEnd): void {
    const segment = this.#writing();
    addPoint(segment, { offset, index, sequence });
    segment.to = index;
    segment.end = end;
    segment.scanned = end;
    this.#end = after;
  }

  /** Something without an entry is durable. */
  written(end: number): void {
    const segment = this.#writing();
    segment.end = end;
    segment.scanned = end;
  }

  /** Everything above `after.index` has left the log. */
  cut(after: LogEnd, end: number): void {
    const writing = this.#all.at(-1);
    if (writing === undefined) {
      this.#end = after;
      return;
    }
    for (const segment of this.#all) {
      if (segment.to <= after.index) continue;
      segment.to = Math.max(after.index, segment.from - 1);
      dropPoints(segment.points, after.index);
    }
    for (const segment of this.#all) {
      if (segment === writing || segment.from <= after.index + 1) continue;
      segment.from = after.index + 1;
      segment.to = after.index;
      segment.sequence = after.sequence;
      segment.chain = null;
    }
    if (writing.from > after.index + 1) {
      writing.from = after.index + 1;
      writing.sequence = after.sequence;
      writing.chain = after.chain;
    }
    writing.to = Math.max(writing.from - 1, Math.min(writing.to, after.index));
    writing.hasCuts = true;
    writing.wantsPoint = true;
    this.written(end);
    this.#end = after;
    this.#changes++;
  }

  /** What is lost leaves a hole; the log goes on behind it. */
  skipTo(end: LogEnd): void {
    this.#end = end;
  }

  /** The log is empty and goes on behind `end`. Gives the numbers of the segments that are of no use any more. */
  restart(end: LogEnd): readonly number[] {
    this.#end = end;
    this.#changes++;
    return this.#all.splice(0).map(({ number }) => number);
  }

  /** The first segments that hold nothing above `upto`, apart from the last one. */
  upTo(upto: number): readonly LogSegment[] {
    const kept = this.#all.findIndex((segment, at) => segment.to > upto || at === this.#all.length - 1);
    return this.#all.slice(0, Math.max(0, kept));
  }

  forget(count: number): void {
    this.#all.splice(0, count);
  }

  /** A segment was written anew, or one took the place of a missing file. */
  replace(segment: LogSegment): void {
    const at = this.#all.findIndex(({ number }) => number >= segment.number);
    const isSame = this.#all[at]?.number === segment.number;
    if (at < 0) this.#all.push(segment);
    else this.#all.splice(at, isSame ? 1 : 0, segment);
    this.#changes++;
  }

  /** What no segment claims to hold, from the first to the end. */
  gaps(): readonly Range[] {
    const gaps: Range[] = [];
    let expected = this.start;
    for (const { from, to } of this.#all) {
      if (to < from) continue;
      if (from > expected) gaps.push({ from: expected, to: from - 1 });
      expected = to + 1;
    }
    if (expected <= this.#end.index) gaps.push({ from: expected, to: this.#end.index });
    return gaps;
  }

  #writing(): LogSegment {
    const segment = this.#all.at(-1);
    assert(segment !== undefined, 'what is written stands in a segment');
    return segment;
  }

  /** `isBefore` holds for the first ones and for none behind. */
  #lastWhere(isBefore: (segment: LogSegment) => boolean): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.#all[middle];
      if (segment !== undefined && isBefore(segment)) low = middle + 1;
      else high = middle;
    }
    // One without entries stands where the next one begins.
    while (low > 0 && isEmpty(this.#all[low - 1])) low--;
    return low - 1;
  }
}

export function emptySegment(
  given: Pick<LogSegment, 'number' | 'bytes' | 'end' | 'from' | 'sequence' | 'chain'>,
): LogSegment {
  return {
    ...given,
    to: given.from - 1,
    hasCuts: false,
    sealed: null,
    points: { index: [], sequence: [], offset: [] },
    scanned: given.end,
    wantsPoint: true,
  };
}

/** Remembers the place, if the last one is far enough away. Places are told in the order in which they stand. */
export function addPoint(segment: LogSegment, { offset, index, sequence }: RecordPlace): void {
  const { points } = segment;
  const last = points.offset.at(-1);
  if (!segment.wantsPoint && last !== undefined && offset - last < POINT_BYTES) return;
  segment.wantsPoint = false;
  points.index.push(index);
  points.sequence.push(sequence);
  points.offset.push(offset);
}

/** The offset of the last known place at or before `index`, or null. */
export function placeBefore(points: Points, values: 'index' | 'sequence', value: number): number | null {
  const row = points[values];
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((row[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return points.offset[low - 1] ?? null;
}

export function dropPoints(points: Points, after: number): void {
  while ((points.index.at(-1) ?? 0) > after) {
    points.index.pop();
    points.sequence.pop();
    points.offset.pop();
  }
}

function isEmpty(segment: LogSegment | undefined): boolean {
  return segment !== undefined && segment.to < segment.from;
}
