// How fast a counter rises. SPEC rule UI24.

export type Counters = { readonly [name: string]: number };

/** All that a node ever took in, from whichever input. */
export const OWN = 'own_n';

export interface Point {
  readonly atMs: number;
  readonly counters: Counters;
}

/** Null where it cannot be said: too short a time, or another life of the node. */
export function rateOf(points: readonly Point[], name: string): number | null {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
  const risen = (last.counters[name] ?? 0) - (first.counters[name] ?? 0);
  return risen < 0 ? null : (risen * 1_000) / (last.atMs - first.atMs);
}
