// The clocks of others, to know whether one's own is off. SPEC rule MB24.
//
// A clock is kept relative to this peer's steady time, so that a jump of its own time of day shows at once and
// spoils nothing.

import type { PeerId } from '../../model/ids.ts';

/** The clocks measured last; a median needs no more. */
const CLOCKS_KEPT = 63;

export class Clocks {
  readonly #agreeMs: number;
  /** A member's time of day less own steady time, the one measured last at the end. */
  readonly #aheadMs = new Map<PeerId, number>();
  /** The median, or null as long as nothing can be said. */
  #agreedMs: number | null = null;

  constructor(agreeMs: number) {
    this.#agreeMs = agreeMs;
  }

  measured(peer: PeerId, aheadMs: number): void {
    this.#aheadMs.delete(peer);
    this.#aheadMs.set(peer, aheadMs);
    if (this.#aheadMs.size > CLOCKS_KEPT) {
      const oldest = this.#aheadMs.keys().next().value;
      if (oldest !== undefined) this.#aheadMs.delete(oldest);
    }
    this.#agreedMs = this.#agree();
  }

  /** Its time of day less own steady time; null where it is not known, or not any more. */
  of(peer: PeerId): number | null {
    return this.#aheadMs.get(peer) ?? null;
  }

  forget(peer: PeerId): void {
    if (this.#aheadMs.delete(peer)) this.#agreedMs = this.#agree();
  }

  /** What the members' clocks show beyond own time of day; `ownAheadMs` is that less own steady time. */
  offsetMs(ownAheadMs: number): number {
    return this.#agreedMs === null ? 0 : this.#agreedMs - ownAheadMs;
  }

  #agree(): number | null {
    const sorted = Float64Array.from(this.#aheadMs.values()).sort();
    if (sorted.length < 2) return null;
    const low = sorted[(sorted.length - 1) >> 1] ?? 0;
    const high = sorted[sorted.length >> 1] ?? 0;
    const median = (low + high) / 2;
    const agreeing = sorted.filter((aheadMs) => Math.abs(aheadMs - median) <= this.#agreeMs).length;
    return agreeing * 2 > sorted.length ? median : null;
  }
}
