// Virtual time: what is to happen, in order. Steps of one moment run in the order in which they were asked
// for, so that nothing depends on the heap's shape. SPEC rules SM1.

import { assert } from '../kit/assert.ts';
import { Heap } from '../kit/heap.ts';

interface Step {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Timeline {
  readonly #steps = new Heap<Step>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #nowMs = 0;
  #order = 0;
  #ran = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many steps have run. */
  get ran(): number {
    return this.#ran;
  }

  get waiting(): number {
    return this.#steps.size;
  }

  at(atMs: number, run: () => void): void {
    assert(atMs >= this.#nowMs, 'nothing happens in the past');
    this.#steps.push({ atMs, order: this.#order++, run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run);
  }

  /** Runs the next step if it comes by `untilMs`; otherwise the time becomes `untilMs`. */
  step(untilMs: number): boolean {
    const next = this.#steps.first;
    if (next === undefined || next.atMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#steps.pop();
    this.#nowMs = next.atMs;
    this.#ran++;
    next.run();
    return true;
  }
}
