// What a node looked like at one moment, as one of its samples has it. SPEC rule UI26.

import type { SampleRow } from '../../../src/api/sample-routes.ts';

/** The last one at or before the time; null where they do not reach back so far. */
export function sampleAt(samples: readonly SampleRow[], tsMs: number): SampleRow | null {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.ts_ms ?? 0) <= tsMs) low = middle + 1;
    else high = middle;
  }
  return samples[low - 1] ?? null;
}
