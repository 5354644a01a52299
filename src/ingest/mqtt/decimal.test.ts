import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decimal, decimalText } from './decimal.ts';

test('[MQ13] a plain decimal is the number that its text is, and is written again as it stood there', () => {
  const digits = fc.tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 999_999_999_999_999n }),
    fc.integer({ min: 0, max: 14 }),
  );
  fc.assert(
    fc.property(digits, ([isNegative, whole, places]) => {
      const text = written(isNegative && whole > 0n, whole, places);
      const decimal = new Decimal();

      const isDecimal = decimal.read(Buffer.from(`x${text}x`), 1, 1 + text.length);

      const fits = text.replace(/[-.]/g, '').length <= 15;
      expect(isDecimal).toBe(fits);
      if (!fits) return;
      expect(decimal.value).toBe(Number(text));
      expect(decimalText(decimal.value, decimal.places)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  '',
  '-',
  '.',
  '1.',
  '.5',
  '+1',
  '01',
  '-01.5',
  '-0',
  '-0.00',
  '1e3',
  '1.2.3',
  ' 1',
  '1 ',
  '--1',
  '1-',
  '0x1f',
  'NaN',
  '1234567890123456',
  '1.234567890123456',
  '{"value":1}',
])('[MQ13] %j is read as text', (text) => {
  expect(new Decimal().read(Buffer.from(text), 0, text.length)).toBe(false);
});

function written(isNegative: boolean, whole: bigint, places: number): string {
  const digits = whole.toString().padStart(places + 1, '0');
  const at = digits.length - places;
  return `${isNegative ? '-' : ''}${digits.slice(0, at)}${places === 0 ? '' : `.${digits.slice(at)}`}`;
}
