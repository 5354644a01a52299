import { expect, test } from 'vitest';
import { tsMsOf } from './precision.ts';

test.each([
  ['1700000000123456789', 'ns', 1_700_000_000_123],
  ['1700000000123456', 'us', 1_700_000_000_123],
  ['1700000000123', 'ms', 1_700_000_000_123],
  ['1700000000', 's', 1_700_000_000_000],
  ['28333333', 'm', 1_699_999_980_000],
  ['472222', 'h', 1_699_999_200_000],
  ['5', 'ns', 0],
  ['-1', 'ns', -1],
  ['-1000000', 'ns', -1],
  ['-1000001', 'ns', -2],
  ['0', 'u', 0],
] as const)('[LP4] %s in %s is %d ms', (text, precision, tsMs) => {
  expect(tsMsOf(text, precision)).toBe(tsMs);
});

test.each(['', '1.5', '1e9', '0x10', 'now', '12345678901234567890123'])('[LP4] %j is no time', (text) => {
  expect(tsMsOf(text, 'ns')).toBeNull();
});
