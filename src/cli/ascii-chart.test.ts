import { expect, test } from 'vitest';
import { asciiChart } from './ascii-chart.ts';

const AT = Date.UTC(2026, 1, 11, 8, 30);

test('[CL16] each step spans what was said within it, and a step without values is a gap', () => {
  const chart = asciiChart(
    [
      { ts_ms: AT, min: 0, max: 2, avg: 1 },
      { ts_ms: AT + 1_000, min: null, max: null, avg: null },
      { ts_ms: AT + 2_000, min: 4, max: 4, avg: 4 },
    ],
    5,
  );

  expect(chart.split('\n')).toEqual([
    '4 ┤  ●',
    '3 ┤',
    '2 ┤│',
    '1 ┤●',
    '0 ┤│',
    '  └───',
    '   2026-02-11 08:30:00 2026-02-11 08:30:02',
  ]);
});

test('[CL16] a value that never changes is a line, and nothing at all is no chart', () => {
  expect(asciiChart([{ ts_ms: AT, min: 7, max: 7, avg: 7 }], 3).split('\n')[2]).toBe('  7 ┤●');
  expect(asciiChart([{ ts_ms: AT, min: null, max: null, avg: null }], 3)).toBe('');
});
