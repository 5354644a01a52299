// The latest reading of every sensor, with the last few values of each for its sparkline. Plain objects that are
// written in place: what shows them is told once in a while, not at every reading. SPEC rule UI4.

import type { LatestRow } from '../../../src/api/latest-row.ts';
import type { LogRow } from '../../../src/api/log-row.ts';
import { orderKey } from '../words/natural.ts';

export const POINTS_MAX = 48;
/** A sensor that speaks every `period` may miss two readings before the last one counts as stale, as at the node. */
const PERIODS_UNTIL_STALE = 3;
const STALE_AFTER_MS_WITHOUT_PERIOD = 300_000;

export interface SensorEntry {
  readonly name: string;
  /** Orders names as people do: `bed2` before `bed10`. */
  readonly key: string;
  row: LatestRow;
  /** `performance.now()` at which the reading was of age 0: the node's clock and the browser's may differ. */
  bornAt: number;
  /** The last numbers, oldest first. */
  readonly points: number[];
  /** `performance.now()` of its last change while this page looked; 0 for none. */
  changedAt: number;
  /** Its place in the order; null while it has none that is known here. */
  sequence: number | null;
}

export class SensorBook {
  readonly #entries = new Map<string, SensorEntry>();
  /** Up to which n each origin's readings have their places. */
  #committed: ReadonlyMap<string, number> = new Map();
  #gone: ReadonlySet<string> = new Set();
  #known: ReadonlyMap<string, { readonly stale_after_ms: number }> = new Map();
  /** Counts what changed which sensors there are. */
  names = 0;
  /** Counts readings. */
  changes = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): SensorEntry | undefined {
    return this.#entries.get(name);
  }

  entries(): Iterable<SensorEntry> {
    return this.#entries.values();
  }

  replace(rows: readonly LatestRow[]): void {
    const kept = new Set(rows.map(({ sensor }) => sensor));
    for (const name of [...this.#entries.keys()]) if (!kept.has(name)) this.forget(name);
    for (const row of rows) this.#put(row, false);
  }

  update(row: LatestRow): void {
    this.changes++;
    this.#put(row, true);
  }

  forget(name: string): void {
    if (this.#entries.delete(name)) this.names++;
  }

  /** What the order says of readings that are shown. */
  ordered(rows: readonly LogRow[]): void {
    for (const { sensor, origin, n, sequence } of rows) {
      const entry = this.#entries.get(sensor);
      if (entry && entry.row.origin === origin && entry.row.n === n) entry.sequence = sequence;
    }
  }

  setCommitted(committed: ReadonlyMap<string, number>): void {
    this.#committed = committed;
  }

  /** Origins whose readings will not be renewed. */
  setGone(gone: ReadonlySet<string>): void {
    this.#gone = gone;
  }

  isCommitted({ row, sequence }: SensorEntry): boolean {
    if (sequence !== null || row.commit === 'committed') return true;
    return row.n <= (this.#committed.get(row.origin) ?? 0);
  }

  isStale(entry: SensorEntry, now: number): boolean {
    return now - entry.bornAt > this.staleAfterMs(entry) || this.#gone.has(entry.row.origin);
  }

  staleAfterMs({ name, row }: SensorEntry): number {
    const learned = this.#known.get(name);
    if (learned !== undefined) return learned.stale_after_ms;
    return row.period_ms > 0 ? row.period_ms * PERIODS_UNTIL_STALE : STALE_AFTER_MS_WITHOUT_PERIOD;
  }

  /** After how long a silence each sensor counts as stale, as the site has learned it. */
  setStaleAfter(known: ReadonlyMap<string, { readonly stale_after_ms: number }>): void {
    this.#known = known;
  }

  #put(row: LatestRow, isNews: boolean): void {
    const now = performance.now();
    let entry = this.#entries.get(row.sensor);
    if (entry === undefined) {
      entry = {
        name: row.sensor,
        key: orderKey(row.sensor),
        row,
        bornAt: 0,
        points: [],
        changedAt: 0,
        sequence: null,
      };
      this.#entries.set(row.sensor, entry);
      this.names++;
    }
    // Everything is read anew after a change of nodes; what is known by then is no further point.
    const isOther = entry.row.n !== row.n || entry.row.ts_ms !== row.ts_ms || entry.points.length === 0;
    if (isOther) {
      const number = firstNumber(row.value);
      if (number !== null) entry.points.push(number);
      if (entry.points.length > POINTS_MAX) entry.points.shift();
    }
    if (isNews) entry.changedAt = now;
    if (entry.row.n !== row.n || entry.row.origin !== row.origin) entry.sequence = null;
    entry.sequence = row.sequence ?? entry.sequence;
    entry.row = row;
    entry.bornAt = now - row.age_ms;
  }
}

/** What a sparkline can show of a value: the number, a switch as 0 and 1, or the first such field. */
function firstNumber(value: LatestRow['value']): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') return null;
  for (const field of Object.values(value)) if (typeof field === 'number') return field;
  return null;
}
