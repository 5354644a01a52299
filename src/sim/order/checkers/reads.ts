// Where a reader is told to read up to is no older than anything that was committed before it asked, whoever leads
// by then and whatever clocks say (ReadIndex, Raft thesis §6.4). SPEC rule SM59.

import type { Fact } from '../../../model/fact.ts';
import type { Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';

interface Asked {
  readonly group: string | null;
  /** Committed when it asked. */
  readonly last: number;
}

/** Questions of one machine that may be open; of more, the oldest is forgotten. */
const OPEN_MAX = 256;

export class ReadsAreLatest extends OrderChecker {
  readonly rule = 'a read sees all that was committed before';
  readonly #truth: Truth;
  /** By machine, then by ticket. */
  readonly #asked: Map<number, Asked>[] = [];
  answered = 0;

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override reads(at: OrderPlace, ticket: number): void {
    const asked = this.#of(at);
    asked.set(ticket, { group: at.group, last: this.#truth.of(at.group).last });
    const [oldest] = asked.keys();
    if (asked.size > OPEN_MAX && oldest !== undefined) asked.delete(oldest);
  }

  override announced(at: OrderPlace, fact: Fact): void {
    if (fact.type !== 'read-point') return;
    const asked = this.#of(at).get(fact.ticket);
    this.#of(at).delete(fact.ticket);
    if (asked === undefined || fact.index === null || asked.group !== at.group) return;
    this.answered++;
    if (fact.index < asked.last)
      this.complain(at, `is told to read up to ${fact.index}, committed before it asked was ${asked.last}`);
  }

  #of({ index }: OrderPlace): Map<number, Asked> {
    let asked = this.#asked[index];
    if (asked === undefined) {
      asked = new Map();
      this.#asked[index] = asked;
    }
    return asked;
  }
}
