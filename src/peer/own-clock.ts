// This peer's own time of day, as it stamps arrivals: corrected where its members agree that it is wrong by more
// than the allowed skew. SPEC rule PR3.

import type { Fact } from '../model/fact.ts';
import type { Now } from '../model/time.ts';

export class OwnClock {
  readonly #maxSkewMs: number;
  #correctionMs = 0;

  constructor(maxSkewMs: number) {
    this.#maxSkewMs = maxSkewMs;
  }

  ingestTsMs(now: Now): number {
    return Math.round(now.wallMs + this.#correctionMs);
  }

  /** Takes the median by which the members' clocks differ from this one. */
  follow(offsetMs: number, announce: (fact: Fact) => void): void {
    const correctionMs = Math.abs(offsetMs) > this.#maxSkewMs ? Math.round(offsetMs) : 0;
    const turned = (correctionMs !== 0) !== (this.#correctionMs !== 0);
    this.#correctionMs = correctionMs;
    if (turned) announce({ type: 'clock-off', offsetMs: correctionMs });
  }
}
