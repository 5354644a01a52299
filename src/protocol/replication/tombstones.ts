// Tombstones: which registers hold one, in rising `n`, so that those that have had their time are found without a
// search. How long each stays is counted in changes of its stream and not by a clock: it is dropped in the very step
// in which the stream has gone far enough, so that all who have as much of a stream have dropped the same. SPEC rule
// RP15.

import type { SensorId } from '../../model/ids.ts';
import type { Registers, StateRecord } from './registers.ts';

export class Tombstones {
  readonly #span: number;
  /** What holds a tombstone, or lately held one, with its `n`. */
  readonly #of = new Map<Registers, Map<SensorId, number>>();

  /** Each stays for so many changes of its stream. */
  constructor(span: number) {
    this.#span = span;
  }

  get count(): number {
    let count = 0;
    for (const sensors of this.#of.values()) count += sensors.size;
    return count;
  }

  note(home: Registers, { sensor, n }: StateRecord): void {
    const sensors = this.#of.get(home);
    if (sensors === undefined) this.#of.set(home, new Map([[sensor, n]]));
    else {
      // Moves to the end, where the highest are.
      sensors.delete(sensor);
      sensors.set(sensor, n);
    }
  }

  release(home: Registers): void {
    this.#of.delete(home);
  }

  /** Those of registers that have had their time once their stream is at `upto`; each is told once. */
  takeSpent(home: Registers, upto: number): readonly StateRecord[] {
    const sensors = this.#of.get(home);
    if (sensors === undefined) return NONE;
    const spent: StateRecord[] = [];
    for (const [sensor, n] of sensors) {
      if (n > upto - this.#span) break;
      sensors.delete(sensor);
      const state = home.state(sensor);
      if (state?.kind === 'tombstone' && state.n === n) spent.push(state);
    }
    if (sensors.size === 0) this.#of.delete(home);
    return spent;
  }
}

const NONE: readonly StateRecord[] = [];
