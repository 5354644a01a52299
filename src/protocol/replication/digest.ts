// Digests: what a peer has of each stream, said in as few bytes as there is reason for. A hash of everything, hashes
// of buckets, the watermarks of some buckets by place, or by name for those who list other streams. Anti-entropy by
// scuttlebutt (van Renesse 2008); hashes before lists as in Dynamo's Merkle trees (DeCandia 2007), with one level.
// SPEC rules RP21, RP30, RP49.

import { LIMITS } from '../../model/limits.ts';
import type { Digest, DigestEntry, DigestPart } from '../../wire/messages.ts';
import { ATTIC, BUCKETS, LIVE_BUCKETS, nameBucket } from './buckets.ts';
import { type Stream, streamKey } from './stream.ts';
import type { Streams } from './streams.ts';

export type EntriesDigest = Extract<Digest, { readonly kind: 'entries' }>;
export type PlacesDigest = Extract<Digest, { readonly kind: 'places' }>;
export type BucketsDigest = Extract<Digest, { readonly kind: 'buckets' }>;

/** Streams by their keys, `s` with `after < s <= until` where '' is no bound, and by the buckets of their names. */
export interface Scope {
  readonly after: string;
  readonly until: string;
  /** None: all. */
  readonly buckets: readonly number[];
}

export const ALL: Scope = { after: '', until: '', buckets: [] };

/** Up to so many streams are one part: a hash for each bucket would be longer than what it saves. */
const ONE_PART_MAX = 256;
/** Below so many streams their watermarks are about as short as the hashes of buckets. */
export const HASHES_WORTH_STREAMS = 160;

/** Whether a digest speaks of all streams. */
export function isWhole(digest: Digest): boolean {
  switch (digest.kind) {
    case 'root':
    case 'buckets':
      return true;
    case 'places':
      return digest.parts.reduce((covered, { span }) => covered + span, 0) === LIVE_BUCKETS;
    case 'entries':
      return digest.after === '' && digest.until === '' && digest.buckets.length === 0;
  }
}

/** What a digest speaks of. */
export function scopeOf(digest: EntriesDigest | PlacesDigest): Scope {
  if (digest.kind === 'entries') return digest;
  const buckets = digest.parts.flatMap(({ bucket, span }) =>
    Array.from({ length: span }, (_, i) => bucket + i),
  );
  return { ...ALL, buckets };
}

export function bucketsOf(streams: Streams): BucketsDigest {
  const hashes: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) hashes.push(streams.buckets.sumOf(bucket) >>> 0);
  return { kind: 'buckets', root: streams.root, hashes };
}

/** The watermarks of these buckets, of as many as one message may carry. */
export function placesOf(streams: Streams, buckets: readonly number[]): PlacesDigest {
  const attic = streams.buckets.sumOf(ATTIC);
  if (streams.listed <= ONE_PART_MAX)
    return { kind: 'places', attic, parts: [partOf(streams, 0, LIVE_BUCKETS)] };

  const parts: DigestPart[] = [];
  let listed = 0;
  for (const bucket of buckets) {
    const part = partOf(streams, bucket, 1);
    listed += part.uptos.length;
    if (listed > LIMITS.digestPlacesMax) break;
    parts.push(part);
  }
  return { kind: 'places', attic, parts };
}

/** The entries of a scope, or of as much of its beginning as one message may carry. */
export function entriesOf(streams: Streams, scope: Scope): EntriesDigest {
  const { after, until, buckets } = scope;
  const entries: DigestEntry[] = [];
  const { sorted } = streams;
  for (let i = streams.indexAfter(after); i < sorted.length; i++) {
    const stream = sorted[i] as Stream;
    if (until !== '' && streamKey(stream) > until) break;
    if (stream.upto === 0 || !isIn(buckets, stream)) continue;
    const last = entries.at(-1);
    if (last && entries.length === LIMITS.digestEntriesMax) {
      return { kind: 'entries', after, until: streamKey(last), buckets, entries };
    }
    const { origin, identity, upto, retired } = stream;
    entries.push({ origin, identity, upto, retired });
  }
  return { kind: 'entries', after, until, buckets, entries };
}

/** Whether a stream is of these buckets; none are all. */
export function isIn(buckets: readonly number[], stream: Stream): boolean {
  return buckets.length === 0 || buckets.includes(nameBucket(stream));
}

/** The buckets from one on, around to the one before it. */
export function bucketsFrom(first: number): number[] {
  return Array.from({ length: LIVE_BUCKETS }, (_, i) => (first + i) % LIVE_BUCKETS);
}

function partOf({ buckets }: Streams, bucket: number, span: number): DigestPart {
  return { bucket, span, directory: buckets.directoryOf(bucket, span), uptos: buckets.uptosOf(bucket, span) };
}
