// Where readings become records: each takes the origin's next `n`, is judged against the clock once, and what
// the input says of unit and period becomes a change of its own when it differs. SPEC rules PR1-PR4.

import type { Batch } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading, ReadingRecord, Record } from '../model/reading.ts';

export interface Meta {
  readonly unit: string;
  readonly periodMs: number;
}

/** Records with their numbers, and the unit of each one's sensor where any has one. */
export type Taken = Pick<Batch, 'records' | 'units'>;

export interface IntakeOptions {
  readonly maxClockSkewMs: number;
  /** The time with which the tombstone competes that hides a sensor here; null where none does. */
  readonly forgottenTsMs: (sensor: SensorId) => number | null;
}

export class Intake {
  readonly #maxClockSkewMs: number;
  readonly #forgottenTsMs: (sensor: SensorId) => number | null;
  /** What has been assigned, durable or not: the next record takes `#lastN + 1`. */
  #lastN = 0;
  /** Every sensor with an own record, and its meta as assigned. */
  readonly #metas = new Map<SensorId, Meta>();

  constructor(options: IntakeOptions) {
    this.#maxClockSkewMs = options.maxClockSkewMs;
    this.#forgottenTsMs = options.forgottenTsMs;
  }

  get lastN(): number {
    return this.#lastN;
  }

  /** Continues after own records found on the disk, in rising `n`. */
  resume(records: readonly Record[], lastN: number): void {
    for (const record of records) this.#know(record);
    this.#lastN = Math.max(this.#lastN, lastN);
  }

  /** A new identity counts from 1 again. */
  restart(): void {
    this.#lastN = 0;
    this.#metas.clear();
  }

  /** Null when the origin may have no more sensors: then nothing was taken. */
  take(readings: readonly Reading[], ingestTsMs: number, announce: (fact: Fact) => void): Taken | null {
    if (this.#wouldOverflow(readings)) return null;

    const records: Record[] = [];
    const units: string[] = [];
    let anyUnit = false;
    for (const reading of readings) {
      const { sensor } = reading;
      const known = this.#metas.get(sensor);
      const changed = changedMeta(reading, known ?? NO_META);
      const meta = changed ?? known ?? NO_META;
      if (changed) {
        records.push({ kind: 'meta', n: ++this.#lastN, sensor, ...changed });
        units.push(meta.unit);
      }
      records.push(this.#judge(reading, ingestTsMs, announce));
      units.push(meta.unit);
      if (meta.unit !== '') anyUnit = true;
      if (meta !== known) this.#metas.set(sensor, meta);
    }
    return anyUnit ? { records, units } : { records };
  }

  /**
   * Forgets unit and period by a change of their own: a tombstone that is superseded soon may never reach others,
   * and what they show must not depend on it. (PR4)
   */
  forget(sensors: readonly SensorId[], lwwTsMs: number): Record[] {
    return sensors.flatMap((sensor): Record[] => {
      const { unit, periodMs } = this.#metas.get(sensor) ?? NO_META;
      this.#metas.delete(sensor);
      const hasMeta = unit !== '' || periodMs !== 0;
      const cleared: Record[] = hasMeta ? [{ kind: 'meta', n: ++this.#lastN, sensor, ...NO_META }] : [];
      return [...cleared, { kind: 'tombstone', n: ++this.#lastN, sensor, lwwTsMs }];
    });
  }

  /** The same changes under own numbers that follow on: for records first written under another identity. */
  renumber(records: readonly Record[]): Taken {
    const units: string[] = [];
    const renumbered = records.map((record) => {
      const one = { ...record, n: ++this.#lastN };
      this.#know(one);
      units.push(this.#metas.get(one.sensor)?.unit ?? '');
      return one;
    });
    return units.some((unit) => unit !== '') ? { records: renumbered, units } : { records: renumbered };
  }

  #know(record: Record): void {
    if (record.kind === 'tombstone') this.#metas.delete(record.sensor);
    else if (record.kind === 'meta') {
      this.#metas.set(record.sensor, { unit: record.unit, periodMs: record.periodMs });
    } else if (!this.#metas.has(record.sensor)) this.#metas.set(record.sensor, NO_META);
    this.#lastN = Math.max(this.#lastN, record.n);
  }

  /** The time that competes is never ahead of the arrival by more than the allowed skew. (PR3) */
  #judge(reading: Reading, ingestTsMs: number, announce: (fact: Fact) => void): ReadingRecord {
    const tsMs = reading.tsMs ?? ingestTsMs;
    // A forgotten sensor is back once it speaks, whatever time it gives. (HB6)
    const forgottenTsMs = this.#forgottenTsMs(reading.sensor);
    const guardedTsMs = Math.min(tsMs, ingestTsMs + this.#maxClockSkewMs);
    const lwwTsMs = forgottenTsMs === null ? guardedTsMs : Math.max(guardedTsMs, forgottenTsMs + 1);
    if (lwwTsMs < tsMs) {
      announce({ type: 'clock-suspect', sensor: reading.sensor, aheadMs: tsMs - ingestTsMs });
    }
    const { sensor, value } = reading;
    return { kind: 'reading', n: ++this.#lastN, sensor, value, tsMs, ingestTsMs, lwwTsMs };
  }

  #wouldOverflow(readings: readonly Reading[]): boolean {
    if (this.#metas.size + readings.length <= LIMITS.sensorsPerOriginMax) return false;
    const added = new Set<SensorId>();
    for (const { sensor } of readings) if (!this.#metas.has(sensor)) added.add(sensor);
    return this.#metas.size + added.size > LIMITS.sensorsPerOriginMax;
  }
}

const NO_META: Meta = { unit: '', periodMs: 0 };

/** What the reading says of its sensor, if that is news. (PR4) */
function changedMeta(reading: Reading, known: Meta): Meta | null {
  const unit = reading.unit ?? known.unit;
  const periodMs = reading.periodMs ?? known.periodMs;
  return unit === known.unit && periodMs === known.periodMs ? null : { unit, periodMs };
}
