// Buckets: what digests list, in parts. A stream is in the bucket that its name's hash says, at every peer the same;
// one more, the attic, holds those whose origin has been away for long. Peers whose hashes of a bucket are equal
// have the same of all its streams; peers whose directories of it are equal can speak of its streams by their
// places, without names. SPEC rules RP6, RP21, RP49-RP52.

import { minus52, plus52 } from './hash.ts';
import { compareNames, type Stream } from './stream.ts';

/** Buckets of live streams, which are a power of two, and the attic after them. */
export const LIVE_BUCKETS = 64;
export const BUCKETS = LIVE_BUCKETS + 1;
export const ATTIC = BUCKETS - 1;

const NAME_SHIFT = Math.clz32(LIVE_BUCKETS) + 1;

/** Where a stream is, or would be, listed. */
export function bucketOf(stream: Stream): number {
  return stream.retired ? ATTIC : nameBucket(stream);
}

/** Where it is listed as long as its origin is there. */
export function nameBucket(stream: Stream): number {
  return stream.nameHash >>> NAME_SHIFT;
}

export class Bucket {
  /** In the order of `compareNames`. */
  readonly streams: Stream[] = [];
  /** Of each stream, in the same order. Side by side, since a digest reads all of them. */
  readonly uptos: number[] = [];
  #sum = 0;
  #directory = 0;

  /** Equal at two peers that have the same of all its streams. */
  get sum(): number {
    return this.#sum;
  }

  /** 32 bits that are equal at two peers that list the same streams. */
  get directory(): number {
    return this.#directory;
  }

  add(stream: Stream): void {
    let place = this.streams.length;
    while (place > 0 && compareNames(this.streams[place - 1] as Stream, stream) > 0) place--;
    this.streams.splice(place, 0, stream);
    this.uptos.splice(place, 0, stream.upto);
    this.#renumber(place);
    this.#sum = plus52(this.#sum, stream.hash);
    this.#directory = (this.#directory + stream.nameHash) >>> 0;
  }

  remove(stream: Stream): void {
    const { place } = stream;
    this.streams.splice(place, 1);
    this.uptos.splice(place, 1);
    stream.place = -1;
    this.#renumber(place);
    this.#sum = minus52(this.#sum, stream.hash);
    this.#directory = (this.#directory - stream.nameHash) >>> 0;
  }

  /** The stream has advanced; `added` is by how much its hash has changed. */
  advanced(stream: Stream, added: number): void {
    this.uptos[stream.place] = stream.upto;
    this.#sum = plus52(this.#sum, added);
  }

  #renumber(from: number): void {
    for (let place = from; place < this.streams.length; place++)
      (this.streams[place] as Stream).place = place;
  }
}
