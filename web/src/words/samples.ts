// What a node looked like at one moment, as one of its samples has it. SPEC rule UI26.

export interface Sample {
  readonly id: number;
  readonly ts_ms: number;
  readonly pending: number;
  readonly watermark: number;
  readonly changes: number;
  readonly sensors: number;
  readonly scene: number;
}

export interface Scene {
  readonly leader: string | null;
  readonly round: number;
  readonly quorum: boolean;
  readonly view_id: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly present: readonly string[];
  readonly members: readonly { readonly id: string; readonly status: string; readonly linked: boolean }[];
  readonly members_left_out: number;
  readonly links: readonly (readonly string[])[];
}

/** The last one at or before the time; null where they do not reach back so far. */
export function sampleAt(samples: readonly Sample[], tsMs: number): Sample | null {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.ts_ms ?? 0) <= tsMs) low = middle + 1;
    else high = middle;
  }
  return samples[low - 1] ?? null;
}
