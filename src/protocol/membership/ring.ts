// Whom to probe, and when. All members with equal lists and clocks take the same turn of the same ring, so that
// each is probed by exactly one other in every period: SWIM's round-robin (§4.3) without the gaps that
// independent orders leave. With other lists or clocks it is still a round-robin over all. SPEC rule MB4.

import { compareText } from '../../kit/order.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';

/** `sorted`: the others by id. Null when there is nobody else. */
export function ringTarget(
  sorted: readonly PeerId[],
  self: PeerId,
  wallMs: number,
  intervalMs: number,
): PeerId | null {
  if (sorted.length === 0) return null;
  const turn = remainder(Math.floor(wallMs / intervalMs), sorted.length);
  return sorted[(placeOf(self, sorted) + turn) % sorted.length] ?? null;
}

/** The steady time of the next turn: once in each period of the time of day, at this peer's own phase of it. */
export function nextTurn(now: Now, phaseMs: number, intervalMs: number): number {
  const waitMs = intervalMs - remainder(now.wallMs - phaseMs, intervalMs);
  // A timer that fires a little early must not have a second turn in the same period.
  return now.steadyMs + (waitMs < intervalMs / 4 ? waitMs + intervalMs : waitMs);
}

/** How many of the sorted ids are smaller: the first of the others that comes after `self`. */
export function placeOf(self: PeerId, sorted: readonly PeerId[]): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const id = sorted[middle];
    if (id !== undefined && compareText(id, self) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function remainder(value: number, of: number): number {
  return ((value % of) + of) % of;
}
