// Rumours on their way to others: each is passed on a bounded number of times, the least told first (SWIM
// §4.1). What this peer says of itself comes before all else, since refutations race with deaths. SPEC rules
// MB5, MB6.

import type { PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';

export class RumourQueue {
  readonly #self: PeerId;
  /** By how often they were passed on. One rumour a peer, so there are never more than members. */
  readonly #told: Map<PeerId, Rumour>[] = [];
  readonly #times = new Map<PeerId, number>();

  constructor(self: PeerId) {
    this.#self = self;
  }

  get size(): number {
    return this.#times.size;
  }

  /** Begins to spread it, in place of what was said of that peer before. */
  put(rumour: Rumour): void {
    this.remove(rumour.peer);
    this.#keep(rumour, 0);
  }

  remove(peer: PeerId): void {
    const times = this.#times.get(peer);
    if (times === undefined) return;
    this.#told[times]?.delete(peer);
    this.#times.delete(peer);
  }

  /** The rumours for one packet. Each is passed on at most `timesMax` times in all. */
  take(countMax: number, timesMax: number): Rumour[] {
    const taken: Rumour[] = [];
    const own = this.#ownRumour();
    if (own !== undefined && countMax > 0) taken.push(own);
    for (const level of this.#told) {
      for (const rumour of level.values()) {
        if (taken.length >= countMax) break;
        if (rumour !== own) taken.push(rumour);
      }
      if (taken.length >= countMax) break;
    }
    for (const rumour of taken) this.#passedOn(rumour, timesMax);
    return taken;
  }

  #ownRumour(): Rumour | undefined {
    const times = this.#times.get(this.#self);
    return times === undefined ? undefined : this.#told[times]?.get(this.#self);
  }

  #passedOn(rumour: Rumour, timesMax: number): void {
    const times = (this.#times.get(rumour.peer) ?? 0) + 1;
    this.remove(rumour.peer);
    if (times < timesMax) this.#keep(rumour, times);
  }

  #keep(rumour: Rumour, times: number): void {
    let level = this.#told[times];
    while (level === undefined) {
      this.#told.push(new Map());
      level = this.#told[times];
    }
    level.set(rumour.peer, rumour);
    this.#times.set(rumour.peer, times);
  }
}
