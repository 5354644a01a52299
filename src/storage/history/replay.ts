// Goes through what was found of a log and says what of it is right, what is an interrupted write, and what is
// damage. SPEC rules ST35, ST40.
//
// The proof that bad bytes were durable once is any later record whose group begins behind them, a later segment
// that was begun, or the superblock. Without it they are the last group, which a crash interrupted: any of its
// sectors may have reached the disk, so whole records behind a bad one prove nothing by themselves.
//
// Damage below the base leaves a hole, and the log goes on behind it. Damage above it ends the log there: what is
// lost comes back from others as entries that continue it, and until then the hole is remembered.

import { continues, sameChain } from '../../wire/entry.ts';
import type { Finding } from '../finding.ts';
import {
  type Bad,
  firstIn,
  type Good,
  isBegun,
  isProvenWithin,
  keptBefore,
  lastOf,
  type Place,
  resumption,
  type Scanned,
  whyOf,
} from './evidence.ts';
import { PastLog } from './past-log.ts';
import { type Range, withoutRange, withRange } from './ranges.ts';
import { recordEnd } from './record.ts';
import type { Known, Replayed, Tail } from './replayed.ts';
import type { Scan } from './scan.ts';
import type { Row } from './search.ts';
import { HEADER_BYTES, segmentName } from './segment.ts';
import type { LogEnd, LogSegment } from './segments.ts';

/** `before`: the segments that were not scanned. */
export function replay(before: readonly LogSegment[], scanned: readonly Scanned[], known: Known): Replayed {
  return new Replay(before, scanned, known).run();
}

class Replay {
  readonly #known: Known;
  readonly #scanned: readonly Scanned[];
  readonly #log: PastLog;
  readonly #findings: Finding[] = [];
  #owed: Range | null = null;
  #tail: Tail | null = null;
  #damaged: readonly number[] = [];
  #suspects: number[] = [];
  #blank: number | null = null;
  #lost: string | null = null;
  #needsOlderBase = false;
  /** Everything before this place is passed over. */
  #resume: Place | null = null;

  constructor(before: readonly LogSegment[], scanned: readonly Scanned[], known: Known) {
    this.#known = known;
    this.#scanned = scanned;
    this.#log = new PastLog(before, scanned, known);
  }

