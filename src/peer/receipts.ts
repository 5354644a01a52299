// What was answered to which `Idempotency-Key`, as long as keys are remembered. A receipt is stored in the same
// record as the readings it answers for, so either both are durable or none. SPEC rules PR5, PR6.

import type { Receipt } from '../model/durable.ts';
import { LIMITS } from '../model/limits.ts';

export class Receipts {
  /** Oldest first: a key is never set twice, so insertion order is the order of age. */
  readonly #kept = new Map<string, Receipt>();
  #bytes = 0;
  /** Keys whose readings are at the disk. */
  readonly #underWay = new Set<string>();

  answered(key: string): Receipt | null {
    return this.#kept.get(key) ?? null;
  }

  isUnderWay(key: string): boolean {
    return this.#underWay.has(key);
  }

  begin(key: string): void {
    this.#underWay.add(key);
  }

  keep(receipt: Receipt, wallMs: number): void {
    this.#underWay.delete(receipt.key);
    this.#drop(receipt.key);
    this.#kept.set(receipt.key, receipt);
    this.#bytes += bytesOf(receipt);
    for (const [key, { atMs }] of this.#kept) {
      const tooOld = wallMs - atMs > LIMITS.idempotencyKeyAgeMaxMs;
      const tooMuch = this.#kept.size > LIMITS.idempotencyKeysMax || this.#bytes > LIMITS.idempotencyBytesMax;
      if (!tooOld && !tooMuch) break;
      this.#drop(key);
    }
  }

  all(): readonly Receipt[] {
    return [...this.#kept.values()];
  }

  #drop(key: string): void {
    const receipt = this.#kept.get(key);
    if (receipt === undefined) return;
    this.#bytes -= bytesOf(receipt);
    this.#kept.delete(key);
  }
}

/** About what it weighs in memory: both are mostly ASCII. */
function bytesOf({ key, answer }: Receipt): number {
  return key.length + answer.length;
}
