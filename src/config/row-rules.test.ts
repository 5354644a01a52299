import { expect, test } from 'vitest';
import { ROW_RULES } from './row-rules.ts';

test('[HD11] numbers of rows are read by pattern, in their order, and shown in the largest unit that fits', () => {
  const rules = ROW_RULES.parse('raw/#=50M, +/vibration=1500k,press=7');

  expect(rules).toEqual([
    { pattern: 'raw/#', rowsMax: 50_000_000 },
    { pattern: '+/vibration', rowsMax: 1_500_000 },
    { pattern: 'press', rowsMax: 7 },
  ]);
  expect(ROW_RULES.show(rules ?? [])).toBe('raw/#=50M,+/vibration=1500k,press=7');
});

test.each(['raw/#', 'raw/#=', '=7k', 'raw/#=0', 'raw/#=7m', 'raw/#=1.5M', 'raw/#=1001G', 'ra#w=7', 'raw=7,'])(
  '[HD11] %j says no number of rows',
  (text) => {
    expect(ROW_RULES.parse(text)).toBeUndefined();
  },
);
