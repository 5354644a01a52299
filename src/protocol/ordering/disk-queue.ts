// What the disk was asked to append and has not answered, oldest first: how far the log is durable, how old the
// oldest question is, and how slow the disk has been. SPEC rules OR14, OR15.

import { NEVER } from '../../model/time.ts';

interface Asked {
  readonly upto: number;
  readonly version: number;
  readonly floor: number;
  readonly atMs: number;
  readonly bytes: number;
}

export interface Answered {
  readonly upto: number;
  readonly version: number;
  readonly floor: number;
}

/** The slowest answer counts for so long. */
const MEMORY_MS = 10_000;

export class DiskQueue {
  #asked: Asked[] = [];
  #bytes = 0;
  #slowestMs = 0;
  #slowestAtMs = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Since when the disk owes an answer. */
  get oldestMs(): number {
    return this.#asked[0]?.atMs ?? NEVER;
  }

  ask(upto: number, version: number, floor: number, bytes: number, nowMs: number): void {
    this.#asked.push({ upto, version, floor, atMs: nowMs, bytes });
    this.#bytes += bytes;
  }

  /** Everything asked up to this one is answered by it; null for an answer to nothing that was asked. */
  answer(upto: number, version: number, nowMs: number): Answered | null {
    const place = this.#asked.findIndex((asked) => asked.upto === upto && asked.version === version);
    if (place < 0) return null;
    let floor = 0;
    for (const asked of this.#asked.splice(0, place + 1)) {
      floor = Math.max(floor, asked.floor);
      this.#bytes -= asked.bytes;
      const tookMs = nowMs - asked.atMs;
      if (tookMs >= this.#slowestMs || nowMs - this.#slowestAtMs > MEMORY_MS) {
        this.#slowestMs = tookMs;
        this.#slowestAtMs = nowMs;
      }
    }
    return { upto, version, floor };
  }

  /** The slowest answer of late, or how long the present one takes if that is longer. */
  slowestMs(nowMs: number): number {
    const recent = nowMs - this.#slowestAtMs > MEMORY_MS ? 0 : this.#slowestMs;
    return Math.max(recent, this.ageMs(nowMs));
  }

  ageMs(nowMs: number): number {
    const oldest = this.#asked[0];
    return oldest === undefined ? 0 : nowMs - oldest.atMs;
  }
}
