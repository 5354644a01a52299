// Names: small numbers for the ids of peers, and maps and sets by such numbers. Each peer keeps several things of each other
// peer; in an array they are found in one step, and take a word instead of an entry of a hash table. A number is free
// again once nobody holds its id, so the numbers stay as few as the ids that are in use.
//
// The surprise: the simulated peers of one process share one table. A large cluster keeps millions of things of others,
// and what decides how fast it runs is how much memory a look at one of them touches.

import { must } from '../kit/assert.ts';
import type { PeerId } from './ids.ts';

export class Names {
  readonly #numbers = new Map<PeerId, number>();
  readonly #ids: PeerId[] = [];
  /** How many maps hold the id of each number. */
  readonly #holders: number[] = [];
  readonly #free: number[] = [];
  /** Asked for last: what is done about a peer mostly asks for it several times in a row. */
  #lastId: PeerId | null = null;
  #lastNumber = -1;

  /** -1 for an id that nobody holds. */
  find(id: PeerId): number {
    if (id === this.#lastId) return this.#lastNumber;
    this.#lastId = id;
    this.#lastNumber = this.#numbers.get(id) ?? -1;
    return this.#lastNumber;
  }

  idOf(number: number): PeerId {
    return must(this.#ids[number], 'a number is that of an id');
  }

  /** One more holder. */
  hold(id: PeerId): number {
    let number = this.find(id);
    if (number < 0) {
      number = this.#free.pop() ?? this.#ids.length;
      this.#numbers.set(id, number);
      this.#lastId = null;
      this.#ids[number] = id;
      this.#holders[number] = 0;
    }
    this.#holders[number] = (this.#holders[number] as number) + 1;
    return number;
  }

  release(number: number): void {
    const left = (this.#holders[number] as number) - 1;
    this.#holders[number] = left;
    if (left > 0) return;
    this.#numbers.delete(this.idOf(number));
    this.#lastId = null;
    this.#free.push(number);
  }
}

/** A map by peer; walked in the order of numbers, which is mostly the order in which ids were first heard. */
export class PeerMap<T extends object> {
  readonly #names: Names;
  readonly #values: (T | null)[] = [];
  #size = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  get size(): number {
    return this.#size;
  }

  get(id: PeerId): T | undefined {
    const number = this.#names.find(id);
    return number < 0 ? undefined : (this.#values[number] ?? undefined);
  }

  set(id: PeerId, value: T): void {
    const values = this.#values;
    let number = this.#names.find(id);
    if (number < 0 || (values[number] ?? null) === null) {
      number = this.#names.hold(id);
      this.#size++;
      // Without gaps, which would make a slow array of it.
      while (values.length <= number) values.push(null);
    }
    values[number] = value;
  }

  delete(id: PeerId): void {
    const number = this.#names.find(id);
    if (number < 0 || (this.#values[number] ?? null) === null) return;
    this.#values[number] = null;
    this.#size--;
    this.#names.release(number);
  }

  *keys(): Generator<PeerId> {
    for (let number = 0; number < this.#values.length; number++) {
      if (this.#values[number] !== null) yield this.#names.idOf(number);
    }
  }

  *values(): Generator<T> {
    for (const value of this.#values) if (value !== null) yield value;
  }
}

const SET_AT_FIRST = 16;

/** A set of peers, a byte for each; walked in the order of numbers. */
export class PeerSet {
  readonly #names: Names;
  #has = new Uint8Array(SET_AT_FIRST);

  constructor(names: Names) {
    this.#names = names;
  }

  has(id: PeerId): boolean {
    const number = this.#names.find(id);
    return number >= 0 && this.#has[number] === 1;
  }

  add(id: PeerId): void {
    if (this.has(id)) return;
    const number = this.#names.hold(id);
    if (number >= this.#has.length) {
      const longer = new Uint8Array(2 * (number + 1));
      longer.set(this.#has);
      this.#has = longer;
    }
    this.#has[number] = 1;
  }

  /** Whether it was in. */
  delete(id: PeerId): boolean {
    if (!this.has(id)) return false;
    const number = this.#names.find(id);
    this.#has[number] = 0;
    this.#names.release(number);
    return true;
  }

  *[Symbol.iterator](): Generator<PeerId> {
    for (let number = 0; number < this.#has.length; number++) {
      if (this.#has[number] === 1) yield this.#names.idOf(number);
    }
  }
}
