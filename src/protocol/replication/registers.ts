// Registers: for each sensor the last record of its state (reading or tombstone) and the last of its meta, all of
// them threaded on one list in rising `n`. So the changes after an `n` are found from the newest end in as many
// steps as there are changes, however many sensors there are (scuttlebutt, van Renesse 2008). SPEC rules RP1-RP3.

import type { SensorId } from '../../model/ids.ts';
import type { MetaRecord, ReadingRecord, Record, TombstoneRecord } from '../../model/reading.ts';
import { recordBytes } from '../../wire/records.ts';
import type { Stream } from './stream.ts';

/** What a sensor's state can be: these two compete for one slot. */
export type StateRecord = ReadingRecord | TombstoneRecord;

/** A record in its place in the list. When a later one takes its slot, the register moves to the newest end. */
export class Register<R extends Record = Record> {
  record: R;
  older: Register | null = null;
  newer: Register | null = null;
  /** 0: not measured yet. */
  #bytes = 0;

  constructor(record: R) {
    this.record = record;
  }

  get bytes(): number {
    if (this.#bytes === 0) this.#bytes = recordBytes(this.record);
    return this.#bytes;
  }

  hold(record: R): void {
    this.record = record;
    this.#bytes = 0;
  }
}

/** What one stream has of one sensor. */
export class Slots {
  readonly home: Registers;
  readonly sensor: SensorId;
  state: Register<StateRecord> | null = null;
  meta: Register<MetaRecord> | null = null;

  constructor(home: Registers, sensor: SensorId) {
    this.home = home;
    this.sensor = sensor;
  }
}

export class Registers {
  readonly stream: Stream;
  readonly #slots = new Map<SensorId, Slots>();
  #oldest: Register | null = null;
  #newest: Register | null = null;
  #size = 0;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  get sensors(): number {
    return this.#slots.size;
  }

  get size(): number {
    return this.#size;
  }

  get oldest(): Register | null {
    return this.#oldest;
  }

  slots(): Iterable<Slots> {
    return this.#slots.values();
  }

  slotsOf(sensor: SensorId): Slots | null {
    return this.#slots.get(sensor) ?? null;
  }

  /** Takes a record into its slot; null when a later one is there. */
  put(record: Record): Slots | null {
    const slots = this.#slots.get(record.sensor) ?? this.#open(record.sensor);
    if (record.kind === 'meta') {
      if (slots.meta === null) slots.meta = this.#added(record);
      else if (!this.#replaced(slots.meta, record)) return null;
    } else if (slots.state === null) slots.state = this.#added(record);
    else if (!this.#replaced(slots.state, record)) return null;
    return slots;
  }

  /** Whether this very change, by its `n`, is what a slot holds. */
  holds(record: Record): boolean {
    const slots = this.#slots.get(record.sensor);
    const register = record.kind === 'meta' ? slots?.meta : slots?.state;
    return register?.record.n === record.n;
  }

  dropState(slots: Slots): void {
    if (slots.state === null) return;
    this.#unlink(slots.state);
    slots.state = null;
    this.#closeIfEmpty(slots);
  }

  dropMeta(slots: Slots): void {
    if (slots.meta === null) return;
    this.#unlink(slots.meta);
    slots.meta = null;
    this.#closeIfEmpty(slots);
  }

  /** The register of the lowest `n` above the given one. */
  firstAfter(n: number): Register | null {
    let first: Register | null = null;
    for (let it = this.#newest; it !== null && it.record.n > n; it = it.older) first = it;
    return first;
  }

  records(): Record[] {
    const records: Record[] = [];
    for (let it = this.#oldest; it !== null; it = it.newer) records.push(it.record);
    return records;
  }

  #open(sensor: SensorId): Slots {
    const slots = new Slots(this, sensor);
    this.#slots.set(sensor, slots);
    return slots;
  }

  #closeIfEmpty(slots: Slots): void {
    if (slots.state === null && slots.meta === null) this.#slots.delete(slots.sensor);
  }

  #added<R extends Record>(record: R): Register<R> {
    const register = new Register(record);
    this.#link(register);
    return register;
  }

  #replaced<R extends Record>(register: Register<R>, record: R): boolean {
    if (register.record.n >= record.n) return false;
    this.#unlink(register);
    register.hold(record);
    this.#link(register);
    return true;
  }

  /** Records nearly always come in rising `n`, so the search for the place ends where it begins. */
  #link(register: Register): void {
    let older = this.#newest;
    while (older !== null && older.record.n > register.record.n) older = older.older;
    register.older = older;
    register.newer = older === null ? this.#oldest : older.newer;
    if (register.newer === null) this.#newest = register;
    else register.newer.older = register;
    if (older === null) this.#oldest = register;
    else older.newer = register;
    this.#size++;
  }

  #unlink(register: Register): void {
    if (register.older === null) this.#oldest = register.newer;
    else register.older.newer = register.newer;
    if (register.newer === null) this.#newest = register.older;
    else register.newer.older = register.older;
    register.older = null;
    register.newer = null;
    this.#size--;
  }
}
