// Partners: the peers alive, which of them may be gossiped with, and what is known of the links to them. SPEC
// rules RP29, RP47.
//
// Links between zones are wide and few, so most partners are drawn from the own zone. Across go at least one in
// `crossZoneEvery`, and at least so many that a zone may expect to speak with each other zone once a round: then
// news crosses about as soon as it would anyhow. Never more go across than if there were no zones.

import { must } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import { type Names, PeerMap, PeerSet } from '../../model/names.ts';

export interface Partner {
  readonly peer: PeerId;
  zone: string;
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

/** Alive and allowed, `near` those of the own zone and `far` the others, each in random order. */
interface Pool {
  readonly all: readonly Partner[];
  readonly near: Partner[];
  readonly far: Partner[];
  readonly otherZones: number;
}

export class Partners {
  readonly #crossZoneEvery: number;
  readonly #known: PeerMap<Partner>;
  /** Asked of every origin whose stream moves on, so it is kept apart. */
  readonly #alive: PeerSet;
  #ownZone = '';
  #neighbours: ReadonlySet<PeerId> | null = null;
  /** Null when it has to be made anew. */
  #pool: Pool | null = null;

  /** At least one in `crossZoneEvery` partners is of another zone. */
  constructor(crossZoneEvery: number, names: Names) {
    this.#known = new PeerMap(names);
    this.#alive = new PeerSet(names);
    this.#crossZoneEvery = crossZoneEvery;
  }

  get count(): number {
    return this.#choice().all.length;
  }

  /** Whether there are at most so many; looks at few more. */
  areAtMost(most: number): boolean {
    let count = 0;
    for (const partner of this.#known.values()) {
      if (partner.alive && this.isAllowed(partner) && ++count > most) return false;
    }
    return true;
  }

  /** Those alive or linked, partners or not: about as many as there are partners, and never counted anew. */
  get known(): number {
    return this.#known.size;
  }

  /** All that may be gossiped with, in no order. */
  all(): readonly Partner[] {
    return this.#choice().all;
  }

  /** Those of the own zone, in no order. */
  near(): readonly Partner[] {
    return this.#choice().near;
  }

  get otherZones(): number {
    return this.#choice().otherZones;
  }

  standsIn(zone: string): void {
    this.#ownZone = zone;
    this.#pool = null;
  }

  find(peer: PeerId): Partner | null {
    return this.#known.get(peer) ?? null;
  }

  isAlive(peer: PeerId): boolean {
    return this.#alive.has(peer);
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
    if (alive) this.#alive.add(peer);
    else this.#alive.delete(peer);
    this.#tidy(partner);
    return partner;
  }

  setZone(peer: PeerId, zone: string): void {
    const partner = this.#known.get(peer);
    if (partner === undefined || partner.zone === zone) return;
    partner.zone = zone;
    this.#pool = null;
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
    const { near, far } = this.#choice();
    const crossShare = this.#crossShare(count);
    const picked: Partner[] = [];
    let nearDrawn = 0;
    let farDrawn = 0;
    while (picked.length < count && (nearDrawn < near.length || farDrawn < far.length)) {
      // Where there is a choice of zones; a zone that is used up leaves the rest to the others. (RP47)
      const crosses = nearDrawn === near.length || (farDrawn < far.length && random.chance(crossShare));
      const partner = crosses ? draw(far, farDrawn++, random) : draw(near, nearDrawn++, random);
      if (!partner.busy) picked.push(partner);
    }
    return picked;
  }

  /** Up to `count` different partners of other zones whose links are not busy. */
  pickFar(count: number, random: Random): Partner[] {
    const { far } = this.#choice();
    const picked: Partner[] = [];
    for (let drawn = 0; drawn < far.length && picked.length < count; drawn++) {
      const partner = draw(far, drawn, random);
      if (!partner.busy) picked.push(partner);
    }
    return picked;
  }

  #choice(): Pool {
    if (this.#pool !== null) return this.#pool;
    const all: Partner[] = [];
    for (const partner of this.#known.values()) {
      if (partner.alive && this.isAllowed(partner)) all.push(partner);
    }
    const near = all.filter(({ zone }) => zone === this.#ownZone);
    const far = all.filter(({ zone }) => zone !== this.#ownZone);
    const otherZones = new Set(far.map(({ zone }) => zone)).size;
    this.#pool = { all, near, far, otherZones };
    return this.#pool;
  }

  /** How likely one of `count` partners is drawn from another zone. (RP47) */
  #crossShare(count: number): number {
    const { all, near, far, otherZones } = this.#choice();
    const drawnInZone = (near.length + 1) * count;
    const enough = Math.max(1 / this.#crossZoneEvery, otherZones / Math.max(1, drawnInZone));
    return Math.min(enough, far.length / Math.max(1, all.length));
  }

  #of(peer: PeerId): Partner {
    let partner = this.#known.get(peer);
    if (!partner) {
      partner = { peer, zone: '', alive: false, linked: false, busy: false, passedOver: false, asked: null };
      this.#known.set(peer, partner);
    }
    return partner;
  }

  #tidy(partner: Partner): void {
    if (!partner.alive && !partner.linked) this.#known.delete(partner.peer);
  }
}

/** Swaps a random one of those from `at` on to `at`. */
function draw(pool: Partner[], at: number, random: Random): Partner {
  const other = at + random.below(pool.length - at);
  const partner = must(pool[other], 'an index below the length');
  pool[other] = must(pool[at], 'an index below the length');
  pool[at] = partner;
  return partner;
}
