// Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand). The same seed gives the same numbers on every
// engine, which the simulator's replays depend on.

import { assert, must } from './assert.ts';

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    this.#c = 0x9e37_79b9;
    for (let i = 0; i < 15; i++) this.u32();
  }

  /** Uniform in [0, 2^32). */
  u32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  /** Uniform in [0, 1), with 32 bits of it random. */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** A whole number, uniform in [0, below). */
  below(below: number): number {
    assert(below >= 1 && below <= 0x1_0000_0000, 'below is between 1 and 2^32');
    return Math.floor(this.unit() * below);
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return must(items[this.below(items.length)], 'pick needs an item');
  }

  /** Up to `count` different items, in random order. Costs O(count) swaps on a copy. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = [...items];
    const wanted = Math.min(count, pool.length);
    for (let i = 0; i < wanted; i++) {
      const j = i + this.below(pool.length - i);
      const held = pool[i] as T;
      pool[i] = pool[j] as T;
      pool[j] = held;
    }
    pool.length = wanted;
    return pool;
  }

  /** 16 hex digits: as good as a name that nobody else has. */
  hex16(): string {
    const word = (): string => this.u32().toString(16).padStart(8, '0');
    return word() + word();
  }

  /** A generator of its own whose numbers do not depend on how often this one is asked afterwards. */
  fork(): Random {
    return new Random(this.u32() + this.below(0x10_0000) * 0x1_0000_0000);
  }
}
