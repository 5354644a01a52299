// Absent: whose origins are away, and since when. The streams of those who are away for long leave the digest, or a
// site that has seen many nodes come and go would speak of the dead for ever. What they said stays shown. SPEC rules
// RP50, RP51.

import type { PeerId } from '../../model/ids.ts';

export class Absent {
  readonly #since = new Map<PeerId, number>();
  readonly #isHere: (origin: PeerId) => boolean;

  constructor(isHere: (origin: PeerId) => boolean) {
    this.#isHere = isHere;
  }

  has(origin: PeerId): boolean {
    return !this.#isHere(origin);
  }

  came(origin: PeerId): void {
    this.#since.delete(origin);
  }

  /** It was there a moment ago, or this is the first that is heard of it. */
  heardOf(origin: PeerId, nowMs: number): void {
    if (this.has(origin)) this.#since.set(origin, nowMs);
  }

  /** Those away for so long, each once. */
  take(forMs: number, nowMs: number): readonly PeerId[] {
    const gone: PeerId[] = [];
    for (const [origin, sinceMs] of this.#since) if (nowMs - sinceMs >= forMs) gone.push(origin);
    for (const origin of gone) this.#since.delete(origin);
    return gone;
  }

  get waiting(): number {
    return this.#since.size;
  }
}
