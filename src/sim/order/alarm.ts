// The one alarm of a simulated process: an earlier one that is not due any more is set anew when it rings. SPEC rule
// SM40.

import type { MachineClock } from '../clock.ts';
import type { Timeline } from '../timeline.ts';

export class Alarm {
  readonly #timeline: Timeline;
  readonly #clock: MachineClock;
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(timeline: Timeline, clock: MachineClock, ring: () => void) {
    this.#timeline = timeline;
    this.#clock = clock;
    this.#ring = ring;
  }

  /** For when the process's own steady clock shows `steadyMs`. */
  set(steadyMs: number): void {
    if (steadyMs === Number.POSITIVE_INFINITY) return;
    const atMs = Math.max(this.#timeline.nowMs, this.#clock.virtualOf(steadyMs));
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    this.#timeline.at(atMs, () => {
      if (this.#atMs !== atMs) return;
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }
}
