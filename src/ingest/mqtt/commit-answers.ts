// Answers to publishers who are to be told when their readings are committed: each waits until all up to a number is.
// SPEC rule MQ3.

import type { Hub } from '../../hub/hub.ts';
import { LIMITS } from '../../model/limits.ts';

interface Waiting {
  readonly n: number;
  /** How many publishes it answers. */
  readonly count: number;
  readonly answer: () => void;
}

export class CommitAnswers {
  readonly #roomAgain: () => void;
  readonly #unfollow: () => void;
  /** In rising order of `n`. */
  #waiting: Waiting[] = [];
  #count = 0;
  /** The last number that is stored. */
  #lastN = 0;

  constructor(hub: Hub, roomAgain: () => void) {
    this.#roomAgain = roomAgain;
    this.#unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'submit-stored') this.stored(fact.lastN);
      else if (fact.type === 'own-committed') this.#committed(fact.upto);
      else if (fact.type === 'identity-taken') this.#renamed();
    });
  }

  get isFull(): boolean {
    return this.#count >= LIMITS.mqttStoringMax;
  }

  /** All up to `n` is stored. */
  stored(n: number): void {
    this.#lastN = Math.max(this.#lastN, n);
  }

  /** For readings that are stored: their numbers are at most the last that is by this moment. */
  add(count: number, answer: () => void): void {
    this.#waiting.push({ n: this.#lastN, count, answer });
    this.#count += count;
  }

  stop(): void {
    this.#unfollow();
    this.#waiting = [];
    this.#count = 0;
  }

  #committed(upto: number): void {
    let due = 0;
    for (const { n } of this.#waiting) {
      if (n > upto) break;
      due++;
    }
    const wasFull = this.isFull;
    for (const { count, answer } of this.#waiting.splice(0, due)) {
      this.#count -= count;
      answer();
    }
    if (wasFull && !this.isFull) this.#roomAgain();
  }

  /** Numbers begin anew; what was stored under the former name is committed under the new one. */
  #renamed(): void {
    this.#lastN = 0;
    this.#committed(Number.POSITIVE_INFINITY);
  }
}
