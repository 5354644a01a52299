// A checker of the order watches a run and says what must not be, at the cost of what changed. SPEC rule SM40.

import { type OrderPlace, OrderWatcher } from '../watcher.ts';

export type Complain = (checker: string, at: OrderPlace | null, what: string) => void;

export abstract class OrderChecker extends OrderWatcher {
  readonly #complain: Complain;
  /** What holds, as a sentence: the checker's name in a report. */
  abstract readonly rule: string;

  constructor(complain: Complain) {
    super();
    this.#complain = complain;
  }

  protected complain(at: OrderPlace | null, what: string): void {
    this.#complain(this.rule, at, what);
  }
}
