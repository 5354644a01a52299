// How often something may happen: a token bucket that starts full and refills evenly.

export class Rate {
  readonly #perSecond: number;
  #tokens: number;
  #refilledAtMs = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
  }

  /** Takes a token where there is one. `nowMs` never goes back. */
  allows(nowMs: number): boolean {
    const earned = ((nowMs - this.#refilledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned);
    this.#refilledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
