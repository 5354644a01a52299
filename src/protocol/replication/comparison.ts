// What comes of comparing somebody's digest with what is here: what to give, and what to ask for. SPEC rules
// RP22-RP24, RP27, RP34, RP49-RP51.

import { compareText } from '../../kit/order.ts';
import type { PeerId } from '../../model/ids.ts';
import type { DigestEntry } from '../../wire/messages.ts';
import { ATTIC, BUCKETS, LIVE_BUCKETS } from './buckets.ts';
import {
  ALL,
  type BucketsDigest,
  type EntriesDigest,
  isIn,
  type PlacesDigest,
  type Scope,
} from './digest.ts';
import type { Replica } from './replica.ts';
import { compareNames, type Stream, sameName, streamKey } from './stream.ts';

/** That somebody has a stream up to `after`, where this peer has more. */
export interface Give {
  readonly stream: Stream;
  readonly after: number;
}

export interface Comparison {
  readonly gives: readonly Give[];
  /** Streams of which tombstones were dropped here that the other has not seen. */
  readonly behind: readonly Give[];
  /** Around the streams of which the other has something that would be taken here, or should know something. */
  readonly lacks: Scope | null;
  /** Whether those have to be spoken of by name, since the two list different streams. */
  readonly named: boolean;
  /** How many streams the other has more of. */
  readonly lacking: number;
  /** What the other has of streams of this peer's id. */
  readonly ofThisPeer: readonly DigestEntry[];
  /** Streams that are in the other's attic and not here. */
  readonly retired: readonly Stream[];
}

export function isEqual({ gives, behind, lacks, retired }: Comparison): boolean {
  return gives.length === 0 && behind.length === 0 && lacks === null && retired.length === 0;
}

/** Whether the other lacks tombstones of which only the trace is left here. */
export function missesTombstones({ gives, behind }: Comparison): boolean {
  return behind.length > 0 || gives.some(({ stream, after }) => after === 0 && stream.droppedUpto > 0);
}

/** The live buckets whose hashes differ; null when the digest makes no sense. */
export function differingBuckets(replica: Replica, digest: BucketsDigest): number[] | null {
  const { buckets } = replica.streams;
  if (digest.hashes.length !== BUCKETS) return null;
  const differing: number[] = [];
  for (let bucket = 0; bucket < LIVE_BUCKETS; bucket++) {
    if (buckets.sumOf(bucket) >>> 0 !== digest.hashes[bucket]) differing.push(bucket);
  }
  return differing;
}

/** A walk over two columns of numbers; null when the digest contradicts itself. */
export function comparePlaces(
  replica: Replica,
  from: PeerId,
  digest: PlacesDigest,
  nowMs: number,
): Comparison | null {
  const { streams, own } = replica;
  const { buckets } = streams;
  const found = new Found(replica, from);
  const mine = streams.ofOrigin(own.origin);
  const lackBuckets: number[] = [];
  const strange: number[] = [];
  let next = 0;
  for (const { bucket, span, directory, uptos } of digest.parts) {
    if (bucket < next || bucket + span > LIVE_BUCKETS || span === 0) return null;
    next = bucket + span;
    let count = 0;
    for (let it = bucket; it < next; it++) count += buckets.sizeOf(it);
    if (buckets.directoryOf(bucket, span) !== directory || count !== uptos.length) {
      for (let it = bucket; it < next; it++) strange.push(it);
      continue;
    }
    let at = 0;
    let lacking = 0;
    for (let it = bucket; it < next; it++) {
      const size = buckets.sizeOf(it);
      for (let place = 0; place < size; place++) {
        const theirs = uptos[at++] as number;
        const ours = buckets.uptoAt(it, place);
        if (ours === theirs) continue;
        const stream = buckets.streamAt(it, place);
        if (ours > theirs) found.give(stream, theirs);
        else {
          if (mine.includes(stream)) found.hearOfMine(stream, theirs);
          buckets.heardOf(it, place, theirs, nowMs);
          if (stream !== own) lacking++;
        }
      }
    }
    if (lacking > 0) for (let it = bucket; it < next; it++) lackBuckets.push(it);
    found.lacking += lacking;
  }
  const isStrange = strange.length > 0;
  // Only names can tell what is in one attic and not in the other.
  if (!isStrange && buckets.sumOf(ATTIC) !== digest.attic) return found.comparison(ALL, true);
  const scope = [...lackBuckets, ...strange].sort((a, b) => a - b);
  return found.comparison(scope.length === 0 ? null : { ...ALL, buckets: scope }, isStrange);
}

