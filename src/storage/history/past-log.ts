// The log as far as it was gone through at a start: what it is at each point, and how much of that is sure. SPEC
// rules ST35, ST40.

import type { Base, Chain, Entry } from '../../model/entry.ts';
import { continues, sameChain } from '../../wire/entry.ts';
import type { Good, Scanned } from './evidence.ts';
import { type Range, withoutRange, withRange } from './ranges.ts';
import { recordBytes, recordEnd } from './record.ts';
import type { Known } from './replayed.ts';
import { EMPTY_END, type LogEnd, type LogSegment, Segments } from './segments.ts';

/** An end whose chain may not be known: then any entry continues it. */
type Start = Omit<LogEnd, 'chain'> & { readonly chain: Chain | null };

export class PastLog {
  readonly segments: Segments;
  readonly #base: Base | null;
  readonly #baseIndex: number;
  /** Where the log ended before the first scanned segment, as that one says. */
  readonly #start: Start;
  /** Up to here the log stands in segments that were not scanned. */
  #scannedFrom: number;
  /** So many entries may be lost with what is bad, behind a cut that is lost with them. */
  readonly #hidden: number;
  /** Up to here the log is known to be the one that was committed. */
  #committed: number;
  #floor: number;
  /** Null: what stood before is lost, so any entry continues it. */
  #chain: Chain | null;
  /** Where the log ended with each entry, of those that were scanned, by rising index. */
  #ends: LogEnd[] = [];
  #entries: Entry[] = [];
  /** Below the base. */
  #holes: readonly Range[] = [];
  /** The chain of the entry that the base was taken behind. */
  #atBase: Chain | null = null;

  /** `before`: the segments that were not scanned; they say that the log was committed up to `committed`. */
  constructor(
    before: readonly LogSegment[],
    scanned: readonly Scanned[],
    { base, committed }: Pick<Known, 'base' | 'committed'>,
  ) {
    this.#base = base;
    this.#baseIndex = base?.index ?? 0;
    this.#floor = this.#baseIndex;
    this.#committed = committed;
    const start = startOf(before, scanned, base);
    this.#start = start;
    this.#chain = start.chain;
    const isOther =
      base?.index === start.index && start.chain !== null && !sameChain(base.chain, start.chain);
    this.#scannedFrom = isOther ? 0 : Math.min(start.index, lowestIn(scanned));
    this.#hidden = hiddenIn(scanned);
    this.segments = new Segments(before, { ...start, chain: start.chain ?? EMPTY_END.chain });
  }

