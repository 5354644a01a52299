// What a device has used of its rate and its quota at this node. A rate is a bucket that fills with time: who finds
// one in it may write all it brings, and then waits until the debt is paid, so that a batch of any size comes through
// now and then and the rate holds in the long run. A quota is counted by the day (UTC). SPEC rule AC6.

import type { DeviceSpec } from './device.ts';

export interface Overuse {
  readonly bound: 'rate' | 'quota';
  readonly retryAfterS: number;
}

export interface Clocks {
  readonly wallMs: () => number;
  readonly steadyMs: () => number;
}

const DAY_MS = 86_400_000;

export class Usage {
  readonly #clocks: Clocks;
  readonly #ratePerS: number | null;
  readonly #bytesPerDay: number | null;
  /** What may come at once. Below 0: what was taken ahead. */
  #left: number;
  #filledAtMs: number;
  #day = 0;
  #bytes = 0;

  constructor({ ratePerS, bytesPerDay }: Pick<DeviceSpec, 'ratePerS' | 'bytesPerDay'>, clocks: Clocks) {
    this.#clocks = clocks;
    this.#ratePerS = ratePerS;
    this.#bytesPerDay = bytesPerDay;
    this.#left = burstOf(ratePerS ?? 0);
    this.#filledAtMs = clocks.steadyMs();
  }

  /** Null: it is taken. Otherwise nothing is. */
  take(messages: number, bytes: number): Overuse | null {
    const overuse = this.#overRate() ?? this.#overQuota(bytes);
    if (overuse !== null) return overuse;
    this.#left -= messages;
    this.#bytes += bytes;
    return null;
  }

  #overRate(): Overuse | null {
    const rate = this.#ratePerS;
    if (rate === null) return null;
    const nowMs = this.#clocks.steadyMs();
    this.#left = Math.min(burstOf(rate), this.#left + ((nowMs - this.#filledAtMs) / 1_000) * rate);
    this.#filledAtMs = nowMs;
    if (this.#left >= 1) return null;
    return { bound: 'rate', retryAfterS: Math.ceil((1 - this.#left) / rate) };
  }

  #overQuota(bytes: number): Overuse | null {
    if (this.#bytesPerDay === null) return null;
    const nowMs = this.#clocks.wallMs();
    const day = Math.floor(nowMs / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      this.#bytes = 0;
    }
    if (this.#bytes + bytes <= this.#bytesPerDay) return null;
    return { bound: 'quota', retryAfterS: Math.ceil(((day + 1) * DAY_MS - nowMs) / 1_000) };
  }
}

/** A second's worth, and one at least. */
function burstOf(ratePerS: number): number {
  return Math.max(1, ratePerS);
}
