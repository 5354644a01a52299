// The batches that the ordering benchmarks send: readings as a node's outbox encodes them, so that all systems carry
// the same bytes.

import type { Identity } from '../src/model/ids.ts';
import { parseSensorId } from '../src/model/ids.ts';
import type { ReadingRecord } from '../src/model/reading.ts';
import { encodeBatch } from '../src/wire/durable.ts';

const SENSORS = 128;
const START_MS = 1_780_000_000_000;

/** One batch of so many readings of many sensors, taken within a second. */
export function batchOf(identity: Identity, readings: number): Uint8Array {
  return encodeBatch({ identity, records: readingsOf(readings) });
}

export function readingsOf(readings: number): ReadingRecord[] {
  const records: ReadingRecord[] = [];
  for (let at = 0; at < readings; at++) {
    const sensor = parseSensorId(`hall-3/machine-${at % SENSORS}/temperature`);
    if (!sensor.ok) throw new Error(sensor.problem);
    const tsMs = START_MS + Math.floor((at * 1_000) / readings);
    records.push({
      kind: 'reading',
      n: 1 + at,
      sensor: sensor.value,
      value: Math.round(2_000 + 500 * Math.sin(at)) / 100,
      tsMs,
      ingestTsMs: tsMs + 3,
      lwwTsMs: tsMs,
    });
  }
  return records;
}
