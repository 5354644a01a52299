// Which numbers have come already, of a sender that counts what it sends: the newest and those a little older. What is
// older than the window may be a repetition, and counts as one. (RFC 4303 §3.4.3) SPEC rule TR5.

const BITS = 1_024;
const WORD = 32;

export class ReplayWindow {
  readonly #words = new Uint32Array(BITS / WORD);
  #newest = 0;

  /** Whether `number` comes for the first time; from then on it has come. Numbers begin at 1. */
  take(number: number): boolean {
    if (number < 1 || number <= this.#newest - BITS) return false;
    if (number > this.#newest) this.#advance(number);
    const at = number % BITS;
    const word = Math.floor(at / WORD);
    const bit = 1 << (at % WORD);
    if (((this.#words[word] ?? 0) & bit) !== 0) return false;
    this.#words[word] = (this.#words[word] ?? 0) | bit;
    return true;
  }

  #advance(to: number): void {
    const steps = Math.min(to - this.#newest, BITS);
    for (let step = 0; step < steps; step++) {
      const at = (to - step) % BITS;
      const word = Math.floor(at / WORD);
      this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (at % WORD));
    }
    this.#newest = to;
  }
}
