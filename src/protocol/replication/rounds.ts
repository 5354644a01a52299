// Rounds: which partner is visited when. The partners of a round are visited one after the other, spread over the
// interval: at once, each would answer the same digest with the same deltas. SPEC rules RP28, RP29, RP32.

import type { Random } from '../../kit/random.ts';
import { NEVER, type Now } from '../../model/time.ts';
import { pullFanout, pushFanout, type ReplicationOptions } from './options.ts';
import type { Partner, Partners } from './partners.ts';

export interface Visit {
  readonly partner: Partner;
  /** Which message opens the exchange. */
  readonly kind: 'GOSSIP_STATE' | 'GET_STATE';
}

/** `calm`: both sides are expected to be equal. `busy`: this peer is being sent all it lacks, so it visits nobody. */
type Mood = 'calm' | 'active' | 'busy';

export class Rounds {
  readonly #partners: Partners;
  readonly #options: ReplicationOptions;
  readonly #random: Random;
  #count = 0;
  #roundAtMs = NEVER;
  #visits: Visit[] = [];
  #visitAtMs = 0;
  #stepMs = 0;

  constructor(partners: Partners, options: ReplicationOptions, random: Random) {
    this.#partners = partners;
    this.#options = options;
    this.#random = random;
  }

  get wakeAt(): number {
    return this.#visits.length > 0 ? Math.min(this.#roundAtMs, this.#visitAtMs) : this.#roundAtMs;
  }

  /** Rounds of different peers do not coincide, so the first comes at a random moment. */
  start(now: Now): void {
    this.#roundAtMs = now.steadyMs + this.#random.unit() * this.#options.gossipIntervalMs;
  }

  /** Whether a round begins. */
  begin(now: Now, mood: Mood): boolean {
    if (now.steadyMs < this.#roundAtMs) return false;
    const { gossipIntervalMs, pullEveryRounds } = this.#options;
    this.#roundAtMs += gossipIntervalMs;
    if (this.#roundAtMs <= now.steadyMs) this.#roundAtMs = now.steadyMs + gossipIntervalMs;
    this.#count++;
    if (mood === 'busy') return true;

    const { count } = this.#partners;
    const pushes = pushFanout(count, this.#options);
    this.#visits = this.#draw('GOSSIP_STATE', mood === 'calm' ? Math.min(1, pushes) : pushes);
    if (this.#count % pullEveryRounds === 0) {
      this.#visits.push(...this.#draw('GET_STATE', pullFanout(count, this.#options)));
    }
    this.#stepMs = gossipIntervalMs / Math.max(1, this.#visits.length);
    this.#visitAtMs = now.steadyMs;
    return true;
  }

  /** The next visit that is due. */
  next(now: Now): Visit | null {
    while (now.steadyMs >= this.#visitAtMs) {
      const visit = this.#visits.shift();
      if (!visit) return null;
      this.#visitAtMs = now.steadyMs + this.#stepMs;
      if (visit.partner.alive && !visit.partner.busy) return visit;
    }
    return null;
  }

  /** A visit at the next wake, which is due at once. */
  owe(partner: Partner): void {
    if (this.#visits.some((visit) => visit.partner === partner)) return;
    this.#visits.unshift({ partner, kind: 'GOSSIP_STATE' });
    this.#visitAtMs = 0;
  }

  #draw(kind: Visit['kind'], count: number): Visit[] {
    return this.#partners.pick(count, this.#random).map((partner) => ({ partner, kind }));
  }
}
