// All streams of a peer: found by name, walked in the order of names, listed in buckets for digests, and hashed as
// a whole without being walked. SPEC rules RP4-RP6, RP50.

import { assert } from '../../kit/assert.ts';
import type { StreamName } from '../../model/durable.ts';
import { compareIdentities, type PeerId, sameIdentity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { type Names, PeerMap } from '../../model/names.ts';
import { ATTIC, Buckets, bucketOf, type Lag, NO_LAG } from './buckets.ts';
import { minus52, plus52 } from './hash.ts';
import { compareNames, Stream, streamKey } from './stream.ts';

/** Brings the 32 bits of a directory to the upper end of 52. */
const ATTIC_SCALE = 2 ** 20;

export class Streams {
  /** The stream of each origin's youngest identity; the others hang on it, younger before elder. */
  readonly #youngest: PeerMap<Stream>;
  /** In the order of `compareNames`. */
  readonly #sorted: Stream[] = [];
  /** Those of which something is known, by `bucketOf`. */
  readonly buckets = new Buckets();
  /** Those that hold something beyond a gap. */
  readonly #gapped = new Set<Stream>();
  /** Of streams of which nothing is here: what was heard of them, and since when (steady clock). */
  readonly #unlisted = new Map<Stream, { readonly upto: number; readonly sinceMs: number }>();
  /** Invariant: the sum of all streams' hashes. */
  #sum = 0;
  #listed = 0;
  #version = 0;

  constructor(names: Names) {
    this.#youngest = new PeerMap(names);
  }

  get sorted(): readonly Stream[] {
    return this.#sorted;
  }

  /** How many streams the buckets hold, the attic left out. */
  get listed(): number {
    return this.#listed;
  }

  get gapped(): ReadonlySet<Stream> {
    return this.#gapped;
  }

  /** Rises with whatever is learned, so that progress can be told from its absence. */
  get version(): number {
    return this.#version;
  }

  /** Equal at two peers that have the same, and the same in the attic. Costs nothing but what lies beyond gaps. */
  get root(): number {
    let root = plus52(this.#sum, this.buckets.directoryOf(ATTIC, 1) * ATTIC_SCALE);
    for (const stream of this.#gapped) {
      for (const { n } of stream.ahead?.records() ?? []) root = plus52(root, stream.hashAhead(n));
    }
    return root;
  }

  find(name: StreamName): Stream | null {
    let stream = this.#youngest.get(name.origin) ?? null;
    while (
      stream !== null &&
      stream.identity !== name.identity &&
      !sameIdentity(stream.identity, name.identity)
    ) {
      stream = stream.elder;
    }
    return stream;
  }

  /** The streams of one origin, youngest identity first. */
  ofOrigin(origin: PeerId): Stream[] {
    const streams: Stream[] = [];
    let stream = this.#youngest.get(origin) ?? null;
    for (; stream !== null; stream = stream.elder) streams.push(stream);
    return streams;
  }

  add(name: StreamName): Stream {
    assert(this.find(name) === null, 'a stream is added once');
    const stream = new Stream(name);
    this.#chain([...this.ofOrigin(stream.origin), stream]);
    this.#sorted.splice(this.#firstIndex(stream), 0, stream);
    return stream;
  }

  /** Whether the bucket of such a stream takes one more. */
  hasRoomFor(name: StreamName): boolean {
    return this.buckets.sizeOf(bucketOf(new Stream(name))) < LIMITS.streamsPerBucketMax;
  }

  remove(stream: Stream): void {
    this.#sum = minus52(this.#sum, stream.hash);
    if (stream.place >= 0) this.#unlist(stream);
    this.#gapped.delete(stream);
    this.#unlisted.delete(stream);
    const others = this.ofOrigin(stream.origin).filter((it) => it !== stream);
    if (others.length === 0) this.#youngest.delete(stream.origin);
    else this.#chain(others);
    this.#sorted.splice(this.#firstIndex(stream), 1);
    this.#version++;
  }

  /** Moves the watermark. */
  setUpto(stream: Stream, upto: number): void {
    const was = stream.hash;
    stream.upto = upto;
    const added = minus52(stream.hash, was);
    this.#sum = plus52(this.#sum, added);
    if (stream.place >= 0) this.buckets.advanced(stream, added);
    else if (upto > 0) this.#list(stream);
    this.#version++;
  }

  /** Moves it to the attic, as long as there is room, or back. (RP50) */
  retire(stream: Stream, retired: boolean): void {
    if (stream.retired === retired) return;
    if (retired && this.buckets.sizeOf(ATTIC) >= LIMITS.streamsPerBucketMax) return;
    const { records, staleMs } = this.lagOf(stream, 0);
    if (stream.place >= 0) this.#unlist(stream);
    stream.retired = retired;
    if (stream.upto > 0) this.#list(stream);
    if (records > 0) this.heardOf(stream, stream.upto + records, -staleMs);
    this.#version++;
  }

  /** Has to be told whenever something came beyond a gap or left from there. */
  aheadChanged(stream: Stream): void {
    if (stream.ahead === null) this.#gapped.delete(stream);
    else this.#gapped.add(stream);
    this.#version++;
  }

  /** Where the streams begin whose key is above this one; '' is below all. */
  indexAfter(key: string): number {
    return key === '' ? 0 : this.#firstWhere((stream) => streamKey(stream) > key);
  }

  /** Somebody has so much of it. */
  heardOf(stream: Stream, upto: number, nowMs: number): void {
    if (stream.place >= 0) this.buckets.heardOf(bucketOf(stream), stream.place, upto, nowMs);
    else if (stream.upto === 0) {
      const { upto: before, sinceMs } = this.#unlisted.get(stream) ?? { upto: 0, sinceMs: nowMs };
      this.#unlisted.set(stream, { upto: Math.max(before, upto), sinceMs });
    }
  }

  /** How many changes are known to exist that are not here, and for how long. (RP55) */
  lagOf(stream: Stream, nowMs: number): Lag {
    if (stream.place >= 0) return this.buckets.lagOf(stream, nowMs);
    const heard = this.#unlisted.get(stream);
    return heard === undefined ? NO_LAG : { records: heard.upto, staleMs: nowMs - heard.sinceMs };
  }

  #list(stream: Stream): void {
    this.buckets.add(stream);
    const heard = this.#unlisted.get(stream);
    if (heard !== undefined) this.heardOf(stream, heard.upto, heard.sinceMs);
    this.#unlisted.delete(stream);
    if (!stream.retired) this.#listed++;
  }

  #unlist(stream: Stream): void {
    this.buckets.remove(stream);
    if (!stream.retired) this.#listed--;
  }

  #firstIndex(name: StreamName): number {
    return this.#firstWhere((stream) => compareNames(stream, name) >= 0);
  }

  /** Binary search: `holds` is false up to some stream and true from there on. */
  #firstWhere(holds: (stream: Stream) => boolean): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const stream = this.#sorted[middle];
      if (stream === undefined || holds(stream)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #chain(streams: Stream[]): void {
    streams.sort((a, b) => compareIdentities(b.identity, a.identity));
    streams.forEach((stream, i) => {
      stream.elder = streams[i + 1] ?? null;
      if (i === 0) this.#youngest.set(stream.origin, stream);
    });
  }
}
