// Local health (Lifeguard, Dadgar 2017, §IV.A): a peer that hears too little should doubt itself before it
// doubts others. SPEC rule MB11.

export class Health {
  readonly #worst: number;
  #score = 0;

  constructor(worst: number) {
    this.#worst = worst;
  }

  /** 0: nothing speaks against this peer. */
  get score(): number {
    return this.#score;
  }

  /** By how much probes may take longer. */
  get probeStretch(): number {
    return 1 + this.#score;
  }

  /** By how much suspicions last longer: at most twice as long. */
  get suspicionStretch(): number {
    return 1 + this.#score / Math.max(1, this.#worst);
  }

  worsen(by: number): void {
    this.#score = Math.min(this.#worst, this.#score + by);
  }

  improve(): void {
    this.#score = Math.max(0, this.#score - 1);
  }
}
