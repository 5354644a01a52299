// Phi-accrual failure detection (Hayashibara 2004): how surprising a member's silence is, as the negative
// decimal logarithm of the probability that it is still alive and merely late. SPEC rules MB13, MB14.
//
// Intervals are taken as exponentially distributed (as Cassandra does), not as normally: what arrives is mixed
// traffic, not one heartbeat. P(later than t) is then e^(-t/mean), so phi = t / (mean · ln 10): a division. It
// needs no `Math.exp` or `Math.log`, whose last bits differ between engines, and the moment at which a
// threshold is crossed is known beforehand, so that nobody has to look.

// biome-ignore lint/suspicious/noApproximativeNumericConstant: the same digits on every engine
const LN10 = 2.302585092994046;

/** Older samples fade as if only so many were kept. */
export const PHI_WINDOW = 32;

/** The mean is kept in whole parts of a millisecond, which the engine holds in the object itself. */
const MEAN_PARTS = 64;

/** Of a member that has been heard at least once. Moments are whole milliseconds. */
export class Arrivals {
  #mean = 0;
  #samples = 0;
  #heardMs = 0;
  #sampledMs = 0;

  constructor(initialIntervalMs: number, atMs: number) {
    this.heardFirst(initialIntervalMs, atMs);
  }

  /** From here on, as if it had not been heard before. */
  heardFirst(initialIntervalMs: number, atMs: number): void {
    this.#samples = 0;
    this.#mean = Math.round(initialIntervalMs * MEAN_PARTS);
    this.#heardMs = Math.floor(atMs);
    this.#sampledMs = this.#heardMs;
  }

  get samples(): number {
    return this.#samples;
  }

  /**
   * The member was heard again. What arrives within `floorMs` of the last sample belongs to the same burst and
   * is none of its own, or a busy exchange would make the pause after it look like a death.
   */
  heard(atMs: number, floorMs: number): void {
    this.#heardMs = Math.floor(atMs);
    const interval = this.#heardMs - this.#sampledMs;
    if (interval < floorMs) return;
    this.#sampledMs = this.#heardMs;
    this.#samples = Math.min(this.#samples + 1, PHI_WINDOW - 1);
    // The initial interval counts as the first sample.
    this.#mean += Math.round((interval * MEAN_PARTS - this.#mean) / (this.#samples + 1));
  }

  phi(atMs: number): number {
    return Math.max(0, atMs - this.#heardMs) / (this.#meanMs * LN10);
  }

  get #meanMs(): number {
    return this.#mean / MEAN_PARTS;
  }

  /** When phi reaches the threshold if nothing more is heard. */
  crossesAt(threshold: number): number {
    return this.#heardMs + threshold * this.#meanMs * LN10;
  }
}
