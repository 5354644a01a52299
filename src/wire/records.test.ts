import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyNumber, anyRecords, anySpoiled, weightOf } from '../../test/wire-arbitraries.ts';
import { parseSensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { ReadingRecord, Record, Value } from '../model/reading.ts';
import { malformedText } from './malformed.ts';
import { decodeRecords, encodeRecords, recordBytes } from './records.ts';

const AT_MS = 1_763_765_432_000;

test('[WR10] any records come back as they were, fields in their order', () => {
  fc.assert(
    fc.property(anyRecords(40), (records) => {
      const decoded = decodeRecords(encodeRecords(records));

      expect(decoded).toEqual({ ok: true, value: records });
      expect(orderOf(decoded)).toEqual(records.map(fieldNames));
    }),
    { numRuns: 500 },
  );
});

test('[WR10] every finite number comes back bit for bit, -0 as -0', () => {
  fc.assert(
    fc.property(fc.array(anyNumber, { minLength: 1, maxLength: 30 }), (values) => {
      const records = values.map((value, i) => reading(i + 1, { value }));

      expect(valuesOf(decodeRecords(encodeRecords(records)))).toEqual(values);
    }),
    { numRuns: 1_000 },
  );
});

test('[WR10] times at both ends of what dates reach come back', () => {
  const ends = { tsMs: -8.64e15, ingestTsMs: 8.64e15, lwwTsMs: -8.64e15 };
  const records = [reading(1, ends), reading(2, { ...ends, lwwTsMs: 8.64e15 }), reading(3, {})];

  expect(decodeRecords(encodeRecords(records))).toEqual({ ok: true, value: records });
});

test.each([
  ['a field is not named __proto__', JSON.parse('{"__proto__": 1}')],
  ['1 to 64 bytes', { '': 1 }],
  ['1 to 64 bytes', { 'two\nlines': 1 }],
  ['a field name has 65 bytes', { ['x'.repeat(65)]: 1 }],
  [
    'the texts of a record have',
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, 'x'.repeat(4_000 + i)])),
  ],
])('[WR5] what no reading may be is refused from a peer too: %s', (problem, value) => {
  expect(problemOf(encodeRecords([reading(1, { value })]))).toContain(problem);
});

test('[WR11] a steady series costs little more than its values', () => {
  const records = Array.from({ length: 256 }, (_, i) =>
    reading(i + 1, { value: (2_000 + ((i * 31) % 500)) / 100, tsMs: AT_MS + i * 1_000 }),
  );

  expect(encodeRecords(records).length).toBeLessThan(256 * 2 + 60);
});

test('[WR11] one record costs at most 15 bytes beside its sensor id and its n', () => {
  const bytes = encodeRecords([reading(1, { value: 21.53 })]);

  expect(bytes.length - 'kitchen'.length - 1).toBeLessThanOrEqual(15);
});

test.each([
  ['falling', [reading(2, {}), reading(1, {})]],
  ['repeated', [reading(2, {}), reading(2, {})]],
  ['below 1', [reading(0, {})]],
])('[WR11] an n that is %s is our own mistake', (_, records) => {
  expect(() => encodeRecords(records)).toThrow('rising n');
});

test('[WR11] an n that does not rise is refused', () => {
  const bytes = encodeRecords([reading(5, {}), reading(6, {})]);
  const at = bytes.indexOf(10);
  bytes[at + 1] = 1;

  expect(problemOf(bytes)).toContain('rising n');
});

test('[WR12] a text is written once and the next says what it shares with it', () => {
  const records = Array.from({ length: 100 }, (_, i) =>
    reading(i + 1, { sensor: sensorId(`hall-7/line-3/temperature@${10 + (i % 20)}`) }),
  );

  expect(encodeRecords(records).length).toBeLessThan(27 + 20 * 4 + 100 * 2 + 40);
});

test('[WR13] a short decimal takes as few bytes as its digits, a boolean a bit', () => {
  const decimals = Array.from({ length: 100 }, (_, i) =>
    reading(i + 1, { value: (i % 2 ? 2_153 : 2_150) / 100 }),
  );
  const booleans = Array.from({ length: 100 }, (_, i) => reading(i + 1, { value: i % 3 === 0 }));

  expect(encodeRecords(decimals).length).toBeLessThan(100 * 2 + 40);
  expect(encodeRecords(booleans).length).toBeLessThanOrEqual(101);
});

