// Where the latest committed reading of each sensor has its place. Filled by a follower of the order, off its path, so
// it may lag a little behind what is committed: then a reading has no place here yet. SPEC rule HB10.

import { type Identity, type PeerId, type SensorId, sameIdentity } from '../model/ids.ts';

export interface Placed {
  readonly sensor: SensorId;
  readonly origin: PeerId;
  readonly identity: Identity;
  readonly n: number;
  readonly sequence: number;
}

export class Places {
  readonly #capacity: number;
  readonly #byOrigin = new Map<PeerId, Map<SensorId, Placed>>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** In the order of the log: a later one of a sensor takes the place of the earlier. */
  learn(placed: Placed): void {
    let ofOrigin = this.#byOrigin.get(placed.origin);
    if (ofOrigin === undefined) {
      ofOrigin = new Map();
      this.#byOrigin.set(placed.origin, ofOrigin);
    }
    const before = ofOrigin.size;
    ofOrigin.set(placed.sensor, placed);
    this.#size += ofOrigin.size - before;
    if (this.#size > this.#capacity) this.#dropOne();
  }

  /** Sequences are those of one group: of another they begin anew. */
  clear(): void {
    this.#byOrigin.clear();
    this.#size = 0;
  }

  /** Null where that reading is not known to be the latest committed one of its sensor. */
  sequenceOf(sensor: SensorId, origin: PeerId, identity: Identity, n: number): number | null {
    const placed = this.#byOrigin.get(origin)?.get(sensor);
    if (placed === undefined || placed.n !== n || !sameIdentity(placed.identity, identity)) return null;
    return placed.sequence;
  }

  #dropOne(): void {
    for (const [origin, ofOrigin] of this.#byOrigin) {
      for (const sensor of ofOrigin.keys()) {
        ofOrigin.delete(sensor);
        if (ofOrigin.size === 0) this.#byOrigin.delete(origin);
        this.#size--;
        return;
      }
    }
  }
}
