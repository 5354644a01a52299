// Pace: how often a peer asks on where an answer was cut short. Whoever catches up may ask on at once; but where one
// exchange after the other is cut short, more is written than can be passed on, and asking on would only add to it.
// So the number rises by one with each exchange that was complete and is halved by each that was not: additive
// increase, multiplicative decrease (Jacobson 1988). What suffers from overload is how old things are, not the
// links. SPEC rule RP53.

/** Ten of these are more than half a MiB. */
const ASKS_MAX = 64;

export class Pace {
  #window = ASKS_MAX;
  #asked = 0;

  /** How many times one exchange may be asked on. */
  get window(): number {
    return this.#window;
  }

  /** The first answer of an exchange has come. */
  answered(cutShort: boolean): void {
    this.#asked = 0;
    this.#window = cutShort ? Math.floor(this.#window / 2) : Math.min(ASKS_MAX, this.#window + 1);
  }

  /** Whether one more question may follow; counts it. */
  mayAskOn(): boolean {
    if (this.#asked >= this.#window) return false;
    this.#asked++;
    return true;
  }
}
