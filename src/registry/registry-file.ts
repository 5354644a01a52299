// What a node has learned of its sensors, kept over a restart: a line of JSON each, in a file that is written beside the
// former one and then takes its place. It is worth little: whatever cannot be read is learned anew. SPEC rule RE5.

import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Log } from '../kit/log.ts';
import { parseSensorId, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export interface RegistryRow {
  readonly sensor: SensorId;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly intervals: readonly number[];
}

const HEAD = '{"sensorium":"registry","format":1}';
/** Lines written at once: the node goes on between two pieces. */
const LINES_PER_WRITE = 2_000;

export async function writeRegistry(path: string, rows: Iterable<RegistryRow>): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    let lines = [HEAD];
    // A row of a sensor that is forgotten meanwhile is only left out.
    for (const { sensor, firstSeenMs, lastSeenMs, intervals } of rows) {
      lines.push(JSON.stringify([sensor, firstSeenMs, lastSeenMs, intervals.map(Math.round)]));
      if (lines.length < LINES_PER_WRITE) continue;
      await file.write(`${lines.join('\n')}\n`);
      lines = [];
    }
    if (lines.length > 0) await file.write(`${lines.join('\n')}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** Nothing where there is no such file, or it is none of this program. */
export async function readRegistry(path: string, log: Log): Promise<readonly RegistryRow[]> {
  const rows: RegistryRow[] = [];
  let number = 0;
  let unread = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      number++;
      if (number === 1) {
        if (line !== HEAD) return [];
        continue;
      }
      const row = rowOf(line);
      if (row === null) unread++;
      else rows.push(row);
      if (rows.length >= LIMITS.registrySensorsMax) break;
    }
  } catch (cause) {
    if (!isMissing(cause))
      log.warn('the registry cannot be read; it is learned anew', { why: String(cause) });
  }
  if (unread > 0) log.warn('lines of the registry make no sense; they are learned anew', { lines: unread });
  return rows;
}

function rowOf(line: string): RegistryRow | null {
  try {
    const row: unknown = JSON.parse(line);
    if (!Array.isArray(row)) return null;
    const [id, firstSeenMs, lastSeenMs, intervals]: unknown[] = row;
    const sensor = parseSensorId(String(id));
    if (!sensor.ok || !isNumber(firstSeenMs) || !isNumber(lastSeenMs)) return null;
    if (!Array.isArray(intervals) || !intervals.every(isNumber)) return null;
    return { sensor: sensor.value, firstSeenMs, lastSeenMs, intervals };
  } catch {
    return null;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
