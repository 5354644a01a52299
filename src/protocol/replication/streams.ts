// All streams of a peer: found by name, walked in the order of names, listed in buckets for digests, and hashed as
// a whole without being walked. SPEC rules RP4-RP6, RP50.

import { assert } from '../../kit/assert.ts';
import type { StreamName } from '../../model/durable.ts';
import { compareIdentities, type PeerId, sameIdentity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { ATTIC, BUCKETS, Bucket, bucketOf } from './bucket.ts';
import { minus52, plus52 } from './hash.ts';
import { compareNames, Stream, streamKey } from './stream.ts';

/** Brings the 32 bits of a directory to the upper end of 52. */
const ATTIC_SCALE = 2 ** 20;

export class Streams {
  /** The stream of each origin's youngest identity; the others hang on it, younger before elder. */
  readonly #youngest = new Map<PeerId, Stream>();
  /** In the order of `compareNames`. */
  readonly #sorted: Stream[] = [];
  /** Those of which something is known, by `bucketOf`. */
  readonly #buckets: readonly Bucket[] = Array.from({ length: BUCKETS }, () => new Bucket());
  /** Those that hold something beyond a gap. */
  readonly #gapped = new Set<Stream>();
  /** Invariant: the sum of all streams' hashes. */
  #sum = 0;
  #listed = 0;
  #version = 0;

  get sorted(): readonly Stream[] {
    return this.#sorted;
  }

  get buckets(): readonly Bucket[] {
    return this.#buckets;
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
    const attic = this.#buckets[ATTIC] as Bucket;
    let root = plus52(this.#sum, attic.directory * ATTIC_SCALE);
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
    return this.#bucketOf(new Stream(name)).streams.length < LIMITS.streamsPerBucketMax;
  }

  remove(stream: Stream): void {
    this.#sum = minus52(this.#sum, stream.hash);
    if (stream.place >= 0) this.#unlist(stream);
    this.#gapped.delete(stream);
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
    if (stream.place >= 0) this.#bucketOf(stream).advanced(stream, added);
    else if (upto > 0) this.#list(stream);
    this.#version++;
  }

  /** Moves it to the attic, as long as there is room, or back. (RP50) */
  retire(stream: Stream, retired: boolean): void {
    if (stream.retired === retired) return;
    const attic = this.#buckets[ATTIC] as Bucket;
    if (retired && attic.streams.length >= LIMITS.streamsPerBucketMax) return;
    if (stream.place >= 0) this.#unlist(stream);
    stream.retired = retired;
    if (stream.upto > 0) this.#list(stream);
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

  #list(stream: Stream): void {
    this.#bucketOf(stream).add(stream);
    if (!stream.retired) this.#listed++;
  }

  #unlist(stream: Stream): void {
    this.#bucketOf(stream).remove(stream);
    if (!stream.retired) this.#listed--;
  }

  #bucketOf(stream: Stream): Bucket {
    return this.#buckets[bucketOf(stream)] as Bucket;
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
