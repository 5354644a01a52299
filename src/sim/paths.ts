// The paths between machines, one each way: how long a packet takes, whether it arrives, how often. Each can be
// cut for several reasons at once and is whole again when none is left. SPEC rules SM3.

import { assert } from '../kit/assert.ts';
import type { Random } from '../kit/random.ts';

export interface PathOptions {
  /** Each path draws its own usual latency from here. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** Added to each packet's latency, at random up to this share of it. */
  readonly jitter: number;
  readonly spikeChance: number;
  readonly spikeMs: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
}

export class Paths {
  readonly #stations: number;
  readonly #random: Random;
  #options: PathOptions;
  readonly #usualMs: Float64Array;
  readonly #cuts: Uint8Array;
  /** Packets sent on a clogged path arrive no earlier than this. */
  readonly #cloggedUntilMs: Float64Array;
  readonly #nowMs: () => number;
  onCut: (from: number, to: number) => void = () => {};
  onHeal: (from: number, to: number) => void = () => {};

  constructor(stations: number, random: Random, options: PathOptions, nowMs: () => number) {
    this.#stations = stations;
    this.#random = random;
    this.#options = options;
    this.#nowMs = nowMs;
    const { min, max } = options.latencyMs;
    this.#usualMs = new Float64Array(stations * stations).map(() => random.between(min, max));
    this.#cuts = new Uint8Array(stations * stations);
    this.#cloggedUntilMs = new Float64Array(stations * stations);
  }

  /** From here on packets fare otherwise; the usual latencies stay. */
  become(options: PathOptions): void {
    this.#options = options;
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts[from * this.#stations + to] !== 0;
  }

  cut(from: number, to: number): void {
    const path = from * this.#stations + to;
    const reasons = (this.#cuts[path] ?? 0) + 1;
    assert(reasons < 256, 'a path is cut for fewer than 256 reasons');
    this.#cuts[path] = reasons;
    if (reasons === 1) this.onCut(from, to);
  }

  /** Takes one reason for the cut away. */
  mend(from: number, to: number): void {
    const path = from * this.#stations + to;
    const reasons = this.#cuts[path] ?? 0;
    if (reasons === 0) return;
    this.#cuts[path] = reasons - 1;
    if (reasons === 1) this.onHeal(from, to);
  }

  /** Every path is whole, whatever it was cut for. */
  mendAll(): void {
    for (let from = 0; from < this.#stations; from++) {
      for (let to = 0; to < this.#stations; to++) {
        if (!this.isCut(from, to)) continue;
        this.#cuts[from * this.#stations + to] = 0;
        this.onHeal(from, to);
      }
    }
    this.#cloggedUntilMs.fill(0);
  }

  clog(from: number, to: number, forMs: number): void {
    this.#cloggedUntilMs[from * this.#stations + to] = this.#nowMs() + forMs;
  }

  latencyMs(from: number, to: number): number {
    const path = from * this.#stations + to;
    const { jitter, spikeChance, spikeMs } = this.#options;
    let latency = (this.#usualMs[path] ?? 0) * (1 + jitter * this.#random.unit());
    if (spikeChance > 0 && this.#random.chance(spikeChance)) latency += spikeMs * this.#random.unit();
    return Math.max(latency, (this.#cloggedUntilMs[path] ?? 0) - this.#nowMs());
  }

  /** How many copies of a datagram arrive. */
  copies(from: number, to: number): number {
    const { lossChance, duplicateChance } = this.#options;
    if (this.isCut(from, to)) return 0;
    if (lossChance > 0 && this.#random.chance(lossChance)) return 0;
    return duplicateChance > 0 && this.#random.chance(duplicateChance) ? 2 : 1;
  }
}
