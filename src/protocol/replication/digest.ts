// Digests: what a peer has of each stream, and the comparison of somebody's digest with one's own streams.
// Anti-entropy by scuttlebutt (van Renesse 2008): digests carry watermarks, deltas what lies above them. SPEC rules
// RP21-RP24, RP34.

import { compareText } from '../../kit/order.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Digest, DigestEntry } from '../../wire/messages.ts';
import type { Replica } from './replica.ts';
import { compareNames, type Stream, sameName, streamKey } from './stream.ts';
import type { Streams } from './streams.ts';

export type EntriesDigest = Extract<Digest, { readonly kind: 'entries' }>;

/** Stream keys; the streams `s` with `after < s <= until`, where '' is no bound. */
export interface KeyRange {
  readonly after: string;
  readonly until: string;
}

export const ALL: KeyRange = { after: '', until: '' };

export function isWhole(digest: Digest): boolean {
  return digest.kind === 'root' || (digest.after === '' && digest.until === '');
}

/** The entries of a range, or of as much of its beginning as one message may carry. */
export function entriesOf(streams: Streams, range: KeyRange): EntriesDigest {
  const entries: DigestEntry[] = [];
  const { sorted } = streams;
  for (let i = streams.indexAfter(range.after); i < sorted.length; i++) {
    const stream = sorted[i] as Stream;
    if (range.until !== '' && streamKey(stream) > range.until) break;
    if (stream.upto === 0) continue;
    const last = entries.at(-1);
    if (last && entries.length === LIMITS.digestEntriesMax) {
      return { kind: 'entries', after: range.after, until: streamKey(last), entries };
    }
    entries.push(stream.entry);
  }
  return { kind: 'entries', after: range.after, until: range.until, entries };
}

/** That somebody has a stream up to `after`, where this peer has more. */
export interface Give {
  readonly stream: Stream;
  readonly after: number;
}

/** What came of comparing somebody's digest with what is here. */
export interface Comparison {
  readonly gives: readonly Give[];
  /** Streams of which tombstones were dropped here that the other has not seen. */
  readonly behind: readonly Give[];
  /** Around the streams of which the other has something that would be taken here. */
  readonly lacks: KeyRange | null;
  /** What the other has of streams of this peer's id. */
  readonly ofThisPeer: readonly DigestEntry[];
}

/** A walk of both lists at once; null when the digest contradicts itself. */
export function compareDigest(replica: Replica, from: PeerId, digest: EntriesDigest): Comparison | null {
  if (!isInOrder(digest)) return null;
  const { streams, own } = replica;
  const { sorted } = streams;
  const gives: Give[] = [];
  const behind: Give[] = [];
  const ofThisPeer: DigestEntry[] = [];
  let beforeLacking: DigestEntry | null = null;
  let lacking: DigestEntry | null = null;
  let previous: DigestEntry | null = null;

  let i = streams.indexAfter(digest.after);
  for (const entry of digest.entries) {
    for (; i < sorted.length && compareNames(sorted[i] as Stream, entry) < 0; i++) {
      give(sorted[i] as Stream, 0);
    }
    const candidate = sorted[i];
    const stream = candidate && sameName(candidate, entry) ? candidate : null;
    if (stream !== null) i++;
    if (entry.origin === own.origin) ofThisPeer.push(entry);
    if (stream !== null && stream.upto > entry.upto) give(stream, entry.upto);
    else if (stream?.upto !== entry.upto && replica.wants(entry, stream, entry.upto)) {
      if (lacking === null) beforeLacking = previous;
      lacking = entry;
    }
    previous = entry;
  }
  for (; i < sorted.length; i++) {
    const stream = sorted[i] as Stream;
    if (digest.until !== '' && streamKey(stream) > digest.until) break;
    give(stream, 0);
  }

  const lacks = lacking && {
    after: beforeLacking ? streamKey(beforeLacking) : digest.after,
    until: streamKey(lacking),
  };
  return { gives, behind, lacks, ofThisPeer };

  function give(stream: Stream, after: number): void {
    if (stream.upto === 0) return;
    // The writer itself cannot be behind: it lost what it wrote, and learns that from a delta.
    const unseen = after > 0 && after < stream.droppedUpto && stream.origin !== from;
    (unseen ? behind : gives).push({ stream, after });
  }
}

function isInOrder(digest: EntriesDigest): boolean {
  const { entries } = digest;
  for (let i = 1; i < entries.length; i++) {
    if (compareNames(entries[i - 1] as DigestEntry, entries[i] as DigestEntry) >= 0) return false;
  }
  const [first] = entries;
  const last = entries.at(-1);
  const beginsLate = digest.after === '' || !first || compareText(digest.after, streamKey(first)) < 0;
  const endsEarly = digest.until === '' || !last || compareText(streamKey(last), digest.until) <= 0;
  return beginsLate && endsEarly;
}
