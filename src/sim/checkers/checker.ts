// A checker watches a run and says what must not be. It looks at each event once, at the cost of what changed.

import { type Place, Watcher } from '../watcher.ts';

export type Complain = (checker: string, at: Place | null, what: string) => void;

export abstract class Checker extends Watcher {
  readonly #complain: Complain;
  /** What holds, as a sentence: the checker's name in a report. */
  abstract readonly rule: string;

  constructor(complain: Complain) {
    super();
    this.#complain = complain;
  }

  protected complain(at: Place | null, what: string): void {
    this.#complain(this.rule, at, what);
  }
}
