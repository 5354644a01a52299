// Tells an interrupted write from damage, from what was found in the segments of a log. SPEC rules ST8-ST11.
//
// Every record says up to where the log was durable when it was written, so the proof that a bad stretch had once
// been acknowledged is any later record that says so. Without proof it is the last group, which a crash
// interrupted: any of its sectors may have reached the disk, so whole records behind a bad one prove nothing by
// themselves. (One exception remains: a last group that was acknowledged, has no mark yet and rots at rest.)

import { type Identity, sameIdentity } from '../model/ids.ts';
import type { Finding } from './finding.ts';
import { type Bad, type Entry, entriesOf, type Found, type Valid, type Verdict } from './log-entries.ts';
import { CHAIN_START, type Chain, sameChain } from './record.ts';
import { segmentName } from './segment.ts';

/** What others than the log itself know of it. */
export interface Known {
  /** The identity in use, where it is known. */
  readonly current: Identity | null;
  /** The log must hold the current identity's indices from here on; null: not known. */
  readonly first: number | null;
  /** The highest index of the current identity that is known to have been durable. */
  readonly durable: number;
}

export interface Judgement<V> {
  readonly findings: readonly Finding[];
  /** The highest index ever given away under the current identity cannot be known. */
  readonly tailUnknown: boolean;
  readonly segments: readonly Verdict<V>[];
}

export function judge<V>(
  found: readonly Found<V>[],
  known: Known,
  identityOf: (value: V) => Identity | null,
): Judgement<V> {
  return new Judge(known, entriesOf(found, known.current, identityOf)).judge();
}

class Judge<V> {
  readonly #known: Known;
  readonly #entries: readonly Entry<V>[];
  readonly #verdicts: readonly Verdict<V>[];
  readonly #findings: Finding[] = [];
  #tailUnknown = false;
  #identity: Identity | null = null;
  #upto = 0;
  #chain: Chain | null = null;
  /** Bad stretches since the last valid entry. */
  #bad: Bad[] = [];

  constructor(known: Known, log: { entries: readonly Entry<V>[]; verdicts: readonly Verdict<V>[] }) {
    this.#known = known;
    this.#entries = log.entries;
    this.#verdicts = log.verdicts;
  }

