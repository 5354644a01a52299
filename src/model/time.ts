/** When a step happens: `steadyMs` never goes back, so timeouts use it; `wallMs` is the time of day (Unix, ms). */
export interface Now {
  readonly steadyMs: number;
  readonly wallMs: number;
}

/** A deadline that does not come. */
export const NEVER = Number.POSITIVE_INFINITY;
