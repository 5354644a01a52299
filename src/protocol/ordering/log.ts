// The end of the log, in memory: entries without a gap, and what stands below the first of them. Older ones are
// on the disk; nothing that is not both durable and delivered is ever dropped from here. SPEC rules OR4, OR5.

import { assert, must } from '../../kit/assert.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { Base, Chain, Entry } from '../../model/entry.ts';

/** What an entry that follows must continue. */
export interface LogEnd {
  readonly index: number;
  readonly ballot: Ballot;
  readonly chain: Chain;
  readonly nextSequence: number;
}

/** Dropped entries are only counted until so many have gone, then the array is copied. */
const SLACK = 1_024;

export class Log {
  #below: LogEnd;
  #entries: Entry[] = [];
  /** For each of `#entries`, the bytes of all that were ever appended before it. */
  #starts: number[] = [];
  #appendedBytes = 0;
  /** Where in `#entries` the first one stands. */
  #head = 0;
  #bytes = 0;
  #end: LogEnd;

  constructor(base: Base) {
    this.#below = base;
    this.#end = base;
  }

  get end(): LogEnd {
    return this.#end;
  }

  get lastIndex(): number {
    return this.#end.index;
  }

  /** The oldest index in memory; one above the last when there is none. */
  get first(): number {
    return this.#below.index + 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(index: number): Entry | undefined {
    const place = index - this.#below.index - 1;
    return place < 0 ? undefined : this.#entries[this.#head + place];
  }

  /** The end of the prefix up to `index`; null where memory does not reach. */
  endAt(index: number): LogEnd | null {
    if (index === this.#below.index) return this.#below;
    const entry = this.at(index);
    return entry === undefined ? null : endOf(entry);
  }

  /** As many from `from` on as weigh at most `bytesMax`, at least one, at most up to `to`. */
  range(from: number, to: number, bytesMax: number, entriesMax: number): readonly Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= to && entries.length < entriesMax; index++) {
      const entry = this.at(index);
      if (entry === undefined) break;
      bytes += entry.bytes.length;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push(entry);
    }
    return entries;
  }

  /** The weight of all from `index` on, which is in memory. */
  bytesFrom(index: number): number {
    const start = this.#starts[this.#head + index - this.first];
    return start === undefined ? 0 : this.#appendedBytes - start;
  }

  append(entry: Entry): void {
    assert(entry.index === this.#end.index + 1, 'an entry follows the last one');
    this.#entries.push(entry);
    this.#starts.push(this.#appendedBytes);
    this.#appendedBytes += entry.bytes.length;
    this.#bytes += entry.bytes.length;
    this.#end = endOf(entry);
  }

  /** What stood above `after`, the first first. */
  cut(after: number): readonly Entry[] {
    assert(after >= this.#below.index, 'what is cut is still in memory');
    const gone = this.#entries.splice(this.#head + after - this.#below.index);
    this.#appendedBytes = this.#starts[this.#entries.length] ?? this.#appendedBytes;
    this.#starts.length = this.#entries.length;
    for (const entry of gone) this.#bytes -= entry.bytes.length;
    this.#end = must(this.endAt(after), 'the end of a log that was cut is in memory');
    return gone;
  }

  /** Drops entries up to `upto` from memory until at most `bytesMax` are left. */
  forget(upto: number, bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#below.index < Math.min(upto, this.lastIndex)) {
      const entry = must(this.#entries[this.#head], 'entries up to the last are in memory');
      this.#head++;
      this.#bytes -= entry.bytes.length;
      this.#below = endOf(entry);
    }
    if (this.#head > SLACK && this.#head > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#head);
      this.#starts = this.#starts.slice(this.#head);
      this.#head = 0;
    }
  }
}

export function endOf({ index, ballot, chain, firstSequence, count }: Entry): LogEnd {
  return { index, ballot, chain, nextSequence: firstSequence + count };
}

/** As many of the first ones as weigh no more, at least one. */
export function weighing(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let bytes = 0;
  const upto = entries.findIndex((entry, i) => {
    bytes += entry.bytes.length;
    return i > 0 && bytes > bytesMax;
  });
  return upto < 0 ? entries : entries.slice(0, upto);
}