  judge(): Judgement<V> {
    for (const entry of this.#entries) {
      if ('bad' in entry) this.#bad.push(entry.bad);
      else if (entry.valid.from < this.#expected(entry.valid)) this.#bad.push(repeated(entry.valid));
      else if (this.#isTornBefore(entry.valid)) break;
      else this.#accept(entry.valid);
    }
    this.#judgeEnd();
    return { findings: this.#findings, tailUnknown: this.#tailUnknown, segments: this.#verdicts };
  }

  /** A bad stretch, and behind it in the same segment only what cannot prove that it was ever durable. (ST8) */
  #isTornBefore(valid: Valid<V>): boolean {
    const bad = this.#bad[0];
    if (bad === undefined || this.#bad.some(({ certain }) => certain)) return false;
    const proven = Math.max(valid.proven, this.#provenFromOutside(valid.identity));
    return bad.verdict === valid.verdict && proven < this.#expected(valid);
  }

  #accept(valid: Valid<V>): void {
    const { verdict, header, piece } = valid;
    const expected = this.#expected(valid);
    const isBroken = header !== null && this.#chain !== null && !sameChain(header.chain, this.#chain);
    if (header) verdict.header = header;
    if (this.#bad.length > 0 || valid.from > expected || isBroken) this.#mend(valid, expected);
    if (piece) verdict.parts.push({ type: 'copy', piece });

    this.#chain = chainBehind(valid);
    this.#upto = this.#continues(valid) ? Math.max(this.#upto, valid.upto) : valid.upto;
    this.#identity = valid.identity;
    verdict.last = this.#upto;
    verdict.chain = this.#chain;
  }

  /** Damage in front of `valid`: a seam takes the place of what is lost, so that it is found once. (ST10) */
  #mend(valid: Valid<V>, expected: number): void {
    const lost = valid.from - expected;
    const { identity } = valid;
    if (this.#identity && this.#isBehindEarlier(valid)) {
      // Nothing says how far the earlier identity had come.
      this.#report(valid, { identity: this.#identity, fromN: this.#upto + 1 });
    } else {
      this.#report(valid, lost > 0 ? { identity, fromN: expected, toN: valid.from - 1 } : { identity });
    }
    this.#setAside();
    const { verdict } = valid;
    verdict.fate = 'rebuilt';
    verdict.header = {
      number: verdict.number,
      identity: valid.identity,
      first: verdict.parts.length === 0 ? expected : (verdict.header?.first ?? expected),
      chain:
        verdict.parts.length === 0 ? (this.#chain ?? CHAIN_START) : (verdict.header?.chain ?? CHAIN_START),
    };
    verdict.parts.push({ type: 'seam', index: expected, count: lost });
  }

  /** Nothing valid follows. A loss here means that nobody knows how far the identity had come. (ST11) */
  #judgeEnd(): void {
    const bad = this.#bad[0];
    if (bad && this.#isTornEnd(bad)) this.#cut(bad);
    const isCurrent = this.#identity !== null && this.#isCurrent(this.#identity);
    const upto = isCurrent ? this.#upto : 0;
    if (this.#bad.length === 0 && this.#known.durable <= upto) return;

    const identity = this.#known.current ?? this.#identity;
    this.#report(null, identity ? { identity, fromN: upto + 1 } : {});
    this.#setAside();
    this.#tailUnknown = true;
  }

  #isTornEnd(bad: Bad): boolean {
    if (this.#bad.some(({ certain, verdict }) => certain || verdict !== bad.verdict)) return false;
    return this.#identity === null || this.#provenFromOutside(this.#identity) <= this.#upto;
  }

  /** (ST9) */
  #cut(bad: Bad): void {
    const { verdict } = bad;
    this.#findings.push({
      kind: 'torn',
      file: segmentName(verdict.number),
      offset: bad.offset,
      bytes: bad.bytes,
    });
    if (verdict.fate === 'kept') verdict.fate = 'cut';
    verdict.cutFrom = bad.offset;
    this.#bad = [];
  }

  #report(before: Valid<V> | null, lost: { identity?: Identity; fromN?: number; toN?: number }): void {
    const bad = this.#bad[0];
    const verdict =
      bad?.verdict ?? before?.verdict ?? this.#verdicts.findLast(({ header }) => header !== null);
    this.#findings.push({
      kind: 'damaged',
      file: segmentName(verdict?.number ?? 1),
      offset: bad?.offset ?? before?.offset ?? 0,
      why: bad?.why ?? 'records that stood before this are missing',
      ...lost,
    });
  }

  /** A segment of which nothing is left becomes an empty one, so that the numbers go on without a hole. */
  #setAside(): void {
    for (const { verdict } of this.#bad) {
      verdict.damaged = verdict.fate !== 'gone';
      if (verdict.header === null && this.#identity !== null) {
        const { number } = verdict;
        const chain = this.#chain ?? CHAIN_START;
        verdict.header = { number, identity: this.#identity, first: this.#upto + 1, chain };
        verdict.last = this.#upto;
        verdict.chain = chain;
      }
      if (verdict.damaged || verdict.header !== null) verdict.fate = 'rebuilt';
    }
    this.#bad = [];
  }

  /** The index that must come next. */
  #expected(valid: Valid<V>): number {
    if (this.#continues(valid)) return this.#upto + 1;
    return this.#isCurrent(valid.identity)
      ? Math.min(valid.from, this.#known.first ?? valid.from)
      : valid.from;
  }

  #isBehindEarlier(valid: Valid<V>): boolean {
    return !this.#continues(valid) && this.#bad.some(({ verdict }) => verdict !== valid.verdict);
  }

  #provenFromOutside(identity: Identity): number {
    return this.#isCurrent(identity) ? this.#known.durable : 0;
  }

  #continues(valid: Valid<V>): boolean {
    return this.#identity !== null && sameIdentity(this.#identity, valid.identity);
  }

  #isCurrent(identity: Identity): boolean {
    const { current } = this.#known;
    return current === null || sameIdentity(identity, current);
  }
}

/** No crash leaves an index twice: an old copy of a file has come back. */
function repeated<V>({ verdict, offset, piece }: Valid<V>): Bad {
  const bytes = piece ? piece.end - offset : 0;
  return { verdict, offset, bytes, why: 'it repeats what stands before it', certain: true };
}

function chainBehind<V>({ header, piece }: Valid<V>): Chain | null {
  if (header) return header.chain;
  return piece === null || piece.record.kind === 'seam' ? null : piece.record.chain;
}
