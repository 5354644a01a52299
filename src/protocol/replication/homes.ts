// Homes: which registers hold a state of a sensor. Nearly every sensor has one home, and a cluster has millions of
// sensors over all its peers, so a home is a number of two bytes in an open hash table. SPEC rule RP10.
//
// The surprise: the table does not say whose an entry is. Who looks a sensor up asks each home it meets whether it
// holds that sensor, so an entry that is another sensor's costs a look and never a wrong answer.

import { assert } from '../../kit/assert.ts';
import type { SensorId } from '../../model/ids.ts';
import type { Record } from '../../model/reading.ts';
import { hashText } from './hash.ts';
import type { Registers } from './registers.ts';

const FREE = 0;
/** Was an entry: a search goes on past it. */
const GONE = 0xffff;
const SLOTS_MIN = 16;

export class Homes {
  /** By number less one; null where a number is free. */
  readonly #homes: (Registers | null)[] = [];
  readonly #freeNumbers: number[] = [];
  #slots = new Uint16Array(SLOTS_MIN);
  /** Slots that are not free. */
  #used = 0;

  /** Those that hold, or held, a state. */
  *all(): Iterable<Registers> {
    for (const home of this.#homes) if (home !== null) yield home;
  }

  /** The registers hold a state of a sensor of which they held none. */
  add(sensor: SensorId, home: Registers): void {
    const number = this.#numberOf(home);
    if ((this.#used + 1) * 4 > this.#slots.length * 3) this.#rebuild();
    else this.#insert(sensor, number);
  }

  /** The registers hold no state of the sensor any more. */
  remove(sensor: SensorId, home: Registers): void {
    const { number } = home;
    const slots = this.#slots;
    let slot = this.#slotOf(sensor);
    while (slots[slot] !== number) {
      assert(slots[slot] !== FREE, 'what is removed is on its path');
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
    slots[slot] = GONE;
  }

  /** The registers hold nothing any more. */
  release(home: Registers): void {
    if (home.number === 0) return;
    this.#homes[home.number - 1] = null;
    this.#freeNumbers.push(home.number);
    home.number = 0;
  }

  /** One that holds a state of the sensor, `other` left out. */
  first(sensor: SensorId, other: Registers | null): Registers | null {
    const slots = this.#slots;
    for (let slot = this.#slotOf(sensor); slots[slot] !== FREE; ) {
      const home = this.#homeAt(slot);
      if (home !== null && home !== other && home.state(sensor) !== null) return home;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
    return null;
  }

  #homeAt(slot: number): Registers | null {
    const number = this.#slots[slot] as number;
    return number === GONE ? null : (this.#homes[number - 1] ?? null);
  }

  #numberOf(home: Registers): number {
    if (home.number === 0) {
      home.number = this.#freeNumbers.pop() ?? this.#homes.length + 1;
      assert(home.number < GONE, 'there are fewer homes than numbers');
      this.#homes[home.number - 1] = home;
    }
    return home.number;
  }

  /** Without what is gone, and twice as large as it has to be; what is being added is held already. */
  #rebuild(): void {
    let states = 0;
    for (const home of this.all()) for (const _ of statesOf(home)) states++;
    this.#slots = new Uint16Array(Math.max(SLOTS_MIN, Math.ceil(states * 2)));
    this.#used = 0;
    for (const home of this.all()) for (const { sensor } of statesOf(home)) this.#insert(sensor, home.number);
  }

  #insert(sensor: SensorId, number: number): void {
    const slots = this.#slots;
    let slot = this.#slotOf(sensor);
    while (slots[slot] !== FREE) slot = slot + 1 === slots.length ? 0 : slot + 1;
    slots[slot] = number;
    this.#used++;
  }

  #slotOf(sensor: SensorId): number {
    return (hashText(sensor, 0) >>> 0) % this.#slots.length;
  }
}

function statesOf(home: Registers): Record[] {
  return home.records().filter(({ kind }) => kind !== 'meta');
}
