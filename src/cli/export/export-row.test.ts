import { expect, test } from 'vitest';
import type { Value } from '../../model/reading.ts';
import { csvLine, jsonLine, readingIn } from './export-row.ts';

const VALUES: readonly Value[] = [
  21.5,
  -1e-9,
  true,
  '21.5',
  'true',
  '',
  'a, "b"\nc\\n\r\\',
  { a: 1, 'b c': 'x,"y"\n', d: false },
];

test.each(VALUES)('[SK21] %j is read back from JSON and CSV as what it was', (value) => {
  const logged = rowOf(value);
  const wanted = { ok: true, value: { sensor: 'hall, "1"/t', value, tsMs: 1_770_798_600_123, unit: 'Cel' } };

  expect(readingIn(jsonLine('00000000000000a1', logged).trimEnd(), 'json')).toEqual(wanted);
  expect(readingIn(csvLine(logged).trimEnd(), 'csv')).toEqual(wanted);
});

test.each([
  ['csv', '1,2026-02-11T08:30:00.000Z,a,ann,1.aa,1,number,x,'],
  ['csv', '1,2026-02-11T08:30:00.000Z,a,ann,1.aa,1,date,7,'],
  ['csv', '1,yesterday,a,ann,1.aa,1,number,7,'],
  ['csv', '1,2026-02-11T08:30:00.000Z,a,ann,1.aa,1,number,7'],
  ['csv', '1,"2026,a,ann,1.aa,1,number,7,'],
  ['json', '{"sensor": "a", "value": 7}'],
  ['json', '{"sensor": "a", "ts_ms": 1, "value": [7]}'],
  ['json', '[1]'],
] as const)('[SK21] the %s line %s is refused', (format, line) => {
  expect(readingIn(line, format).ok).toBe(false);
});

function rowOf(value: Value) {
  return {
    ...{ sequence: 7, sensor: 'hall, "1"/t', origin: 'ann', identity: '1.00000000000000aa', n: 9 },
    ...{ ts_ms: 1_770_798_600_123, ingest_ts_ms: 1_770_798_600_124, value, unit: 'Cel', flags: [] },
  };
}
