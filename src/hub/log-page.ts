// Readings of the committed order as the edges see them. A row is a function of the log alone: no catalog, no clock
// and no other node has a part in it, so that every node gives the same row for the same sequence. SPEC rules
// HB7, HB8.

import { assert } from '../kit/assert.ts';
import { isOrdered } from '../model/durable.ts';
import type { Entry } from '../model/entry.ts';
import type { GroupId } from '../model/group-view.ts';
import type { Identity, PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { isClockSuspect, type Value } from '../model/reading.ts';
import { decodeBatch } from '../wire/durable.ts';
import { malformedText } from '../wire/malformed.ts';
import type { LogSource } from './log-source.ts';

export interface LogReading {
  readonly sequence: number;
  readonly sensor: SensorId;
  readonly origin: PeerId;
  readonly identity: Identity;
  readonly n: number;
  readonly tsMs: number;
  readonly ingestTsMs: number;
  readonly value: Value;
  /** Empty for none. */
  readonly unit: string;
  /** `clock`: the device's clock ran ahead. */
  readonly flags: readonly 'clock'[];
}

export interface LogPage {
  readonly group: GroupId | null;
  /** The oldest sequence that can be read here. */
  readonly first: number;
  /** The highest committed one that can be read here. */
  readonly watermark: number;
  /** Where to go on: after the last reading, or where it was asked from when there is none. */
  readonly next: number;
  readonly readings: readonly LogReading[];
}

/** The readings of an entry, each with its sequence. */
export function readingsOf(entry: Entry): readonly LogReading[] {
  if (entry.body.kind !== 'data') return [];
  const { producer, payload } = entry.body;
  const decoded = decodeBatch(payload);
  if (!decoded.ok) throw new Error(`entry ${entry.index}: ${malformedText(decoded.problem)}`);
  const { records, units } = decoded.value;
  const { origin, identity } = producer;
  const readings: LogReading[] = [];
  for (let i = 0; i < records.length; i++) {
    const record = records[i];
    if (record === undefined || !isOrdered(decoded.value, record)) continue;
    readings.push({
      sequence: entry.firstSequence + readings.length,
      sensor: record.sensor,
      origin,
      identity,
      n: record.n,
      tsMs: record.tsMs,
      ingestTsMs: record.ingestTsMs,
      value: record.value,
      unit: units?.[i] ?? '',
      flags: isClockSuspect(record) ? CLOCK : NONE,
    });
  }
  assert(readings.length === entry.count, 'an entry counts the readings of its batch');
  return readings;
}

/** A page from the sequence `from` on, at most `limit` readings. */
export async function readPage(source: LogSource, from: number, limit: number): Promise<LogPage> {
  const wanted = Math.min(limit, LIMITS.logPageReadingsMax);
  const { group, first, watermark } = source.extent();
  const readings: LogReading[] = [];
  let next = Math.max(from, first);
  while (readings.length < wanted && next <= watermark) {
    const entries = await source.read({ sequence: next }, LIMITS.logReadBytesMax);
    const before = next;
    for (const entry of entries) {
      if (entry.firstSequence + entry.count <= next || readings.length >= wanted) continue;
      for (const reading of readingsOf(entry)) {
        if (reading.sequence >= next && readings.length < wanted) readings.push(reading);
      }
      next = (readings.at(-1)?.sequence ?? next - 1) + 1;
    }
    // What was to be read has been trimmed in the meantime, or the group has changed.
    if (next === before) break;
  }
  return { group, first, watermark, next: readings.length === 0 ? from : next, readings };
}

const CLOCK: readonly 'clock'[] = ['clock'];
const NONE: readonly 'clock'[] = [];
