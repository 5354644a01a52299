import { expect, test } from 'vitest';
import { sizes, wholeNumber, wholeNumbers } from './numbers.ts';

test('[SM24] sizes are a number, a range or a list in rising order, each once', () => {
  expect(sizes('100')).toEqual({ kind: 'list', sizes: [100] });
  expect(sizes('3-12')).toEqual({ kind: 'range', min: 3, max: 12 });
  expect(sizes('100,10,100')).toEqual({ kind: 'list', sizes: [10, 100] });
});

test('[SM24] whatever else is given is refused with what is allowed', () => {
  for (const text of ['', '0', '12-3', '10;20', '20001', '1e3', '-5']) {
    expect(() => sizes(text), text).toThrow('20000');
  }
  for (const text of ['', '-1', '91', '1.5', '10,', 'ten']) {
    expect(() => wholeNumbers(0, 90)(text), text).toThrow('whole numbers from 0 to 90');
  }
  expect(() => wholeNumber(1, 64)('65')).toThrow('a whole number from 1 to 64');
});