/** A walk of both lists at once; null when the digest contradicts itself. */
export function compareEntries(
  replica: Replica,
  from: PeerId,
  digest: EntriesDigest,
  nowMs: number,
): Comparison | null {
  if (!isInOrder(digest)) return null;
  const { streams, own } = replica;
  const { sorted } = streams;
  const { buckets } = digest;
  const found = new Found(replica, from);
  let beforeLacking: DigestEntry | null = null;
  let lacking: DigestEntry | null = null;
  let previous: DigestEntry | null = null;

  let i = streams.indexAfter(digest.after);
  for (const entry of digest.entries) {
    for (; i < sorted.length && compareNames(sorted[i] as Stream, entry) < 0; i++) {
      if (isIn(buckets, sorted[i] as Stream)) found.give(sorted[i] as Stream, 0);
    }
    const candidate = sorted[i];
    const stream = candidate && sameName(candidate, entry) ? candidate : null;
    if (stream !== null) i++;
    if (entry.origin === own.origin) found.ofThisPeer.push(entry);
    let tells = false;
    if (stream !== null && stream.upto > entry.upto) found.give(stream, entry.upto);
    else if (stream?.upto !== entry.upto && replica.wants(entry, stream, entry.upto)) {
      found.lacking++;
      if (stream !== null) streams.heardOf(stream, entry.upto, nowMs);
      tells = true;
    } else if (stream !== null && stream.retired !== entry.retired && stream.upto === entry.upto) {
      // Who has it in the attic tells the other, who may know better. (RP51)
      if (entry.retired) found.retired.push(stream);
      else tells = true;
    }
    if (tells) {
      if (lacking === null) beforeLacking = previous;
      lacking = entry;
    }
    previous = entry;
  }
  for (; i < sorted.length; i++) {
    const stream = sorted[i] as Stream;
    if (digest.until !== '' && streamKey(stream) > digest.until) break;
    if (isIn(buckets, stream)) found.give(stream, 0);
  }
  const after = beforeLacking ? streamKey(beforeLacking) : digest.after;
  return found.comparison(lacking && { after, until: streamKey(lacking), buckets }, true);
}

class Found {
  readonly ofThisPeer: DigestEntry[] = [];
  readonly retired: Stream[] = [];
  lacking = 0;
  readonly #gives: Give[] = [];
  readonly #behind: Give[] = [];
  readonly #own: Stream;
  readonly #from: PeerId;

  constructor(replica: Replica, from: PeerId) {
    this.#own = replica.own;
    this.#from = from;
  }

  give(stream: Stream, after: number): void {
    if (stream.upto === 0) return;
    // The writer itself cannot be behind: it lost what it wrote, and learns that from a delta.
    const unseen = after > 0 && after < stream.droppedUpto && stream.origin !== this.#from;
    (unseen ? this.#behind : this.#gives).push({ stream, after });
  }

  hearOfMine({ origin, identity }: Stream, upto: number): void {
    this.ofThisPeer.push({ origin, identity, upto, retired: false });
  }

  comparison(lacks: Scope | null, named: boolean): Comparison {
    const { ofThisPeer, retired, lacking } = this;
    return { gives: this.#gives, behind: this.#behind, lacks, named, lacking, ofThisPeer, retired };
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
