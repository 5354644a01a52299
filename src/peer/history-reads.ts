// Points to read at that were asked of the leader: each is answered once, with nothing if the leader does not answer
// in time. SPEC rule OR44.

import type { Random } from '../kit/random.ts';
import { NEVER, type Now } from '../model/time.ts';

interface Asked {
  readonly ticket: number;
  readonly untilMs: number;
}

const ASKED_MAX = 1_024;

export class HistoryReads {
  readonly #asked = new Map<number, Asked>();
  #lastNonce: number;

  /** Nonces begin anywhere: an answer to what this peer asked before it was restarted answers nothing it asks now. */
  constructor(random: Random) {
    this.#lastNonce = random.u32();
  }

  get wakeAt(): number {
    let wakeAt = NEVER;
    for (const { untilMs } of this.#asked.values()) wakeAt = Math.min(wakeAt, untilMs);
    return wakeAt;
  }

  /** The nonce to ask with; null: too many are waiting. */
  ask(ticket: number, forMs: number, now: Now): number | null {
    if (this.#asked.size >= ASKED_MAX) return null;
    const nonce = ++this.#lastNonce;
    this.#asked.set(nonce, { ticket, untilMs: now.steadyMs + forMs });
    return nonce;
  }

  answered(nonce: number): number | null {
    const ticket = this.#asked.get(nonce)?.ticket ?? null;
    this.#asked.delete(nonce);
    return ticket;
  }

  late(now: Now): readonly number[] {
    const late: number[] = [];
    for (const [nonce, { ticket, untilMs }] of this.#asked) {
      if (untilMs > now.steadyMs) continue;
      late.push(ticket);
      this.#asked.delete(nonce);
    }
    return late;
  }
}
