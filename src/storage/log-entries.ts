// The segments of a log as one row of what stands in it, good and bad, each good thing with what it proves: the
// material of a judgement. SPEC rules ST8-ST11.

import { compareIdentities, type Identity } from '../model/ids.ts';
import type { Chain } from './record.ts';
import type { Piece, SegmentHeader, SegmentScan } from './segment.ts';

export type Part<V> =
  | {
      readonly type: 'copy';
      readonly piece: Extract<Piece<V>, { type: 'record' }>;
    }
  /** `count` places from `index` on are lost. */
  | { readonly type: 'seam'; readonly index: number; readonly count: number };

/** What is to become of one segment. */
export interface Verdict<V> {
  readonly number: number;
  readonly bytes: number;
  /** Null: nothing stands in it that is kept. */
  header: SegmentHeader | null;
  readonly parts: Part<V>[];
  /** `kept`: as it is. `cut`: zeros from `cutFrom` on. `rebuilt`: written anew from its parts. `gone`: no file. */
  fate: 'kept' | 'cut' | 'rebuilt' | 'gone';
  cutFrom: number;
  /** Whether it holds damaged bytes, which are set aside. */
  damaged: boolean;
  /** The last index, and the chain after the last record. */
  last: number;
  chain: Chain | null;
}

/** A segment's content, or the number of one whose file is missing. */
export type Found<V> = SegmentScan<V> | { readonly number: number; readonly missing: true };

export interface Bad {
  readonly verdict: Verdict<unknown>;
  readonly offset: number;
  readonly bytes: number;
  readonly why: string;
  /** Not a write that was interrupted, whatever follows. */
  readonly certain: boolean;
}

/** Something valid that stands in the log: a header or a record. */
export interface Valid<V> {
  readonly verdict: Verdict<V>;
  readonly identity: Identity;
  readonly offset: number;
  readonly header: SegmentHeader | null;
  readonly piece: Extract<Piece<V>, { type: 'record' }> | null;
  /** It stands for these indices; for a mark or a header `from` is `upto` + 1. */
  readonly from: number;
  readonly upto: number;
  /** The highest index that it, or something behind it, proves durable. */
  proven: number;
}

export type Entry<V> = { readonly bad: Bad } | { readonly valid: Valid<V> };

export function entriesOf<V>(
  found: readonly Found<V>[],
  current: Identity | null,
  identityOf: (value: V) => Identity | null,
): { entries: Entry<V>[]; verdicts: Verdict<V>[] } {
  const entries: Entry<V>[] = [];
  const verdicts: Verdict<V>[] = [];
  const lastBegun = found.findLastIndex((scan) => !('missing' in scan) && scan.pieces.length > 0);
  let identity = current;

  for (const [at, scan] of found.entries()) {
    const verdict = verdictOf(scan);
    verdicts.push(verdict);
    if ('missing' in scan) {
      entries.push({ bad: { verdict, offset: 0, bytes: 0, why: 'the file is missing', certain: true } });
      continue;
    }
    if (scan.header === null && scan.pieces.length === 0 && at < lastBegun) {
      const why = 'nothing but zeros stands in it';
      entries.push({ bad: { verdict, offset: 0, bytes: scan.bytes, why, certain: true } });
      continue;
    }
    const owner = scan.header?.identity ?? firstIdentity(scan.pieces, identityOf) ?? identity;
    if (scan.header) entries.push({ valid: validHeader(verdict, scan.header) });
    for (const piece of scan.pieces) {
      if (piece.type === 'record' && owner) entries.push({ valid: validRecord(verdict, owner, piece) });
      else entries.push({ bad: badPiece(verdict, piece) });
    }
    identity = owner;
  }
  spreadProofs(entries);
  return { entries, verdicts };
}

/** Going backwards: what is proven here is proven before. A later identity proves all that came before it. */
function spreadProofs<V>(entries: readonly Entry<V>[]): void {
  let later: Valid<V> | null = null;
  for (const entry of entries.toReversed()) {
    if ('bad' in entry) continue;
    const { valid } = entry;
    if (later !== null) {
      const isSame = compareIdentities(valid.identity, later.identity) === 0;
      valid.proven = isSame ? Math.max(valid.proven, later.proven) : Number.POSITIVE_INFINITY;
    }
    later = valid;
  }
}

function verdictOf<V>(scan: Found<V>): Verdict<V> {
  const isMissing = 'missing' in scan;
  return {
    number: scan.number,
    bytes: isMissing ? 0 : scan.bytes,
    header: null,
    parts: [],
    fate: isMissing ? 'gone' : 'kept',
    cutFrom: 0,
    damaged: false,
    last: 0,
    chain: null,
  };
}

function validHeader<V>(verdict: Verdict<V>, header: SegmentHeader): Valid<V> {
  const { identity, first } = header;
  return {
    verdict,
    identity,
    offset: 0,
    header,
    piece: null,
    from: first,
    upto: first - 1,
    proven: first - 1,
  };
}

function validRecord<V>(
  verdict: Verdict<V>,
  identity: Identity,
  piece: Extract<Piece<V>, { type: 'record' }>,
): Valid<V> {
  const { kind, index, count, prevDurable: proven } = piece.record;
  const isMark = kind === 'mark';
  const from = isMark ? index + 1 : index;
  const upto = isMark ? index : index + count - 1;
  return { verdict, identity, offset: piece.offset, header: null, piece, from, upto, proven };
}

function badPiece<V>(verdict: Verdict<V>, piece: Piece<V>): Bad {
  const certain = piece.type === 'bad' && piece.unreadable;
  const why = certain ? 'the disk does not give these bytes' : 'a check sum is wrong';
  return { verdict, offset: piece.offset, bytes: piece.end - piece.offset, why, certain };
}

function firstIdentity<V>(
  pieces: readonly Piece<V>[],
  identityOf: (value: V) => Identity | null,
): Identity | null {
  for (const piece of pieces) {
    if (piece.type !== 'record') continue;
    const identity = identityOf(piece.value);
    if (identity) return identity;
  }
  return null;
}
