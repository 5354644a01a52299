// Partners: the peers alive, which of them may be gossiped with, and what is known of the links to them. SPEC
// rule RP29.

import { must } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';

export interface Partner {
  readonly peer: PeerId;
  alive: boolean;
  linked: boolean;
  /** The link holds so much unsent that nothing is added. */
  busy: boolean;
  /** Met before this peer had been sent everything: its exchange is still to come. */
  passedOver: boolean;
  /** What this peer had when it sent the digest that is not answered yet. */
  asked: Asked | null;
}

interface Asked {
  readonly root: number;
  /** Whether the digest spoke of everything. */
  readonly whole: boolean;
}

export class Partners {
  readonly #known = new Map<PeerId, Partner>();
  #neighbours: ReadonlySet<PeerId> | null = null;
  /** Alive and allowed, in random order; null when it has to be made anew. */
  #pool: Partner[] | null = null;

  get count(): number {
    return this.#choice().length;
  }

  /** All that may be gossiped with, in no order. */
  all(): readonly Partner[] {
    return this.#choice();
  }

  find(peer: PeerId): Partner | null {
    return this.#known.get(peer) ?? null;
  }

  /** Whether it is alive, linked and a partner. */
  isMet(partner: Partner): boolean {
    return partner.alive && partner.linked && this.isAllowed(partner);
  }

  /** Whether the topology lets it be gossiped with. */
  isAllowed({ peer }: Partner): boolean {
    return this.#neighbours === null || this.#neighbours.has(peer);
  }

  setAlive(peer: PeerId, alive: boolean): Partner {
    const partner = this.#of(peer);
    if (partner.alive !== alive) this.#pool = null;
    partner.alive = alive;
    this.#tidy(partner);
    return partner;
  }

  setLinked(peer: PeerId, linked: boolean): Partner {
    const partner = this.#of(peer);
    partner.linked = linked;
    if (!linked) partner.busy = false;
    this.#tidy(partner);
    return partner;
  }

  restrict(neighbours: readonly PeerId[] | null): void {
    this.#neighbours = neighbours && new Set(neighbours);
    this.#pool = null;
  }

  /** Up to `count` different partners whose links are not busy. Costs O(count), without a copy of all. */
  pick(count: number, random: Random): Partner[] {
    const pool = this.#choice();
    const picked: Partner[] = [];
    for (let i = 0; i < pool.length && picked.length < count; i++) {
      const j = i + random.below(pool.length - i);
      const partner = must(pool[j], 'an index below the length');
      pool[j] = must(pool[i], 'an index below the length');
      pool[i] = partner;
      if (!partner.busy) picked.push(partner);
    }
    return picked;
  }

  #choice(): Partner[] {
    if (this.#pool === null) {
      this.#pool = [];
      for (const partner of this.#known.values()) {
        if (partner.alive && this.isAllowed(partner)) this.#pool.push(partner);
      }
    }
    return this.#pool;
  }

  #of(peer: PeerId): Partner {
    let partner = this.#known.get(peer);
    if (!partner) {
      partner = { peer, alive: false, linked: false, busy: false, passedOver: false, asked: null };
      this.#known.set(peer, partner);
    }
    return partner;
  }

  #tidy(partner: Partner): void {
    if (!partner.alive && !partner.linked) this.#known.delete(partner.peer);
  }
}