  get end(): LogEnd {
    return this.segments.end;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get holes(): readonly Range[] {
    return this.#holes;
  }

  get floor(): number {
    return Math.min(this.#floor, this.end.index);
  }

  /** Up to here no record that is lost can have shortened the log. */
  get committed(): number {
    return this.#committed;
  }

  get isChainKnown(): boolean {
    return this.#chain !== null;
  }

  /** The same, where nothing can have shortened the log to within the segments before the scanned ones. */
  get sure(): number {
    return Math.max(this.#committed, this.#scannedFrom - this.#hidden);
  }

  /** A header says what was committed when it was written; `sure`: nothing is being passed over. */
  tell(floor: number, sure: boolean): void {
    this.#floor = Math.max(this.#floor, floor);
    if (sure) this.#committed = Math.max(this.#committed, floor);
  }

  /** A segment follows; where it is not known what it continues, nobody may take it for known. */
  begin(number: number, bytes: number, end: number): void {
    const before = this.segments.last;
    this.segments.begin(number, bytes, end);
    if (this.#chain !== null) return;
    if (before) before.sealed = null;
    if (this.segments.last) this.segments.last.chain = null;
  }

  /** A segment says what it continues, where that was not known. */
  resumeAt(end: LogEnd): void {
    this.segments.skipTo(end);
    this.#chain = end.chain;
  }

  enter(piece: Good): void {
    const { record } = piece;
    const { index, sequence, chain } = record;
    const end = recordEnd(record);
    this.tell(record.floor, true);
    if (piece.type === 'data') {
      const after = { index, sequence: sequence + record.count, chain };
      this.segments.appended(record, end, after);
      this.#ends.push(after);
      if (index > this.#baseIndex) this.#entries.push(piece.entry);
      if (index === this.#baseIndex) this.#atBase = chain;
    } else if (piece.type === 'cut') {
      this.segments.cut({ index, sequence, chain }, end);
      this.#dropAbove(index);
    } else this.segments.written(end);
    this.#chain = chain;
  }

  cut(end: LogEnd): void {
    this.segments.cut(end, this.segments.last?.end ?? 0);
    this.#dropAbove(end.index);
    this.#chain = end.chain;
  }

  /** Entries up to `to` are lost. Whether the log goes on behind them: below the base it does. */
  hole(to: number, header: Omit<LogEnd, 'index'> | null): boolean {
    const { end } = this;
    if (to > this.#baseIndex) return false;
    // What is lost may have said that entries before it had left the log.
    const from = Math.max(Math.min(end.index, this.sure) + 1, this.segments.start);
    if (from <= end.index) this.#cutTo(from - 1);
    this.#holes = withRange(this.#holes, { from, to });
    const known = header ?? (to === this.#baseIndex ? this.endAt(to) : null);
    this.#chain = known?.chain ?? null;
    const sequence = known?.sequence ?? end.sequence;
    this.segments.skipTo({ index: to, sequence, chain: known?.chain ?? EMPTY_END.chain });
    return true;
  }

  /** Where the log that was gone through ended with this index, whatever the base says; null where it is not known. */
  ownEndAt(index: number): LogEnd | null {
    const { end } = this;
    if (end.index === index) return this.#chain && { ...end, chain: this.#chain };
    if (index === 0) return EMPTY_END;
    const { index: first, sequence, chain } = this.#start;
    if (first === index && this.#scannedFrom === index && chain !== null) return { index, sequence, chain };
    return endIn(this.#ends, index);
  }

  /** The same, or what the base says where what stands before it cannot be another log. */
  knownEndAt(index: number): LogEnd | null {
    return this.ownEndAt(index) ?? (index <= this.sure ? this.endAt(index) : null);
  }

  /** The same, and null where the base says something else. */
  endAt(index: number): LogEnd | null {
    const own = this.ownEndAt(index);
    const base = this.#base;
    if (base?.index !== index) return own;
    if (own !== null && !sameChain(own.chain, base.chain)) return null;
    return { index, sequence: base.nextSequence, chain: base.chain };
  }

  /** Whether what was found is what follows the base, as it must. */
  get isBehindBase(): boolean {
    const base = this.#base;
    const isOther = base !== null && this.#atBase !== null && !sameChain(base.chain, this.#atBase);
    if (isOther || this.segments.start > this.#baseIndex + 1) return false;
    const [first] = this.#entries;
    if (first === undefined) return this.end.index === this.#baseIndex;
    return first.index === this.#baseIndex + 1 && continues((base ?? EMPTY_END).chain, first);
  }

  /** What leaves the log is missed by nobody. */
  #dropAbove(after: number): void {
    while ((this.#entries.at(-1)?.index ?? 0) > after) this.#entries.pop();
    while ((this.#ends.at(-1)?.index ?? 0) > after) this.#ends.pop();
    this.#holes = withoutRange(this.#holes, { from: after + 1, to: Number.POSITIVE_INFINITY });
    if (after < this.#baseIndex) this.#atBase = null;
    this.#scannedFrom = Math.min(this.#scannedFrom, after);
  }

  #cutTo(index: number): void {
    const known = this.endAt(index);
    const { last, end } = this.segments;
    this.segments.cut(known ?? { ...end, index, chain: EMPTY_END.chain }, last?.end ?? 0);
    if (known === null && last) last.chain = null;
    this.#dropAbove(index);
  }
}

function endIn(ends: readonly LogEnd[], index: number): LogEnd | null {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.index ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  const found = ends[low];
  return found?.index === index ? found : null;
}

/** The lowest index that the log was ever shortened to here, as far as what is whole says so. */
function lowestIn(scanned: readonly Scanned[]): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const [at, { row, scan }] of scanned.entries()) {
    if (at > 0 && row.header) lowest = Math.min(lowest, row.header.prevFrom - 1);
    for (const piece of scan?.pieces ?? []) {
      if (piece.type === 'cut') lowest = Math.min(lowest, piece.record.index);
      if (piece.type === 'data') lowest = Math.min(lowest, piece.record.index - 1);
    }
  }
  return lowest;
}

/** Whole entries show that the log had been shortened to before them: so many of them find room in what is bad. */
function hiddenIn(scanned: readonly Scanned[]): number {
  const bad = scanned.flatMap(({ scan }) => scan?.pieces.filter(({ type }) => type === 'bad') ?? []);
  const bytes = bad.reduce((sum, piece) => sum + (piece.type === 'bad' ? piece.end - piece.offset : 0), 0);
  return Math.max(0, Math.floor(bytes / recordBytes(0)) - 1);
}

/** What the log is before the first scanned segment. */
function startOf(before: readonly LogSegment[], scanned: readonly Scanned[], base: Base | null): Start {
  const first = scanned[0]?.scan?.header ?? scanned[0]?.row.header;
  if (first) return { index: first.first - 1, sequence: first.sequence, chain: first.chain };
  const last = before.at(-1);
  if (last) return { index: last.to, sequence: last.sequence, chain: null };
  if (base) return { index: base.index, sequence: base.nextSequence, chain: base.chain };
  return EMPTY_END;
}
