// Addresses that lead round to this very process. They are remembered for a while only, since an address may
// come to belong to somebody else.

import { type Address, addressText } from '../../model/address.ts';

const REMEMBER_MS = 60_000;
const ADDRESSES_MAX = 64;

export class OwnAddresses {
  readonly #untilMs = new Map<string, number>();

  add(address: Address, nowMs: number): void {
    this.#untilMs.set(addressText(address), nowMs + REMEMBER_MS);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= ADDRESSES_MAX) return;
      this.#untilMs.delete(oldest);
    }
  }

  has(address: Address, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(addressText(address)) ?? 0);
  }
}
