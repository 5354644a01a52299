// Whole peers that take part in the order: what any of them takes for committed at an index is what all do, it is on
// its disk, and it only grows. SPEC rules SM38, SM39.

import type { Fact } from '../../model/fact.ts';
import type { OrderImage } from '../order/image.ts';
import type { Place } from '../watcher.ts';
import { Checker, type Complain } from './checker.ts';

export class OneOrder extends Checker {
  readonly rule = 'all take the same for committed';
  readonly #imageOf: (at: Place) => OrderImage;
  /** By group and index: the chain up to there. */
  readonly #truth = new Map<string, string>();
  /** By place and life: up to where its committed log was looked at. */
  readonly #seen = new Map<string, number>();

  constructor(complain: Complain, imageOf: (at: Place) => OrderImage) {
    super(complain);
    this.#imageOf = imageOf;
  }

  override announced(at: Place, fact: Fact): void {
    if (fact.type === 'safety-halt') this.complain(at, `stops: ${fact.why}`);
    if (fact.type !== 'committed') return;
    const { log } = this.#imageOf(at);
    const life = `${at.index} ${at.life} ${fact.group}`;
    const seen = this.#seen.get(life) ?? log.first - 1;
    if (fact.index < seen) this.complain(at, `goes back from ${seen} to ${fact.index}`);
    for (let index = Math.max(seen + 1, log.first); index <= fact.index; index++) {
      const entry = log.at(index);
      if (entry === undefined) {
        this.complain(at, `takes ${index} for committed and has a log up to ${log.last}`);
        return;
      }
      const { a, b } = entry.chain;
      this.#compare(at, `${fact.group} ${index}`, `${a} ${b} ${entry.firstSequence}`);
    }
    this.#seen.set(life, fact.index);
  }

  #compare(at: Place, where: string, what: string): void {
    const known = this.#truth.get(where);
    if (known === undefined) this.#truth.set(where, what);
    else if (known !== what) this.complain(at, `has another entry at ${where} than others had`);
  }
}
