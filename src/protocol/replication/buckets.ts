// Buckets: what digests list, in parts. A stream is in the bucket that its name's hash says, at every peer the same;
// one more, the attic, holds those whose origin has been away for long. Peers whose hashes of a bucket are equal
// have the same of all its streams; peers whose directories of it are equal can speak of its streams by their
// places, without names. SPEC rules RP6, RP21, RP49-RP52.
//
// The surprise: a bucket is no object. An exchange looks at all watermarks, so they lie side by side in one column,
// each bucket with some room to grow; an object for each bucket was half of what a large cluster cost.

import { must } from '../../kit/assert.ts';
import { minus52, plus52 } from './hash.ts';
import { compareNames, type Stream } from './stream.ts';

/** Buckets of live streams, which are a power of two, and the attic after them. */
export const LIVE_BUCKETS = 64;
export const BUCKETS = LIVE_BUCKETS + 1;
export const ATTIC = BUCKETS - 1;

const NAME_SHIFT = Math.clz32(LIVE_BUCKETS) + 1;
/** A bucket that is full makes room for half as many streams again, and for so many at least. */
const ROOM_MIN = 4;

/** How far behind a peer knows itself to be in one stream. */
export interface Lag {
  readonly records: number;
  readonly staleMs: number;
}

export const NO_LAG: Lag = { records: 0, staleMs: 0 };

/** Where a stream is, or would be, listed. */
export function bucketOf(stream: Stream): number {
  return stream.retired ? ATTIC : nameBucket(stream);
}

/** Where it is listed as long as its origin is there. */
export function nameBucket(stream: Stream): number {
  return stream.nameHash >>> NAME_SHIFT;
}

export class Buckets {
  /** Where each bucket begins in the columns, and last where they end. */
  readonly #starts = new Int32Array(BUCKETS + 1);
  readonly #sizes = new Int32Array(BUCKETS);
  readonly #sums = new Float64Array(BUCKETS);
  readonly #directories = new Uint32Array(BUCKETS);
  /** In each bucket in the order of `compareNames`. */
  #streams: (Stream | null)[] = [];
  #uptos = new Float64Array(0);
  /** The highest `upto` that anybody told of, and since when (steady clock) it is above this peer's. */
  #heardUptos = new Float64Array(0);
  #behindSinceMs = new Float64Array(0);

  sizeOf(bucket: number): number {
    return this.#sizes[bucket] as number;
  }

  /** Equal at two peers that have the same of all its streams. */
  sumOf(bucket: number): number {
    return this.#sums[bucket] as number;
  }

