// How long an answer may take, from how long answers took: mean and deviation of round trips, as TCP keeps them
// for its retransmissions (Jacobson 1988, RFC 6298), here over all members. SPEC rule MB7.

const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
const DEVIATIONS = 4;

export class RoundTrips {
  /** Below zero: nothing measured yet. */
  #meanMs = -1;
  #deviationMs = 0;

  measured(ms: number): void {
    if (this.#meanMs < 0) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) * DEVIATION_GAIN;
    this.#meanMs += (ms - this.#meanMs) * MEAN_GAIN;
  }

  /** At least `leastMs`, and `mostMs` as long as nothing was measured, or where answers take longer. */
  timeoutMs(leastMs: number, mostMs: number): number {
    if (this.#meanMs < 0) return mostMs;
    return Math.min(mostMs, Math.max(leastMs, this.#meanMs + DEVIATIONS * this.#deviationMs));
  }
}
