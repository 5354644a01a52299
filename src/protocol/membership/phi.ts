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

export class Arrivals {
  #meanMs: number;
  #samples = 0;
  /** Below zero: not heard yet. */
  #heardMs = -1;
  #sampledMs = -1;

  constructor(initialIntervalMs: number) {
    this.#meanMs = initialIntervalMs;
  }

  get samples(): number {
    return this.#samples;
  }

  /**
   * The member was heard. What arrives within `floorMs` of the last sample belongs to the same burst and is
   * none of its own, or a busy exchange would make the pause after it look like a death.
   */
  heard(atMs: number, floorMs: number): void {
    this.#heardMs = atMs;
    if (this.#sampledMs < 0) this.#sampledMs = atMs;
    const interval = atMs - this.#sampledMs;
    if (interval < floorMs) return;
    this.#sampledMs = atMs;
    this.#samples = Math.min(this.#samples + 1, PHI_WINDOW - 1);
    // The initial interval counts as the first sample.
    this.#meanMs += (interval - this.#meanMs) / (this.#samples + 1);
  }

  /** The next life of a member begins without the silence after its last one. */
  restart(): void {
    this.#heardMs = -1;
    this.#sampledMs = -1;
  }

  /** Null before the member was heard. */
  phi(atMs: number): number | null {
    return this.#heardMs < 0 ? null : Math.max(0, atMs - this.#heardMs) / (this.#meanMs * LN10);
  }

  /** When phi reaches the threshold if nothing more is heard; null before the member was heard. */
  crossesAt(threshold: number): number | null {
    return this.#heardMs < 0 ? null : this.#heardMs + threshold * this.#meanMs * LN10;
  }
}