  /** 32 bits that are equal at two peers that list the same streams in these buckets. */
  directoryOf(bucket: number, span: number): number {
    let directory = 0;
    for (let it = bucket; it < bucket + span; it++) {
      directory = (directory + (this.#directories[it] as number)) >>> 0;
    }
    return directory;
  }

  /** Somebody has so much of it. */
  heardOf(bucket: number, place: number, upto: number, nowMs: number): void {
    const row = (this.#starts[bucket] as number) + place;
    const heardUpto = this.#heardUptos[row] as number;
    if (upto <= heardUpto) return;
    if (heardUpto <= (this.#uptos[row] as number)) this.#behindSinceMs[row] = nowMs;
    this.#heardUptos[row] = upto;
  }

  /** How many changes of a listed stream are known to exist that are not here, and for how long. (RP55) */
  lagOf(stream: Stream, nowMs: number): Lag {
    const row = (this.#starts[bucketOf(stream)] as number) + stream.place;
    const records = (this.#heardUptos[row] as number) - stream.upto;
    return records > 0 ? { records, staleMs: nowMs - (this.#behindSinceMs[row] as number) } : NO_LAG;
  }

  streamAt(bucket: number, place: number): Stream {
    return this.#streams[(this.#starts[bucket] as number) + place] as Stream;
  }

  uptoAt(bucket: number, place: number): number {
    return this.#uptos[(this.#starts[bucket] as number) + place] as number;
  }

  /** The watermarks of the streams of these buckets. */
  uptosOf(bucket: number, span: number): number[] {
    const uptos: number[] = [];
    for (let it = bucket; it < bucket + span; it++) {
      const start = this.#starts[it] as number;
      const end = start + (this.#sizes[it] as number);
      for (let row = start; row < end; row++) uptos.push(this.#uptos[row] as number);
    }
    return uptos;
  }

  add(stream: Stream): void {
    const bucket = bucketOf(stream);
    if (this.sizeOf(bucket) === this.#roomOf(bucket)) this.#makeRoom(bucket);
    const start = this.#starts[bucket] as number;
    const end = start + this.sizeOf(bucket);
    let row = end;
    while (row > start && compareNames(this.#streams[row - 1] as Stream, stream) > 0) row--;
    this.#streams.copyWithin(row + 1, row, end);
    for (const column of this.#columns) column.copyWithin(row + 1, row, end);
    this.#streams[row] = stream;
    this.#uptos[row] = stream.upto;
    this.#heardUptos[row] = 0;
    this.#sizes[bucket] = end + 1 - start;
    this.#renumber(bucket, row - start);
    this.#sums[bucket] = plus52(this.sumOf(bucket), stream.hash);
    this.#directories[bucket] = this.directoryOf(bucket, 1) + stream.nameHash;
  }

  remove(stream: Stream): void {
    const bucket = bucketOf(stream);
    const { place } = stream;
    const row = (this.#starts[bucket] as number) + place;
    const end = (this.#starts[bucket] as number) + this.sizeOf(bucket);
    this.#streams.copyWithin(row, row + 1, end);
    for (const column of this.#columns) column.copyWithin(row, row + 1, end);
    this.#streams[end - 1] = null;
    this.#sizes[bucket] = this.sizeOf(bucket) - 1;
    stream.place = -1;
    this.#renumber(bucket, place);
    this.#sums[bucket] = minus52(this.sumOf(bucket), stream.hash);
    this.#directories[bucket] = this.directoryOf(bucket, 1) - stream.nameHash;
  }

  /** The stream has advanced; `added` is by how much its hash has changed. */
  advanced(stream: Stream, added: number): void {
    const bucket = bucketOf(stream);
    this.#uptos[(this.#starts[bucket] as number) + stream.place] = stream.upto;
    this.#sums[bucket] = plus52(this.sumOf(bucket), added);
  }

  get #columns(): readonly Float64Array[] {
    return [this.#uptos, this.#heardUptos, this.#behindSinceMs];
  }

  #roomOf(bucket: number): number {
    return (this.#starts[bucket + 1] as number) - (this.#starts[bucket] as number);
  }

  /** Every bucket gets the room that its size asks for, so that this happens a few times in each doubling. */
  #makeRoom(full: number): void {
    const starts = this.#starts.slice();
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const size = this.sizeOf(bucket);
      const enough = bucket === full || this.#roomOf(bucket) === size ? size + ROOM_MIN + (size >> 1) : 0;
      const room = Math.max(this.#roomOf(bucket), enough);
      starts[bucket + 1] = (starts[bucket] as number) + room;
    }
    const rows = starts[BUCKETS] as number;
    const streams: (Stream | null)[] = new Array(rows).fill(null);
    const columns = this.#columns.map(() => new Float64Array(rows));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const [from, to] = [this.#starts[bucket] as number, starts[bucket] as number];
      const end = from + this.sizeOf(bucket);
      for (let row = from; row < end; row++) streams[to + row - from] = this.#streams[row] as Stream;
      this.#columns.forEach((column, at) => {
        columns[at]?.set(column.subarray(from, end), to);
      });
    }
    this.#starts.set(starts);
    this.#streams = streams;
    const [uptos, heardUptos, behindSinceMs] = columns;
    this.#uptos = must(uptos, 'a column');
    this.#heardUptos = must(heardUptos, 'a column');
    this.#behindSinceMs = must(behindSinceMs, 'a column');
  }

  #renumber(bucket: number, from: number): void {
    for (let place = from; place < this.sizeOf(bucket); place++) this.streamAt(bucket, place).place = place;
  }
}
