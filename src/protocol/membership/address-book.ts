// The address book: where to look for members that are not there. It is apart from the state, small, kept over
// restarts, and outlives what is said of the dead, so that two parts of a site that were cut off from each other
// for days, or a node whose seeds are gone, still find the way back. SPEC rules MB29, MB30.

import type { Random } from '../../kit/random.ts';
import type { KnownAddress } from '../../model/durable.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';

/** Half of all looks go to the few that were seen last. */
const LATELY_SEEN = 8;

export class AddressBook {
  readonly #keptMs: number;
  /** Those that are not there, the one seen last at the end. */
  readonly #absent = new Map<PeerId, KnownAddress>();

  constructor(self: PeerId, known: readonly KnownAddress[], keptMs: number, wallMs: number) {
    this.#keptMs = keptMs;
    for (const entry of [...known].sort((a, b) => a.seenMs - b.seenMs)) {
      const isOld = wallMs - entry.seenMs > keptMs;
      if (entry.peer !== self && !isOld) this.#keep(entry);
    }
  }

  get absent(): number {
    return this.#absent.size;
  }

  /** It is there: the roster knows where. */
  present(peer: PeerId): void {
    this.#absent.delete(peer);
  }

  lost({ peer, address }: Rumour, wallMs: number): void {
    this.#keep({ peer, address, seenMs: Math.max(0, Math.round(wallMs)) });
  }

  /** The last to be seen, the latest first. */
  latest(count: number): readonly KnownAddress[] {
    return [...this.#absent.values()].slice(-count).reverse();
  }

  /** One by chance, rather one that was seen lately: of a long past, most will not come back. */
  pick(random: Random): KnownAddress | null {
    if (this.#absent.size === 0) return null;
    const pool = random.chance(0.5) ? this.latest(LATELY_SEEN) : [...this.#absent.values()];
    return random.pick(pool);
  }

  /** What is to be kept: the absent, and as many of those present. */
  page(present: Iterable<Rumour>, wallMs: number): readonly KnownAddress[] {
    const seenMs = Math.max(0, Math.round(wallMs));
    const page: KnownAddress[] = [];
    for (const { peer, address } of present) {
      if (page.length === LIMITS.addressesPresentMax) break;
      page.push({ peer, address, seenMs });
    }
    for (const entry of this.#absent.values()) {
      if (wallMs - entry.seenMs <= this.#keptMs) page.push(entry);
    }
    return page;
  }

  #keep(entry: KnownAddress): void {
    this.#absent.delete(entry.peer);
    this.#absent.set(entry.peer, entry);
    if (this.#absent.size <= LIMITS.addressesAbsentMax) return;
    const oldest = this.#absent.keys().next().value;
    if (oldest !== undefined) this.#absent.delete(oldest);
  }
}
