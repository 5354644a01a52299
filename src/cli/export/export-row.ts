// A committed reading as `export` writes it and `import` reads it: a line of JSON, or a row of CSV that says which type its
// value has. SPEC rules SK20, SK21.

import { ok, type Result, refused } from '../../kit/result.ts';
import { checkReading } from '../../model/check-reading.ts';
import { csvText, csvTime, csvValue } from '../../model/csv.ts';
import { quoted } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import type { LogRow } from '../api-client.ts';

export const CSV_HEADING = 'sequence,timestamp,sensor_id,origin,identity,n,type,value,unit';
const TYPES = ['number', 'boolean', 'string', 'object'];

export function jsonLine(group: string, row: LogRow): string {
  const { sequence, sensor, origin, identity, n, ts_ms, ingest_ts_ms, value, unit, flags } = row;
  const fields = { group, sequence, sensor, origin, identity, n, ts_ms, ingest_ts_ms, value, unit, flags };
  return `${JSON.stringify(fields)}\n`;
}

export function csvLine({ sequence, sensor, origin, identity, n, ts_ms, value, unit }: LogRow): string {
  const shown = typeof value === 'object' ? csvText(JSON.stringify(value)) : csvValue(value);
  const names = `${csvText(sensor)},${origin},${identity},${n}`;
  return `${sequence},${csvTime(ts_ms)},${names},${typeof value},${shown},${unit === '' ? '' : csvText(unit)}\n`;
}

/** The reading in a line of an exported file, with the time it has there. */
export function readingIn(line: string, format: 'json' | 'csv'): Result<Reading> {
  const candidate = format === 'json' ? jsonCandidate(line) : csvCandidate(line);
  if (!candidate.ok) return candidate;
  if (candidate.value.tsMs === undefined) return refused('it has no time');
  return checkReading({ ...candidate.value, ...(candidate.value.unit === '' && { unit: undefined }) });
}

type Found = Result<Parameters<typeof checkReading>[0]>;

function jsonCandidate(line: string): Found {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return refused('it is not JSON');
  }
  if (typeof row !== 'object' || row === null) return refused('it is no object');
  const fields: { readonly [name: string]: unknown } = { ...row };
  return ok({ sensor: fields.sensor, value: fields.value, tsMs: fields.ts_ms, unit: fields.unit });
}

function csvCandidate(line: string): Found {
  const cells = cellsOf(line);
  const [, timestamp = '', sensor = '', , , , type = '', shown = '', unit = ''] = cells;
  if (cells.length !== 9 || !TYPES.includes(type)) return refused(`its columns are ${CSV_HEADING}`);
  const tsMs = Date.parse(timestamp);
  if (Number.isNaN(tsMs)) return refused(`${quoted(timestamp)} is no time`);
  const value = valueOfType(type, shown);
  return value.ok ? ok({ sensor, value: value.value, tsMs, unit }) : value;
}

function valueOfType(type: string, shown: string): Result<unknown> {
  if (type === 'string') return ok(shown);
  if (type === 'number') return shown === '' ? refused('a number is missing') : ok(Number(shown));
  try {
    const value: unknown = JSON.parse(shown);
    return typeof value === type ? ok(value) : refused(`${quoted(shown)} is no ${type}`);
  } catch {
    return refused(`${quoted(shown)} is no ${type}`);
  }
}

const UNESCAPED: { readonly [letter: string]: string } = { n: '\n', r: '\r', '\\': '\\' };

/** RFC 4180, and of texts what stands for a line break (`csvText`). */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    let cell = '';
    if (line[at] === '"') {
      let end = line.indexOf('"', at + 1);
      while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2);
      if (end < 0) return [];
      cell = line.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      const end = line.indexOf(',', at);
      cell = line.slice(at, end < 0 ? undefined : end);
      at = end < 0 ? line.length : end;
    }
    cells.push(cell.replace(/\\([nr\\])/g, (_, letter: string) => UNESCAPED[letter] ?? letter));
    if (at < line.length && line[at] !== ',') return [];
    at++;
  }
  return cells;
}
