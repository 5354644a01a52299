// What records that are whole say of those that are not. SPEC rules ST35, ST40.

import type { Chain } from '../../model/entry.ts';
import { continues, sameChain } from '../../wire/entry.ts';
import type { Piece, Scan } from './scan.ts';
import type { Row } from './search.ts';

export interface Scanned {
  readonly row: Row;
  /** Null where there is no file. */
  readonly scan: Scan | null;
}

export type Good = Exclude<Piece, { type: 'bad' }>;
export type Bad = Extract<Piece, { type: 'bad' }>;

/** A place in a segment; 0 is its header. */
export interface Place {
  readonly number: number;
  readonly offset: number;
}

/** A segment was begun once everything before it was durable. */
export function isBegun({ scan }: Scanned): boolean {
  return scan !== null && (scan.header !== null || firstIn(scan) !== null);
}

export function firstIn(scan: Scan): Good | null {
  return scan.pieces.find((piece): piece is Good => piece.type === 'data') ?? null;
}

/** Where the log ended with the last record of these segments. */
export function lastOf(scanned: readonly Scanned[]): number {
  return scanned.map(({ scan }) => lastIn(scan)).findLast((index) => index !== null) ?? 0;
}

function lastIn(scan: Scan | null): number | null {
  const last = scan?.pieces.findLast((piece): piece is Good => piece.type !== 'bad');
  if (last) return last.record.index;
  return scan?.header ? scan.header.first - 1 : null;
}

/** Whether a record behind bad bytes says that they had been durable. */
export function isProvenWithin(scan: Scan, bad: Bad): boolean {
  return scan.pieces.some((piece) => piece.type !== 'bad' && piece.record.group > bad.offset);
}

/**
 * The first place behind `from` that shows that the log up to some index is still what it was here: so what is
 * damaged between is no part of it.
 */
export function resumption(
  scanned: readonly Scanned[],
  from: Place,
  chainAt: (index: number) => Chain | null,
): Place | null {
  for (const { row, scan } of scanned) {
    if (scan === null || row.number < from.number) continue;
    const { number } = row;
    const { header } = scan;
    if (number > from.number && header !== null && isSame(chainAt(header.first - 1), header.chain)) {
      return { number, offset: 0 };
    }
    for (const piece of scan.pieces) {
      if (piece.type === 'bad' || (number === from.number && piece.record.offset <= from.offset)) continue;
      if (shows(piece, chainAt)) return { number, offset: piece.record.offset };
    }
  }
  return null;
}

function shows(piece: Good, chainAt: (index: number) => Chain | null): boolean {
  if (piece.type !== 'data') return isSame(chainAt(piece.record.index), piece.record.chain);
  const before = chainAt(piece.record.index - 1);
  return before !== null && continues(before, piece.entry);
}

function isSame(known: Chain | null, chain: Chain): boolean {
  return known !== null && sameChain(known, chain);
}

/**
 * How much of what stands before damage cannot have left the log by what is damaged, or by what is behind it.
 * `known`: where the log ends before it, and up to where it is known to have been committed then.
 */
export function keptBefore(
  behind: readonly Scanned[],
  from: Place,
  known: { readonly end: number; readonly sure: number },
): number {
  const headers = behind.slice(1).flatMap(({ scan }) => (scan?.header ? [scan.header] : []));
  const cuts = behind.flatMap(({ row, scan }) =>
    (scan?.pieces ?? []).flatMap((piece) => {
      const isSeen = row.number === from.number && piece.type === 'cut' && piece.record.offset < from.offset;
      return piece.type === 'cut' && !isSeen ? [piece.record.index] : [];
    }),
  );
  // What else is bad behind it may have been a cut, too.
  const isWhole = behind.slice(1).every(({ scan }) => scan?.pieces.every(({ type }) => type !== 'bad'));
  const isWithoutCuts =
    isWhole && headers[0]?.prevHasCuts === false && headers[0].number === (behind[0]?.row.number ?? 0) + 1;
  return Math.min(
    isWithoutCuts ? known.end : known.sure,
    ...headers.map(({ first, prevFrom, prevHasCuts }) => (prevHasCuts ? prevFrom : first) - 1),
    ...cuts,
  );
}

export function whyOf(bad: Bad): string {
  return bad.certain ? 'the disk does not give these bytes' : 'a check sum is wrong';
}
