import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TS_MS_MAX } from './check-reading.ts';
import { csvText, csvTime, csvValue } from './csv.ts';

test('[HI4] a time is written as ECMAScript has it, over the whole range of times', () => {
  const times = fc.integer({ min: -TS_MS_MAX, max: TS_MS_MAX });
  const edges = [0, -1, 951_782_400_000, 4_107_542_400_000, -62_198_755_200_000, TS_MS_MAX, -TS_MS_MAX];

  for (const tsMs of edges) expect(csvTime(tsMs)).toBe(new Date(tsMs).toISOString());
  fc.assert(
    fc.property(times, (tsMs) => {
      expect(csvTime(tsMs)).toBe(new Date(tsMs).toISOString());
    }),
    { numRuns: 2_000 },
  );
});

test('[HI4] a text is one line whatever it holds, and can be had back', () => {
  const characters = fc.constantFrom('a', ',', '"', '\n', '\r', '\\', 'n', ' ', 'ü');
  fc.assert(
    fc.property(fc.string({ unit: characters }), (text) => {
      const written = csvText(text);

      expect(written).not.toMatch(/[\r\n]/);
      expect(readBack(written)).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test('[HI4] numbers are as short as they can be, booleans are words, and an empty text is not nothing', () => {
  expect([21.5, -0.1, 1e21, true, false, '', 'a,b'].map(csvValue)).toEqual([
    '21.5',
    '-0.1',
    '1e+21',
    'true',
    'false',
    '""',
    '"a,b"',
  ]);
});

function readBack(written: string): string {
  const bare = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
  return bare.replace(/\\([\\nr])/g, (_, escaped: string) =>
    escaped === 'n' ? '\n' : escaped === 'r' ? '\r' : '\\',
  );
}
