// A machine's two clocks, as far off true time as the scenario likes. The steady one may run fast or slow but
// never goes back, and starts anew with each process; the wall clock may also be set.

import type { Now } from '../model/time.ts';

/** The wall clock's true time of day at virtual time 0: a moment in 2026. */
export const EPOCH_MS = 1_782_000_000_000;

/** More than the rounding of one sum of times, less than any deadline is off. */
const ROUNDING_MS = 0.000_1;

export class MachineClock {
  #wallOffsetMs = 0;
  #timesSet = 0;
  /** The machine's own idea of elapsed time at `#sinceMs`, and how fast it has run from there on. */
  #elapsedMs = 0;
  #sinceMs = 0;
  #rate = 1;
  /** What `#elapsed` was when the present process started: its steady clock's zero. */
  #steadyZeroMs = 0;

  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  /** How often the wall clock was set. */
  get timesSet(): number {
    return this.#timesSet;
  }

  read(virtualMs: number): Now {
    const elapsedMs = this.#elapsed(virtualMs);
    return {
      steadyMs: elapsedMs - this.#steadyZeroMs,
      wallMs: Math.floor(EPOCH_MS + elapsedMs + this.#wallOffsetMs),
    };
  }

  /** A virtual time at which the steady clock shows `steadyMs` at last, and not noticeably more. */
  virtualOf(steadyMs: number): number {
    const virtualMs = this.#sinceMs + (steadyMs + this.#steadyZeroMs - this.#elapsedMs) / this.#rate;
    const missingMs = steadyMs - (this.#elapsed(virtualMs) - this.#steadyZeroMs);
    return missingMs > 0 ? virtualMs + ROUNDING_MS : virtualMs;
  }

  /** Another process reads the steady clock from here on. */
  restartSteady(virtualMs: number): void {
    this.#steadyZeroMs = this.#elapsed(virtualMs);
  }

  /** Sets the wall clock this far from true time. */
  setWall(offsetMs: number): void {
    this.#wallOffsetMs = offsetMs;
    this.#timesSet++;
  }

  /** 1 is true; 1.01 runs 1 % fast. */
  setRate(rate: number, virtualMs: number): void {
    this.#elapsedMs = this.#elapsed(virtualMs);
    this.#sinceMs = virtualMs;
    this.#rate = rate;
  }

  #elapsed(virtualMs: number): number {
    return this.#elapsedMs + (virtualMs - this.#sinceMs) * this.#rate;
  }
}