  run(): Replayed {
    for (const [at, { row, scan }] of this.#scanned.entries()) {
      if (!this.#goThrough(at, row, scan)) break;
    }
    this.#judgeEnd();
    this.#judgeOwed();
    const { segments, entries, floor, isBehindBase } = this.#log;
    const missing = [...this.#log.holes, ...this.#known.holes, ...segments.gaps()].reduce(withRange, []);
    // What has left the log since it was remembered, or is owed behind the end, is no hole.
    const holes = withoutRange(missing, { from: segments.end.index + 1, to: Number.POSITIVE_INFINITY });
    return {
      segments,
      entries,
      holes,
      owed: this.#owed,
      tail: this.#tail,
      damaged: this.#damaged,
      suspects: this.#suspects.filter((number) => !this.#damaged.includes(number)),
      blank: this.#blank,
      floor,
      findings: this.#findings,
      lost: this.#lost,
      needsOlderBase: this.#needsOlderBase || !isBehindBase,
    };
  }

  /** Whether the log goes on behind this segment. */
  #goThrough(at: number, row: Row, scan: Scan | null): boolean {
    if (scan === null || (scan.header === null && scan.pieces.length === 0)) {
      if (!this.#isBegunBehind(at)) {
        if (scan === null) this.#lost = `segment ${row.number} is missing`;
        return true;
      }
      if (this.#resume !== null) return true;
      const why = scan === null ? 'the file is missing' : 'nothing but zeros stands in it';
      return this.#passOver(at, { number: row.number, offset: 0 }, why);
    }
    const head = scan.pieces[0];
    if (scan.header === null && head?.type === 'bad' && !this.#isProven(at, scan, head)) {
      // Its first group was interrupted: the segment was never begun.
      this.#blank = row.number;
      return this.#cutTorn(row, scan, head);
    }
    return this.#begin(at, row, scan) && this.#pieces(at, row, scan);
  }

  #begin(at: number, row: Row, scan: Scan): boolean {
    const { header } = scan;
    const bytes = 'bytes' in row ? row.bytes : 0;
    if (this.#resume?.number === row.number && this.#resume.offset === 0) this.#resume = null;
    if (header === null) this.#report(row.number, 0, 'the header is wrong');
    else this.#log.tell(header.floor, this.#resume === null);
    if (this.#resume === null) {
      const first = header?.first ?? firstIn(scan)?.record.index ?? this.#log.end.index + 1;
      if (!this.#follows(at, row, first, header)) return false;
    }
    this.#log.begin(row.number, bytes, HEADER_BYTES);
    this.#tail = {
      number: row.number,
      bytes,
      offset: HEADER_BYTES,
      group: 0,
      isMarked: false,
      clearFrom: null,
      cut: null,
    };
    return true;
  }

  /** Whether what a segment says it continues is what stands before it. */
  #follows(at: number, row: Row, first: number, header: Scan['header']): boolean {
    const { end } = this.#log;
    const place = { number: row.number, offset: 0 };
    if (first > end.index + 1) {
      const isHole = this.#log.hole(first - 1, header);
      if (isHole) this.#report(row.number, 0, 'entries before it are missing', end.index + 1, first - 1);
      return isHole || this.#passOver(at, place, 'entries before it are missing');
    }
    const before = this.#log.ownEndAt(first - 1);
    const isOther = header !== null && before !== null && !sameChain(before.chain, header.chain);
    if (this.#log.isChainKnown && (isOther || (first <= end.index && before === null))) {
      return this.#passOver(at, place, 'it does not continue the log');
    }
    if (first <= end.index && before !== null) this.#log.cut(before);
    if (header !== null && !this.#log.isChainKnown) {
      this.#log.resumeAt({ index: first - 1, sequence: header.sequence, chain: header.chain });
    }
    return true;
  }

  /** Whether the log goes on behind this segment. */
  #pieces(at: number, row: Row, scan: Scan): boolean {
    const { number } = row;
    for (const [place, piece] of scan.pieces.entries()) {
      if (piece.type !== 'bad') {
        if (this.#resume !== null && !this.#resumesAt(number, piece)) continue;
        if (!this.#take(at, number, piece)) return false;
        continue;
      }
      // A header that is wrong was told of already.
      const isHeader = piece.offset === 0 && piece.end <= HEADER_BYTES;
      if (isHeader || this.#resume !== null) continue;
      if (!this.#isProven(at, scan, piece)) return this.#cutTorn(row, scan, piece);
      if (!this.#pass(at, number, scan, place, piece)) return false;
    }
    return true;
  }

  /** Goes on behind bad bytes: where nothing of the log is lost with them, below the base, or not at all. */
  #pass(at: number, number: number, scan: Scan, place: number, bad: Bad): boolean {
    const from = { number, offset: bad.offset };
    if (this.#resumesBehind(at, from)) {
      this.#report(number, bad.offset, whyOf(bad));
      return true;
    }
    const next = scan.pieces.slice(place).find((piece): piece is Good => piece.type !== 'bad');
    const { end } = this.#log;
    const to = next === undefined ? this.#firstBehind(at) - 1 : nextOf(next) - 1;
    const isKnown = next !== undefined || this.#isBegunBehind(at);
    if (isKnown && to > end.index && this.#log.hole(to, null)) {
      this.#report(number, bad.offset, whyOf(bad), end.index + 1, to);
      return true;
    }
    if (!isKnown) this.#lost = 'the end of its last segment is damaged';
    this.#report(
      number,
      bad.offset,
      whyOf(bad),
      end.index + 1,
      Math.max(to, lastOf(this.#scanned.slice(at))),
    );
    return this.#cutDamaged(at, from);
  }

  /** Whether the log goes on behind this record. */
  #take(at: number, number: number, piece: Good): boolean {
    const { end } = this.#log;
    const { record } = piece;
    const next = nextOf(piece);
    const place = { number, offset: record.offset };
    if (next > end.index + 1) {
      const to = next - 1;
      const why = 'records before it are missing';
      if (!this.#log.hole(to, null)) return this.#passOver(at, { ...place, offset: place.offset - 1 }, why);
      this.#report(number, place.offset, why, end.index + 1, to);
    } else if (piece.type === 'data') {
      const before = this.#log.knownEndAt(next - 1);
      const isNext = !this.#log.isChainKnown || (before !== null && this.#continues(before, piece));
      if (!isNext) return this.#passOver(at, place, 'it does not continue the log');
      if (next <= end.index && before !== null) this.#log.cut(before);
    } else {
      const before = !this.#log.isChainKnown ? null : this.#log.ownEndAt(record.index);
      const isRight = before === null ? piece.type === 'cut' : sameChain(before.chain, record.chain);
      if (!isRight && this.#log.isChainKnown)
        return this.#passOver(at, place, 'it does not continue the log');
      // A mark says where the log ended: what said that the rest had left it is among what is bad.
      const isCutLost = piece.type === 'mark' && before !== null && record.index < end.index;
      if (isCutLost) this.#log.cut(before);
    }
    this.#enter(piece);
    return true;
  }

  /** What does not fit is passed over if the log can be seen to go on behind it; otherwise it ends here. */
  #passOver(at: number, place: Place, why: string): boolean {
    if (this.#resumesBehind(at, place)) {
      this.#report(place.number, Math.max(0, place.offset), why);
      return true;
    }
    const { end } = this.#log;
    const first = this.#firstBehind(at);
    if (place.offset === 0 && first > end.index + 1 && this.#log.hole(first - 1, null)) {
      this.#report(place.number, 0, why, end.index + 1, first - 1);
      return true;
    }
    this.#report(place.number, place.offset, why, end.index + 1, lastOf(this.#scanned.slice(at)));
    return this.#cutDamaged(at, place);
  }

  /** What the base covers was compared with others when it was taken: its place in the row is enough. */
  #continues(before: LogEnd, { record, entry }: Extract<Good, { type: 'data' }>): boolean {
    const isCovered = this.#known.trusts && record.index <= (this.#known.base?.index ?? 0);
    return isCovered ? record.index > this.#log.end.index : continues(before.chain, entry);
  }

  #resumesBehind(at: number, from: Place): boolean {
    this.#resume = resumption(
      this.#scanned.slice(at),
      from,
      (index) => this.#log.knownEndAt(index)?.chain ?? null,
    );
    return this.#resume !== null;
  }

  #resumesAt(number: number, { record }: Good): boolean {
    if (this.#resume?.number !== number || this.#resume.offset !== record.offset) return false;
    this.#resume = null;
    return true;
  }

  /** Whether what is bad was durable once, so that it is no interrupted write. */
  #isProven(at: number, scan: Scan, bad: Bad): boolean {
    if (bad.certain || this.#isBegunBehind(at) || this.#known.durable > this.#log.end.index) return true;
    return isProvenWithin(scan, bad);
  }

  #enter(piece: Good): void {
    this.#log.enter(piece);
    if (this.#tail === null) return;
    const { record, type } = piece;
    this.#tail.offset = recordEnd(record);
    this.#tail.group = record.group;
    this.#tail.isMarked = type === 'mark';
  }

  #cutTorn(row: Row, scan: Scan, bad: Bad): boolean {
    const bytes = scan.contentEnd - bad.offset;
    this.#findings.push({ kind: 'torn', file: segmentName(row.number), offset: bad.offset, bytes });
    if (this.#tail && this.#blank === null) this.#tail.clearFrom = this.#tail.offset;
    return false;
  }

  /**
   * The log ends before what is damaged, and before what it may have said has left the log. What stands behind is
   * known to have been acknowledged.
   */
  #cutDamaged(at: number, { number }: Place): boolean {
    const behind = this.#scanned.slice(at);
    const tail = this.#tail;
    this.#damaged = behind
      .filter(({ scan }) => scan !== null && scan.contentEnd > 0)
      .map((one) => one.row.number);
    if (tail?.number === number) tail.clearFrom = tail.offset;
    const from = { number: tail?.number ?? 0, offset: tail?.offset ?? 0 };
    const { end, sure, committed } = this.#log;
    this.#endAtMost(Math.max(committed, keptBefore(behind, from, { end: end.index, sure })));
    this.#owe(lastOf(behind));
    return false;
  }

  /** What leaves the log for safety's sake must not come back at the next start: a record says so. */
  #endAtMost(index: number): void {
    if (index >= this.#log.end.index) return;
    const known = this.#log.endAt(index);
    if (known === null) {
      this.#needsOlderBase = true;
      return;
    }
    this.#log.cut(known);
    if (this.#tail === null) return;
    this.#tail.group = this.#tail.offset;
    this.#tail.isMarked = false;
    this.#tail.cut = known;
  }

  #owe(to: number): void {
    const from = this.#log.end.index + 1;
    const upto = Math.max(to, this.#owed?.to ?? 0);
    if (upto >= from) this.#owed = { from, to: upto };
  }

  /** What was missing before this start and has not come since. */
  #judgeOwed(): void {
    const { owed } = this.#known;
    if (owed === null || owed.to <= this.#log.end.index) return;
    if (owed.from <= this.#log.end.index && this.#owed === null) this.#endAtMost(owed.from - 1);
    this.#owe(owed.to);
  }

  #judgeEnd(): void {
    const { end } = this.#log;
    const { durable, base } = this.#known;
    const owed = Math.max(durable, base?.index ?? 0);
    const isKnown = Math.max(this.#owed?.to ?? 0, this.#known.owed?.to ?? 0) >= owed;
    if (owed > end.index && !isKnown && this.#lost === null) {
      this.#lost = `it ends at entry ${end.index} and was durable up to ${owed}`;
    }
    if (this.#lost !== null) this.#findings.push({ kind: 'log-lost', why: this.#lost });
  }

  #isBegunBehind(at: number): boolean {
    return this.#scanned.slice(at + 1).some(isBegun);
  }

  /** The first index of what was begun behind this one. */
  #firstBehind(at: number): number {
    for (const { scan } of this.#scanned.slice(at + 1)) {
      const first = scan?.header?.first ?? (scan && firstIn(scan)?.record.index);
      if (first) return first;
    }
    return this.#log.end.index + 1;
  }

  #report(number: number, offset: number, why: string, from = 0, to = -1): void {
    const lost = to >= from ? { from, to } : {};
    this.#suspects.push(number);
    this.#findings.push({ kind: 'log-damaged', file: segmentName(number), offset, why, ...lost });
  }
}

/** The index that comes behind what a record stands for, or its own. */
function nextOf({ type, record }: Good): number {
  return type === 'data' ? record.index : record.index + 1;
}
