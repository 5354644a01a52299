// Listing: which digest says how much. Where exchanges found few differences lately, hashes of buckets come first and
// watermarks only of the buckets that differ; where they found many, watermarks at once. SPEC rules RP21, RP49.

import type { Digest } from '../../wire/messages.ts';
import { LIVE_BUCKETS } from './buckets.ts';
import type { Comparison } from './comparison.ts';
import {
  ALL,
  bucketsFrom,
  bucketsOf,
  entriesOf,
  HASHES_WORTH_STREAMS,
  placesOf,
  type Scope,
} from './digest.ts';
import type { Streams } from './streams.ts';

/** From so many different streams on, nearly every bucket differs. */
const MANY_STREAMS = LIVE_BUCKETS / 2;

export class Listing {
  readonly #streams: Streams;
  /** How many streams exchanges found different, the last ones counting most. */
  #differing = 0;
  /** Where the next digest continues when one cannot list all. */
  #cursorBucket = 0;
  #cursorKey = '';

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  found({ gives, lacking }: Comparison): void {
    this.#differing = (this.#differing + gives.length + lacking) / 2;
  }

  nothingFound(): void {
    this.#differing = 0;
  }

  /** What opens an exchange with somebody who is not expected to be equal. */
  next(): Digest {
    const few = this.#streams.listed > HASHES_WORTH_STREAMS && this.#differing < MANY_STREAMS;
    return few ? bucketsOf(this.#streams) : this.of(ALL, false);
  }

  of(scope: Scope, named: boolean): Digest {
    if (named) {
      const isAll = scope.after === '' && scope.until === '';
      const { after, until, buckets } = scope;
      const digest = entriesOf(this.#streams, { after: isAll ? this.#cursorKey : after, until, buckets });
      if (isAll) this.#cursorKey = digest.until;
      return digest;
    }
    if (scope.buckets.length > 0) return placesOf(this.#streams, scope.buckets);
    const digest = placesOf(this.#streams, bucketsFrom(this.#cursorBucket));
    const last = digest.parts.at(-1);
    if (last) this.#cursorBucket = (last.bucket + last.span) % LIVE_BUCKETS;
    return { ...digest, parts: [...digest.parts].sort((a, b) => a.bucket - b.bucket) };
  }
}