test('[WR13] a number that is not finite is our own mistake, or refused', () => {
  const bytes = encodeRecords([reading(1, { value: 0.1 + 0.2 })]);
  bytes.set([0, 0, 0, 0, 0, 0, 0xf0, 0x7f], bytes.length - 8);

  expect(() => encodeRecords([reading(1, { value: Number.NaN })])).toThrow('finite');
  expect(problemOf(bytes)).toContain('not finite');
});

test('[WR14] a count takes at least as many bytes as it promises records', () => {
  const alike = Array.from({ length: 1_000 }, (_, i) => reading(i + 1, { value: 'on' }));

  expect(encodeRecords(alike).length).toBeGreaterThanOrEqual(1_000);
  expect(problemOf(Uint8Array.of(0xff, 0x7f, 0, 0, 0, 0))).toContain(
    '16383 records take at least as many bytes',
  );
});

test('[WR14] more records than a list may have are refused', () => {
  const count = LIMITS.recordsPerListMax + 1;
  const bytes = new Uint8Array(count + 8);
  bytes.set([0x80 | (count & 0x7f), 0x80 | ((count >> 7) & 0x7f), count >> 14]);

  expect(problemOf(bytes)).toContain(`allowed are ${LIMITS.recordsPerListMax}`);
});

test('[WR7] no bytes make the decoder throw or build more than they pay for', () => {
  fc.assert(
    fc.property(anySpoiled(anyRecords(12).map(encodeRecords)), (bytes) => {
      const decoded = decodeRecords(bytes);

      if (decoded.ok) expect(weightOf(decoded.value)).toBeLessThanOrEqual(16 + 12 * bytes.length);
      else expect(malformedText(decoded.problem)).not.toBe('');
    }),
    { numRuns: 1_500 },
  );
});

test('[WR7] what decodes from spoiled bytes is within all limits and encodes again', () => {
  fc.assert(
    fc.property(anySpoiled(anyRecords(6).map(encodeRecords)), (bytes) => {
      const decoded = decodeRecords(bytes);

      if (decoded.ok) expect(decodeRecords(encodeRecords(decoded.value))).toEqual(decoded);
    }),
    { numRuns: 1_500 },
  );
});

test('[WR15] no list is longer than its records promised', () => {
  fc.assert(
    fc.property(anyRecords(60), (records) => {
      const promised = records.reduce((sum, record) => sum + recordBytes(record), 1);

      expect(encodeRecords(records).length).toBeLessThanOrEqual(promised);
    }),
    { numRuns: 1_000 },
  );
});

test('[WR15] the promise holds for lists of one and two, which bear the cost of the columns', () => {
  fc.assert(
    fc.property(anyRecords(2), (records) => {
      fc.pre(records.length > 0);
      const promised = records.reduce((sum, record) => sum + recordBytes(record), 0);

      expect(encodeRecords(records).length).toBeLessThanOrEqual(promised);
    }),
    { numRuns: 1_000 },
  );
});

test('[WR15] the promise for a common reading is not more than three times the truth', () => {
  const records = Array.from({ length: 256 }, (_, i) =>
    reading(1_000 + i, {
      sensor: sensorId(`hall-${i >> 4}/temperature@${i}`),
      value: (2_000 + ((i * 31) % 500)) / 100,
      tsMs: AT_MS + i * 4,
    }),
  );
  const lone = encodeRecords(records.slice(0, 1)).length;

  expect(recordBytes(reading(1_000, { sensor: sensorId('hall-0/temperature@0') }))).toBeLessThan(3 * lone);
});

function reading(n: number, parts: Partial<ReadingRecord>): ReadingRecord {
  const tsMs = parts.tsMs ?? AT_MS;
  const sensor = sensorId('kitchen');
  return { kind: 'reading', n, sensor, value: 21.5, tsMs, ingestTsMs: tsMs + 3, lwwTsMs: tsMs, ...parts };
}

function sensorId(text: string) {
  const parsed = parseSensorId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function problemOf(bytes: Uint8Array): string {
  const decoded = decodeRecords(bytes);
  return decoded.ok ? 'none' : malformedText(decoded.problem);
}

function valuesOf(decoded: ReturnType<typeof decodeRecords>): Value[] {
  if (!decoded.ok) throw new Error(malformedText(decoded.problem));
  return decoded.value.flatMap((record) => (record.kind === 'reading' ? [record.value] : []));
}

function orderOf(decoded: ReturnType<typeof decodeRecords>): string[][] {
  return decoded.ok ? decoded.value.map(fieldNames) : [];
}

function fieldNames(record: Record): string[] {
  return record.kind === 'reading' && typeof record.value === 'object' ? Object.keys(record.value) : [];
}
