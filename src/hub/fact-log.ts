// The last facts, and who listens to them. SPEC rule HB4.

import type { Fact } from '../model/fact.ts';
import type { TimedFact } from './hub.ts';

export class FactLog {
  readonly #capacity: number;
  readonly #facts: TimedFact[] = [];
  readonly #listeners = new Set<(fact: TimedFact) => void>();
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Tells all listeners. Facts that come with every reading are told and not kept, so that they push nothing out. */
  add(fact: Fact, atMs: number): void {
    this.#count++;
    const timed: TimedFact = { id: this.#count, atMs, fact };
    if (!comesWithEveryReading(fact)) this.#facts[this.#kept++ % this.#capacity] = timed;
    for (const listener of this.#listeners) listener(timed);
  }

  #kept = 0;

  /** Those kept, oldest first. */
  all(): readonly TimedFact[] {
    const oldest = this.#kept % this.#capacity;
    if (this.#kept <= this.#capacity) return this.#facts.slice();
    return [...this.#facts.slice(oldest), ...this.#facts.slice(0, oldest)];
  }

  follow(listener: (fact: TimedFact) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function comesWithEveryReading(fact: Fact): boolean {
  switch (fact.type) {
    case 'stored':
    case 'submit-stored':
    case 'submit-refused':
    case 'registers-changed':
    case 'addresses-known':
    case 'committed':
    case 'own-committed':
    case 'messages-received':
      return true;
    default:
      return false;
  }
}
