// Finds out what of a segment is wrong, and puts in its place what other peers have. SPEC rules ST39, ST40.

import type { Chain, Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { chainBefore, continues, NO_CHAIN, sameChain } from '../../wire/entry.ts';
import type { Disk } from '../disk.ts';
import type { Task } from '../task.ts';
import type { Bases } from './bases.ts';
import { liveIn, type Span } from './live.ts';
import { firstFrom, type Range } from './ranges.ts';
import type { Reader } from './reader.ts';
import { rebuild } from './rebuild.ts';
import type { Scan } from './scan.ts';
import { scanFile } from './search.ts';
import { HEADER_BYTES } from './segment.ts';
import { addPoint, dropPoints, emptySegment, type LogSegment, type Segments } from './segments.ts';

export interface MenderOptions {
  readonly segmentBytes: number;
  readonly identity: () => Identity;
  readonly bases: Bases;
  readonly floor: () => number;
  /** Where the log begins: what stands before is needed no more. */
  readonly start: () => number;
}

/** Where a segment begins that is written anew, and the chain of the log there. */
interface Front {
  readonly from: number;
  readonly chain: Chain;
}

export interface Examined {
  readonly ranges: readonly Range[];
  /** Something in it is not what was written, though perhaps nothing that counts. */
  readonly isDamaged: boolean;
}

export interface Mended {
  readonly range: Range;
  readonly segment: LogSegment;
}

const NOTHING: Scan = { header: null, pieces: [], end: 0, contentEnd: 0 };

export class Mender {
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #reader: Reader;
  readonly #options: MenderOptions;

  constructor(disk: Disk, segments: Segments, reader: Reader, options: MenderOptions) {
    this.#disk = disk;
    this.#segments = segments;
    this.#reader = reader;
    this.#options = options;
  }

  /** What a segment should hold and does not. */
  *examine(segment: LogSegment): Task<Examined> {
    const span = this.#spanOf(segment);
    const scan = yield* scanFile(this.#disk, segment.number);
    const live = new Set(liveIn(scan, span).map(({ index }) => index));
    const ranges: Range[] = [];
    // What was trimmed, or cut meanwhile, is of no concern.
    for (
      let index = Math.max(span.from, this.#options.start());
      index <= Math.min(span.to, segment.to);
      index++
    ) {
      if (live.has(index)) continue;
      const last = ranges.at(-1);
      if (last?.to === index - 1) ranges[ranges.length - 1] = { from: last.from, to: index };
      else ranges.push({ from: index, to: index });
    }
    const isBad = scan.pieces.some((piece) => piece.type === 'bad' && piece.offset < segment.end);
    if (!isBad && ranges.length === 0) learn(segment, scan);
    return { ranges, isDamaged: isBad || scan.header === null };
  }

  /** Writes a segment anew of which nothing that counts is lost. Null: what is before it is not known. */
  *rewrite(segment: LogSegment): Task<LogSegment | null> {
    const scan = yield* scanFile(this.#disk, segment.number);
    const kept = this.#keptOf(segment, scan);
    const front = yield* this.#frontOf(segment, scan, kept, true);
    return front && (yield* this.#rebuilt(segment, scan, kept, front));
  }

  /** Null: the entries are not what is missing, or do not fit what stands around it. */
  *mend(given: readonly Entry[], holes: readonly Range[]): Task<Mended | null> {
    const first = given[0];
    const hole = first && firstFrom(holes, first.index);
    if (!hole || hole.from !== first.index || hole.to > this.#segments.end.index) return null;
    const to = Math.min(hole.to, this.#startBehind(hole.from) - 1);
    const entries = given.filter(({ index }) => index <= to);
    const last = entries.at(-1) ?? first;
    const before = yield* this.#chainBefore(hole.from);
    if (!isRow(entries, before)) return null;
    const fits = last.index === hole.to ? yield* this.#fitsBehind(last) : null;
    if (fits === false) return null;

    const segment = this.#segmentFor(hole.from);
    const isThere = this.#segments.all.includes(segment);
    const scan = isThere ? yield* scanFile(this.#disk, segment.number) : NOTHING;
    const kept = this.#keptOf(segment, scan);
    const all = [...kept.filter(({ index }) => index < hole.from || index > last.index), ...entries].sort(
      (a, b) => a.index - b.index,
    );
    const isSure = all[0] !== first || fits === true || first.index <= this.#options.start();
    const front = yield* this.#frontOf(segment, scan, all, isSure);
    if (front === null) return null;
    const written = yield* this.#rebuilt(segment, scan, all, front);
    if (last.index > written.to) written.to = last.index;
    return { range: { from: hole.from, to: last.index }, segment: written };
  }

  /** Also what has left the log by a cut in a later segment, as that one says that it follows it. */
  #keptOf(segment: LogSegment, scan: Scan): readonly Entry[] {
    const span = this.#spanOf(segment);
    const from = Math.max(span.from, this.#options.start());
    // Of one that holds nothing of the log nobody knows what stood there in the end.
    const to = span.to < span.from ? span.to : Math.max(span.to, span.sealed?.index ?? 0);
    return liveIn(scan, { ...span, from, to });
  }

  #spanOf(segment: LogSegment): Span {
    const { from, to, end } = segment;
    return { from, to, end, sealed: segment === this.#segments.last ? this.#segments.end : segment.sealed };
  }

  /** Where the entry goes: the segment that should hold it, a file in the place of a missing one, or a neighbour. */
  #segmentFor(index: number): LogSegment {
    const own = this.#segments.of(index);
    if (own !== null) return own;
    const { all } = this.#segments;
    const before = all.findLast(({ from, to }) => to >= from && to < index);
    const behind = all.find(({ from, to }) => to >= from && from > index);
    const number = (before?.number ?? (behind?.number ?? 2) - 2) + 1;
    const there = all.find((segment) => segment.number === number);
    // Of one that lost all that it held, the next one says that it stands before it.
    if (there !== undefined && there.to < there.from) return there;
    const neighbour = before ?? behind;
    if ((there !== undefined || number < 1) && neighbour !== undefined) return neighbour;
    const { segmentBytes: bytes } = this.#options;
    const end = HEADER_BYTES;
    return emptySegment({ number, bytes, end, from: index, sequence: behind?.sequence ?? 1, chain: null });
  }

  /** Where the first segment begins that holds only what is behind this index: what is before is none of its own. */
  #startBehind(index: number): number {
    const behind = this.#segments.all.find(({ from, to }) => to >= from && from > index);
    return behind?.from ?? Number.POSITIVE_INFINITY;
  }

  /** The chain of the log before this index; null where it is not known. */
  *#chainBefore(index: number): Task<Chain | null> {
    const told = this.#toldBefore(index);
    if (told !== null) return told;
    const before = yield* this.#reader.read(index - 1, index - 1, 0);
    return before[0]?.chain ?? null;
  }

  /** The same, as far as something says so beside the entry there. */
  #toldBefore(index: number): Chain | null {
    if (index === 1) return NO_CHAIN;
    const base = this.#options.bases.at(index - 1);
    if (base) return base.chain;
    return this.#segments.all.find(({ from, to }) => from === index && to >= from)?.chain ?? null;
  }

  /** Null: nothing that stands behind it is known. */
  *#fitsBehind(last: Entry): Task<boolean | null> {
    const next = last.index + 1;
    const known = this.#toldBefore(next);
    if (known !== null) return sameChain(known, last.chain);
    const [behind] = yield* this.#reader.read(next, next, 0);
    return behind === undefined ? null : continues(last.chain, behind);
  }

  /** `isSure`: the first of the entries can say itself what it continues, where nobody else knows. */
  *#frontOf(
    segment: LogSegment,
    { header, pieces }: Scan,
    entries: readonly Entry[],
    isSure: boolean,
  ): Task<Front | null> {
    const first = entries[0];
    const isTrimmed = first !== undefined && segment.from < this.#options.start();
    const from = isTrimmed ? first.index : Math.min(segment.from, first?.index ?? segment.from);
    // Where it begins elsewhere than before, what it said of its beginning may be of a log that was cut.
    const isOwn = from === segment.from;
    if (isOwn && header?.first === from) return { from, chain: header.chain };
    const cut = pieces.findLast((piece) => piece.type === 'cut' && piece.record.index === from - 1);
    const inCut = isOwn && cut && cut.type !== 'bad' ? cut.record.chain : null;
    const own = isSure && first?.index === from ? chainBefore(first) : null;
    const chain = (yield* this.#chainBefore(from)) ?? inCut ?? own;
    return chain && { from, chain };
  }

  *#rebuilt(
    segment: LogSegment,
    { header }: Scan,
    entries: readonly Entry[],
    { from, chain }: Front,
  ): Task<LogSegment> {
    const before = this.#segments.all.findLast(({ number }) => number < segment.number);
    const written = yield* rebuild(this.#disk, { ...segment, from }, entries, {
      chain,
      floor: this.#options.floor(),
      identity: this.#options.identity(),
      prevFrom: header?.prevFrom ?? before?.from ?? segment.from,
      prevSequence: header?.prevSequence ?? before?.sequence ?? segment.sequence,
      prevHasCuts: header?.prevHasCuts ?? before?.hasCuts ?? false,
    });
    this.#reader.drop(segment.number);
    return written;
  }
}

/** Nothing in it is wrong, so what stands in it is known as if it had just been written. */
function learn(segment: LogSegment, scan: Scan): void {
  segment.points = { index: [], sequence: [], offset: [] };
  segment.wantsPoint = true;
  for (const piece of scan.pieces) {
    if (piece.type === 'bad' || piece.record.offset >= segment.end) continue;
    if (piece.type === 'data') addPoint(segment, piece.record);
    if (piece.type !== 'cut') continue;
    dropPoints(segment.points, piece.record.index);
    segment.wantsPoint = true;
  }
  segment.end = Math.min(segment.end, scan.end);
  segment.scanned = segment.end;
}

function isRow(entries: readonly Entry[], before: Chain | null): boolean {
  let chain = before;
  for (const [at, entry] of entries.entries()) {
    if (entry.index !== (entries[0]?.index ?? 0) + at) return false;
    if (chain !== null && !continues(chain, entry)) return false;
    chain = entry.chain;
  }
  return true;
}
