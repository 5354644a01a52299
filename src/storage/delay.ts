// A delay for an engine without a clock: it begins at the first `wake` after it was asked for, and that wake is due
// at once.

import { NEVER } from '../model/time.ts';

type Phase =
  | { readonly name: 'off' }
  | { readonly name: 'asked' }
  | { readonly name: 'running'; readonly untilMs: number };

export class Delay {
  readonly #lengthMs: number;
  readonly #asked: () => void;
  #phase: Phase = { name: 'off' };
  /** Asked for again while it was running. */
  #again = false;

  /** `asked`: `wakeAt` has come nearer. */
  constructor(lengthMs: number, asked: () => void) {
    this.#lengthMs = lengthMs;
    this.#asked = asked;
  }

  get wakeAt(): number {
    if (this.#phase.name === 'running') return this.#phase.untilMs;
    return this.#phase.name === 'asked' ? 0 : NEVER;
  }

  /** Passes once nobody has asked for one whole length. */
  ask(): void {
    this.#again = this.#phase.name !== 'off';
    if (this.#again) return;
    this.#phase = { name: 'asked' };
    this.#asked();
  }

  stop(): void {
    this.#phase = { name: 'off' };
  }

  /** Whether it has passed; then it is off. */
  passes(nowMs: number): boolean {
    if (nowMs < this.wakeAt) return false;
    if (this.#phase.name === 'asked' || this.#again) {
      this.#phase = { name: 'running', untilMs: nowMs + this.#lengthMs };
      this.#again = false;
      return false;
    }
    this.#phase = { name: 'off' };
    return true;
  }
}
