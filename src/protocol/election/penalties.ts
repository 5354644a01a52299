// Flap damping (as BGP does it, RFC 2439): who loses the lead, or fails to take it over, is given none for a while,
// doubled by each further loss; the penalty halves with time. Every peer keeps it from what it sees. SPEC rule EL16.

import type { PeerId } from '../../model/ids.ts';
import type { ElectionOptions } from './options.ts';

interface Penalty {
  readonly points: number;
  readonly atMs: number;
  readonly heldUntilMs: number;
}

/** Below this nothing is left of it. */
const FORGIVEN = 0.25;

export class Penalties {
  readonly #options: ElectionOptions;
  readonly #of = new Map<PeerId, Penalty>();

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** One more. Gives what it comes to. */
  add(peer: PeerId, nowMs: number): { penalty: number; holdMs: number } {
    const { holdMs: once, holdMsMax } = this.#options;
    const points = this.#pointsOf(peer, nowMs) + 1;
    const holdMs = Math.min(holdMsMax, once * 2 ** Math.min(30, Math.floor(points)));
    this.#of.set(peer, { points, atMs: nowMs, heldUntilMs: nowMs + holdMs });
    this.#forget(nowMs);
    return { penalty: points, holdMs };
  }

  isHeld(peer: PeerId, nowMs: number): boolean {
    return nowMs < (this.#of.get(peer)?.heldUntilMs ?? 0);
  }

  /** Halves with each half-life; in between along a line, which every engine computes alike. */
  #pointsOf(peer: PeerId, nowMs: number): number {
    const known = this.#of.get(peer);
    if (known === undefined) return 0;
    const lives = (nowMs - known.atMs) / this.#options.penaltyHalfLifeMs;
    const whole = Math.min(30, Math.floor(lives));
    const halved = known.points / 2 ** whole;
    return halved * (1 - (lives - Math.floor(lives)) / 2);
  }

  #forget(nowMs: number): void {
    for (const peer of this.#of.keys()) {
      if (!this.isHeld(peer, nowMs) && this.#pointsOf(peer, nowMs) < FORGIVEN) this.#of.delete(peer);
    }
  }
}
