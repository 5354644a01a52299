// A reading of the committed order as `/api/v1/log` and `/api/v1/stream` show it, in each of their formats. Equal
// sequences give equal bytes at every node. SPEC rules AP21, AP22.

import type { LogReading } from '../hub/log-page.ts';
import { csvText, csvTime, csvValue } from '../model/csv.ts';
import { identityText } from '../model/ids.ts';
import type { Value } from '../model/reading.ts';

export interface LogRow {
  readonly sequence: number;
  readonly sensor: string;
  readonly origin: string;
  readonly identity: string;
  readonly n: number;
  readonly ts_ms: number;
  readonly ingest_ts_ms: number;
  readonly value: Value;
  readonly unit: string;
  readonly flags: 'clock'[];
}

export function logRow(reading: LogReading): LogRow {
  const { sequence, sensor, origin, identity, n, tsMs, ingestTsMs, value, unit, flags } = reading;
  return {
    sequence,
    sensor,
    origin,
    identity: identityText(identity),
    n,
    ts_ms: tsMs,
    ingest_ts_ms: ingestTsMs,
    value,
    unit,
    flags: [...flags],
  };
}

export function ndjsonOf(readings: readonly LogReading[]): string {
  return readings.map((reading) => `${JSON.stringify(logRow(reading))}\n`).join('');
}

const HEADING = 'sequence,timestamp,sensor_id,origin,identity,n,value,unit\n';

/** A value with fields is one JSON text: the sensors of a page have no columns in common. */
export function csvOf(readings: readonly LogReading[]): string {
  return HEADING + readings.map(csvLine).join('');
}

function csvLine({ sequence, sensor, origin, identity, n, tsMs, value, unit }: LogReading): string {
  const shown = typeof value === 'object' ? csvText(JSON.stringify(value)) : csvValue(value);
  const names = `${csvText(sensor)},${origin},${identityText(identity)},${n}`;
  return `${sequence},${csvTime(tsMs)},${names},${shown},${unit === '' ? '' : csvText(unit)}\n`;
}
