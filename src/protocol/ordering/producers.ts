// How far the log has each producer: what makes a record enter the order once. A function of the log, kept for the
// whole of it and for its committed part. SPEC rules OR7-OR9.

import { compareText } from '../../kit/order.ts';
import type { StreamName } from '../../model/durable.ts';
import type { Entry, EntryBody, ProducerRow } from '../../model/entry.ts';
import { compareIdentities, type PeerId, sameIdentity } from '../../model/ids.ts';

export interface Producer {
  readonly name: StreamName;
  /** Of the whole log, uncommitted entries included. */
  lastN: number;
  lastIndex: number;
  retired: boolean;
  committedN: number;
  committedIndex: number;
  committedRetired: boolean;
}

export class Producers {
  readonly #byOrigin = new Map<PeerId, Producer[]>();
  #size = 0;

  constructor(rows: readonly ProducerRow[]) {
    for (const row of rows) {
      const producer = this.#row(row);
      producer.lastN = row.lastN;
      producer.lastIndex = row.lastIndex;
      producer.retired = row.retired;
      settle(producer);
    }
  }

  get size(): number {
    return this.#size;
  }

  of(name: StreamName): Producer | undefined {
    return this.#byOrigin
      .get(name.origin)
      ?.find(({ name: known }) => sameIdentity(known.identity, name.identity));
  }

  /** The highest n in the log, committed or not. */
  lastN(name: StreamName): number {
    return this.of(name)?.lastN ?? 0;
  }

  committedN(name: StreamName): number {
    return this.of(name)?.committedN ?? 0;
  }

  /** Whether an entry with this body may follow. */
  fits(body: EntryBody): boolean {
    if (body.kind !== 'data' && body.kind !== 'gap') return true;
    const known = this.of(body.producer);
    return known === undefined ? body.firstN === 1 : !known.retired && body.firstN === known.lastN + 1;
  }

  append({ body, index }: Entry): void {
    if (body.kind !== 'data' && body.kind !== 'gap' && body.kind !== 'retire') return;
    const row = this.#row(body.producer);
    row.lastIndex = index;
    if (body.kind === 'retire') row.retired = true;
    else row.lastN = body.lastN;
  }

  commit({ body, index }: Entry): void {
    if (body.kind !== 'data' && body.kind !== 'gap' && body.kind !== 'retire') return;
    const row = this.#row(body.producer);
    row.committedIndex = index;
    if (body.kind === 'retire') row.committedRetired = true;
    else row.committedN = body.lastN;
  }

  /** The log was cut: of what is not committed, only these entries are left. */
  recall(uncommitted: Iterable<Entry>): void {
    for (const rows of this.#byOrigin.values()) {
      for (const row of rows) {
        row.lastN = row.committedN;
        row.lastIndex = row.committedIndex;
        row.retired = row.committedRetired;
      }
    }
    for (const entry of uncommitted) this.append(entry);
  }

  /** The committed rows, in the order of their names. */
  rows(): ProducerRow[] {
    const rows: ProducerRow[] = [];
    for (const of of this.#byOrigin.values()) {
      for (const { name, committedN, committedIndex, committedRetired } of of) {
        if (committedIndex === 0) continue;
        rows.push({ ...name, lastN: committedN, lastIndex: committedIndex, retired: committedRetired });
      }
    }
    return rows.sort((a, b) => compareText(a.origin, b.origin) || compareIdentities(a.identity, b.identity));
  }

  namesOf(origin: PeerId): readonly Producer[] {
    return this.#byOrigin.get(origin) ?? [];
  }

  #row(name: StreamName): Producer {
    const known = this.of(name);
    if (known !== undefined) return known;
    const { origin, identity } = name;
    const row: Producer = {
      name: { origin, identity },
      lastN: 0,
      lastIndex: 0,
      retired: false,
      committedN: 0,
      committedIndex: 0,
      committedRetired: false,
    };
    const rows = this.#byOrigin.get(origin);
    if (rows === undefined) this.#byOrigin.set(origin, [row]);
    else rows.push(row);
    this.#size++;
    return row;
  }
}

function settle(row: Producer): void {
  row.committedN = row.lastN;
  row.committedIndex = row.lastIndex;
  row.committedRetired = row.retired;
}
