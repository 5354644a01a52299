// Which of the nodes that have a sink hands the order to it. The leader does. Another one does where the target lacks
// readings and has not moved for a while: then the leader has no such sink, or cannot reach it. Nobody needs to be told,
// and at worst two write for a moment, which the target's own place and names make harmless. SPEC rule SK5.

import { type SinkPlace, samePlace } from './sink.ts';

export class Duty {
  readonly #patienceMs: number;
  #seen: SinkPlace | null = null;
  #stillSinceMs: number;
  #hasTakenOver = false;

  constructor(patienceMs: number, nowMs: number) {
    this.#patienceMs = patienceMs;
    this.#stillSinceMs = nowMs;
  }

  /** Whether this node is to write, with the target at `place` and `lacking` readings behind it. */
  isMine(leads: boolean, place: SinkPlace | null, lacking: number, nowMs: number): boolean {
    if (leads) {
      this.#hasTakenOver = false;
      this.saw(place, nowMs);
      return true;
    }
    if (this.#hasTakenOver && samePlace(place, this.#seen)) return true;
    this.#hasTakenOver = false;
    if (!samePlace(place, this.#seen) || lacking === 0) this.saw(place, nowMs);
    if (nowMs - this.#stillSinceMs < this.#patienceMs) return false;
    this.#hasTakenOver = true;
    return true;
  }

  /** The target stands here, by this node's own doing or another's. */
  saw(place: SinkPlace | null, nowMs: number): void {
    this.#seen = place;
    this.#stillSinceMs = nowMs;
  }

  /** Another node writes. */
  leave(place: SinkPlace | null, nowMs: number): void {
    this.#hasTakenOver = false;
    this.saw(place, nowMs);
  }
}
