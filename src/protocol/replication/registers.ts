// Registers: for each sensor the last record of its state (reading or tombstone) and the last of its meta, in one
// list in rising `n`. So the changes after an `n` are found from the newest end in as many steps as there are
// changes, however many sensors there are (scuttlebutt, van Renesse 2008). SPEC rules RP1-RP3.
//
// The surprise: there is no object for a register. A cluster of a thousand peers has millions of them, nearly all
// in streams of a few sensors, where a look through the list is as fast as a map. Only a long list gets an index,
// and then leaves holes where records were superseded, so that the others keep their places.

import { assert } from '../../kit/assert.ts';
import type { SensorId } from '../../model/ids.ts';
import type { MetaRecord, ReadingRecord, Record, TombstoneRecord } from '../../model/reading.ts';
import type { Stream } from './stream.ts';

/** What a sensor's state can be: these two compete for one register. */
export type StateRecord = ReadingRecord | TombstoneRecord;

/** What became of a record: `opened` and `replaced` hold it in a register, `older` was there already. */
export type Put = 'opened' | 'replaced' | 'older';

/** Longer lists have an index. */
const UNINDEXED_MAX = 24;
/** An indexed list is written anew once it has more holes than records, and at least so many. */
const HOLES_MIN = 64;

interface Index {
  readonly states: Map<SensorId, number>;
  readonly metas: Map<SensorId, number>;
}

export class Registers {
  readonly stream: Stream;
  /** Among the homes of sensors; 0 for none. */
  number = 0;
  /** Rising in `n`; null where an indexed list has a hole. */
  #list: (Record | null)[] = [];
  #index: Index | null = null;
  #size = 0;
  #sensors = 0;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  get sensors(): number {
    return this.#sensors;
  }

  get size(): number {
    return this.#size;
  }

  get oldest(): Record | null {
    for (const record of this.#list) if (record !== null) return record;
    return null;
  }

  state(sensor: SensorId): StateRecord | null {
    return this.#at(this.#placeOf(sensor, false)) as StateRecord | null;
  }

  meta(sensor: SensorId): MetaRecord | null {
    return this.#at(this.#placeOf(sensor, true)) as MetaRecord | null;
  }

  has(sensor: SensorId): boolean {
    return this.#placeOf(sensor, false) >= 0 || this.#placeOf(sensor, true) >= 0;
  }

  /** Takes a record into its register, unless a later one is there. */
  put(record: Record): Put {
    const isMeta = record.kind === 'meta';
    const place = this.#placeOf(record.sensor, isMeta);
    if (place < 0) {
      if (this.#placeOf(record.sensor, !isMeta) < 0) this.#sensors++;
      this.#add(record, isMeta);
      return 'opened';
    }
    const list = this.#list;
    if ((list[place] as Record).n >= record.n) return 'older';
    if (this.#index === null && (list[list.length - 1] as Record).n < record.n) {
      // As it nearly always is: those above move down, and the list stays as long as it is.
      for (let i = place + 1; i < list.length; i++) list[i - 1] = list[i] as Record;
      list[list.length - 1] = record;
      return 'replaced';
    }
    this.#take(place);
    this.#add(record, isMeta);
    return 'replaced';
  }

  /** Whether this very change, by its `n`, is what a register holds. */
  holds(record: Record): boolean {
    return this.#at(this.#placeOf(record.sensor, record.kind === 'meta'))?.n === record.n;
  }

  dropState(sensor: SensorId): void {
    this.#drop(sensor, false);
  }

  dropMeta(sensor: SensorId): void {
    this.#drop(sensor, true);
  }

  /** Those whose `n` is above the given one. */
  after(n: number): Record[] {
    const first = this.#placeAfter(n);
    if (this.#index === null) return this.#list.slice(first) as Record[];
    const records: Record[] = [];
    for (let i = first; i < this.#list.length; i++) {
      const record = this.#list[i] as Record | null;
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** How many have an `n` above the given one. */
  countAfter(n: number): number {
    let count = 0;
    for (let i = this.#list.length - 1; i >= 0; i--) {
      const record = this.#list[i] as Record | null;
      if (record === null) continue;
      if (record.n <= n) break;
      count++;
    }
    return count;
  }

  records(): Record[] {
    if (this.#index === null) return this.#list.slice() as Record[];
    const records: Record[] = [];
    for (const record of this.#list) if (record !== null) records.push(record);
    return records;
  }

  /** Where those begin whose `n` is above the given one. */
  #placeAfter(n: number): number {
    let first = this.#list.length;
    for (let i = first - 1; i >= 0; i--) {
      const record = this.#list[i] as Record | null;
      if (record === null) continue;
      if (record.n <= n) break;
      first = i;
    }
    return first;
  }

  #at(place: number): Record | null {
    return place < 0 ? null : (this.#list[place] as Record | null);
  }

  #placeOf(sensor: SensorId, isMeta: boolean): number {
    if (this.#index !== null) {
      return (isMeta ? this.#index.metas : this.#index.states).get(sensor) ?? -1;
    }
    const list = this.#list;
    // What is superseded next is mostly what was written longest ago.
    for (let i = 0; i < list.length; i++) {
      const record = list[i] as Record;
      if (record.sensor === sensor && (record.kind === 'meta') === isMeta) return i;
    }
    return -1;
  }

  #drop(sensor: SensorId, isMeta: boolean): void {
    const place = this.#placeOf(sensor, isMeta);
    if (place < 0) return;
    this.#take(place);
    // It may hold what was dropped.
    this.stream.lastDelta = null;
    if (!this.has(sensor)) this.#sensors--;
  }

  /** Records nearly always come in rising `n`, so the search for the place ends where it begins. */
  #add(record: Record, isMeta: boolean): void {
    const list = this.#list;
    this.#size++;
    const after = this.#placeAfter(record.n);
    if (after === list.length && this.#index !== null) {
      list.push(record);
      indexed(this.#index, record, list.length - 1);
      return;
    }
    // A copy is as long as it has to be, where a list that is pushed to takes room for sixteen more.
    this.#list = list.toSpliced(after, 0, record);
    if (this.#list.length > UNINDEXED_MAX) this.#rewrite();
    assert(this.#placeOf(record.sensor, isMeta) >= 0, 'what was added is found');
  }

  #take(place: number): void {
    this.#size--;
    const list = this.#list;
    if (this.#index === null) {
      for (let i = place + 1; i < list.length; i++) list[i - 1] = list[i] as Record;
      list.pop();
      return;
    }
    const record = list[place] as Record;
    (record.kind === 'meta' ? this.#index.metas : this.#index.states).delete(record.sensor);
    list[place] = null;
    if (list.length > 2 * this.#size + HOLES_MIN) this.#rewrite();
  }

  /** Without holes, and with an index where the list is long. */
  #rewrite(): void {
    this.#list = this.records();
    if (this.#list.length <= UNINDEXED_MAX) {
      this.#index = null;
      return;
    }
    this.#index = { states: new Map(), metas: new Map() };
    for (let i = 0; i < this.#list.length; i++) indexed(this.#index, this.#list[i] as Record, i);
  }
}

function indexed(index: Index, record: Record, place: number): void {
  if (record.kind === 'meta') index.metas.set(record.sensor, place);
  else index.states.set(record.sensor, place);
}
