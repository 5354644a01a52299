import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, checkReading, checkValue } from './check-reading.ts';

test('[IN1] a reading keeps what it was given and nothing else', () => {
  const whole = checkReading({
    sensor: 'bed1/temperature',
    value: 21.5,
    tsMs: -5,
    unit: 'Cel',
    periodMs: 1000,
  });
  const least = checkReading({ sensor: 'bed1', value: 'on' });

  expect(whole).toEqual({
    ok: true,
    value: { sensor: 'bed1/temperature', value: 21.5, tsMs: -5, unit: 'Cel', periodMs: 1000 },
  });
  expect(least).toEqual({ ok: true, value: { sensor: 'bed1', value: 'on' } });
});

test.each<[Partial<Candidate>, string]>([
  [{ sensor: 7 }, 'a sensor is a string, got a number'],
  [{ sensor: undefined }, 'a sensor is a string, got nothing'],
  [{ sensor: '' }, 'a sensor id is not empty'],
  [{ sensor: 'é'.repeat(200) }, 'a sensor id has at most 256 bytes'],
  [{ sensor: 'a+b' }, 'a sensor id has no control characters, no + or #, no space at its ends, got "a+b"'],
  [
    { tsMs: 1.5 },
    'a time is whole milliseconds since 1970, at most 8640000000000000 before or after, got 1.5',
  ],
  [
    { tsMs: 8.65e15 },
    'a time is whole milliseconds since 1970, at most 8640000000000000 before or after, got 8650000000000000',
  ],
  [
    { tsMs: '5' },
    'a time is whole milliseconds since 1970, at most 8640000000000000 before or after, got "5"',
  ],
  [
    { tsMs: null },
    'a time is whole milliseconds since 1970, at most 8640000000000000 before or after, got null',
  ],
  [{ unit: 5 }, 'a unit is a string of at most 32 bytes without control characters, got 5'],
  [
    { unit: '°'.repeat(17) },
    'a unit is a string of at most 32 bytes without control characters, got "°°°°°°°°°°°°°°°°°"',
  ],
  [{ unit: 'a\nb' }, 'a unit is a string of at most 32 bytes without control characters, got "a\\nb"'],
  [{ periodMs: -1 }, 'a period is whole milliseconds from 0 to 1000000000000, got -1'],
])('[IN1] %o is refused with what is allowed', (part, problem) => {
  expect(checkReading({ sensor: 'bed1', value: 1, ...part })).toEqual({ ok: false, problem });
});

test.each<[unknown]>([[0], [-1.5], [true], [''], ['°'.repeat(2048)], [{ a: 1, b: 'x', c: false }]])(
  '[IN2] %o is a value',
  (value) => {
    expect(checkValue(value)).toEqual({ ok: true, value });
  },
);

test.each<[unknown, string]>([
  [Number.NaN, 'a value is a finite number, got NaN'],
  [Number.POSITIVE_INFINITY, 'a value is a finite number, got Infinity'],
  [null, 'a value is a number, boolean, string or flat record of those, got null'],
  [[1], 'a value is a number, boolean, string or flat record of those, got a list'],
  [1n, 'a value is a number, boolean or string, got a bigint'],
  ['x'.repeat(4097), 'a value has at most 4096 bytes as a text'],
  ['°'.repeat(2049), 'a value has at most 4096 bytes as a text'],
  ['a\ud800', 'a value is not valid Unicode text, got "a\\ud800"'],
  [{}, 'a record has at least one field'],
  [{ a: { b: 1 } }, 'the field "a" is a number, boolean or string, got an object'],
  [{ a: [1] }, 'the field "a" is a number, boolean or string, got a list'],
  [{ a: null }, 'the field "a" is a number, boolean or string, got null'],
  [{ '': 1 }, 'a field\'s name has 1 to 64 bytes and no control characters, got ""'],
  [{ 'a\tb': 1 }, 'a field\'s name has 1 to 64 bytes and no control characters, got "a\\tb"'],
  [
    { ['°'.repeat(33)]: 1 },
    `a field's name has 1 to 64 bytes and no control characters, got "${'°'.repeat(33)}"`,
  ],
  [JSON.parse('{"__proto__": 1}'), 'a field is not named __proto__'],
  [fieldsOf(65, 1), 'a record has at most 64 fields, got 65'],
  [fieldsOf(9, 'x'.repeat(4096)), 'the names and texts of a record have at most 32768 bytes, got 36882'],
])('[IN2] %o is refused with what is allowed', (value, problem) => {
  expect(checkValue(value)).toEqual({ ok: false, problem });
});

test('[IN2] whatever passes says the same in UTF-8 and in JSON', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const checked = checkValue(value);
      if (!checked.ok) return;
      const bytes = new TextEncoder().encode(JSON.stringify(checked.value));
      const again: unknown = JSON.parse(new TextDecoder().decode(bytes));
      expect(again).toEqual(Object.is(checked.value, -0) ? 0 : checked.value);
    }),
    { seed: 7, numRuns: 2_000 },
  );
});

function fieldsOf(count: number, value: unknown): object {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, value]));
}
