// Which records of a segment are the log, where an index may stand there twice and something is damaged. SPEC rules
// ST39, ST40.
//
// What is damaged may have said that entries left the log. So with damage only two kinds of entries are sure: those
// known committed before it, and those that the chain at the end of the segment leads back to.

import type { Chain, Entry } from '../../model/entry.ts';
import { continues, sameChain } from '../../wire/entry.ts';
import type { Piece, Scan } from './scan.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
  /** Of good records. */
  readonly end: number;
  /** Where the log ended with this segment; null where that is not known. */
  readonly sealed: { readonly index: number; readonly chain: Chain } | null;
}

/** The entries of the log from `from` to `to` that stand whole in the segment, in order. */
export function liveIn(scan: Scan, { from, to, end, sealed }: Span): readonly Entry[] {
  const pieces = scan.pieces.filter((piece) => offsetOf(piece) < end);
  const firstBad = pieces.findIndex(({ type }) => type === 'bad');
  const live = replayed(firstBad < 0 ? pieces : pieces.slice(0, firstBad));
  if (firstBad >= 0) {
    const sure = sureBefore(scan, pieces.slice(0, firstBad));
    for (const index of [...live.keys()]) if (index > sure) live.delete(index);
    for (const entry of backFrom(sealed, pieces)) live.set(entry.index, entry);
  }
  const inSpan = [...live.values()].filter(({ index }) => index >= from && index <= to);
  return inSpan.sort((a, b) => a.index - b.index);
}

function replayed(pieces: readonly Piece[]): Map<number, Entry> {
  const live = new Map<number, Entry>();
  for (const piece of pieces) {
    if (piece.type === 'data') live.set(piece.entry.index, piece.entry);
    if (piece.type !== 'cut') continue;
    for (const index of [...live.keys()]) if (index > piece.record.index) live.delete(index);
  }
  return live;
}

/** What had been committed when these were written. */
function sureBefore(scan: Scan, pieces: readonly Piece[]): number {
  const floors = pieces.map((piece) => (piece.type === 'bad' ? 0 : piece.record.floor));
  return Math.max(scan.header?.floor ?? 0, ...floors);
}

/** Of each index the one entry that what stands behind it continues, as far as there is one. */
function backFrom(sealed: Span['sealed'], pieces: readonly Piece[]): readonly Entry[] {
  if (sealed === null) return [];
  const versions = new Map<number, Entry[]>();
  for (const piece of pieces) {
    if (piece.type !== 'data') continue;
    const { entry } = piece;
    versions.set(entry.index, [...(versions.get(entry.index) ?? []), entry]);
  }
  const back: Entry[] = [];
  let next = versions.get(sealed.index)?.find(({ chain }) => sameChain(chain, sealed.chain));
  while (next !== undefined) {
    const after: Entry = next;
    back.push(after);
    next = versions.get(after.index - 1)?.find(({ chain }) => continues(chain, after));
  }
  return back;
}

function offsetOf(piece: Piece): number {
  return piece.type === 'bad' ? piece.offset : piece.record.offset;
}
