// Elections that come to nothing make the next one wait longer, up to the time of suspicion, and never the same for
// two peers. SPEC rule EL9.

import type { Random } from '../../kit/random.ts';
import type { ElectionOptions } from './options.ts';

const DOUBLINGS_MAX = 10;

export class Backoff {
  readonly #options: ElectionOptions;
  readonly #random: Random;
  #failures = 0;

  constructor(options: ElectionOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** How long to wait after one more. */
  next(): number {
    const { rankMs, suspectMs } = this.#options;
    const most = Math.min(suspectMs, rankMs * 2 ** Math.min(DOUBLINGS_MAX, this.#failures));
    this.#failures++;
    return Math.ceil(this.#random.between(most / 2, most + rankMs));
  }

  reset(): void {
    this.#failures = 0;
  }
}
