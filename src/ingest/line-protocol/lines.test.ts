import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../../model/reading.ts';
import { decodeLines } from './lines.ts';
import { SeriesNames } from './series.ts';

test.each<[line: string, sensor: string, value: Value]>([
  ['temperature value=21.5', 'temperature', 21.5],
  ['weather,place=roof temp=21.5,hum=40i', 'weather/place=roof', { temp: 21.5, hum: 40 }],
  ['cpu,host=b,cpu=cpu0 idle=.5', 'cpu/cpu=cpu0/host=b', { idle: 0.5 }],
  ['cpu,cpu=cpu0,host=b idle=5.', 'cpu/cpu=cpu0/host=b', { idle: 5 }],
  ['m a=1e3,b=-1.5E-2,c=+2', 'm', { a: 1_000, b: -0.015, c: 2 }],
  ['m a=12u,b=-9007199254740991i', 'm', { a: 12, b: -9_007_199_254_740_991 }],
  ['m a=t,b=FALSE,c=True', 'm', { a: true, b: false, c: true }],
  ['m note="a, b = \\"c\\" \\\\ d"', 'm', { note: 'a, b = "c" \\ d' }],
  ['m note="two\nlines"', 'm', { note: 'two\nlines' }],
  ['my\\ m\\,x,t\\=a=v\\ w f\\ g=1', 'my m,x/t=a=v w', { 'f g': 1 }],
  ['a/b,path=/dev/sda1,c=x+y#1% value=1', 'a/b/c=x%2By%231%25/path=%2Fdev%2Fsda1', 1],
  ['  m value=1  ', 'm', 1],
  ['m value=1\r', 'm', 1],
  ['m value="t"', 'm', 't'],
])('[LP2] [LP3] %j', (line, sensor, value) => {
  expect(decoded(line)).toMatchObject({ readings: [{ sensor, value }], rejectedCount: 0 });
});

test('[LP4] the time is that of the line, in the precision of the request, or is left to the arrival', () => {
  const { readings } = decoded('m value=1 1700000000123456789\nm value=2\n');

  expect(readings.map(({ tsMs }) => tsMs)).toEqual([1_700_000_000_123, undefined]);
});

test.each([
  ['m', 'a line is measurement[,tag=value…] field=value[,…] [time]'],
  ['m value', 'a field is key=value with both, got "value"'],
  ['m =1', 'a field is key=value with both, got ""'],
  [
    'm value=one',
    'the field "value" is a number, a whole number with i or u, a boolean or a quoted text, got "one"',
  ],
  [
    'm value=NaN',
    'the field "value" is a number, a whole number with i or u, a boolean or a quoted text, got "NaN"',
  ],
  [
    'm value=9007199254740993i',
    'the field "value" is a whole number beyond ±9007199254740991, got 9007199254740993i',
  ],
  ['m value=1e999', 'a value is a finite number, got Infinity'],
  ['m value="open', 'the text of the field "value" does not end'],
  ['m,t value=1', 'a tag is key=value with both, got "t"'],
  ['m,t= value=1', 'a tag is key=value with both, got "t="'],
  ['m,t=1,t=2 value=1', 'the tag "t" is there twice'],
  [',t=1 value=1', 'a line begins with a measurement'],
  ['m a=1,a=2', 'the field "a" is there twice'],
  ['m __proto__=1', 'a field is not named __proto__'],
  ['m value=1 yesterday', 'a time is whole units of ns since 1970, got "yesterday"'],
  ['m value=1 1 2', 'a time is whole units of ns since 1970, got "1 2"'],
])('[LP5] %j is rejected, and why is said', (line, why) => {
  expect(decoded(line)).toMatchObject({ readings: [], rejected: [{ line: 1, why }], rejectedCount: 1 });
});

test('[LP5] lines are counted as people see them, and a wrong one costs no other', () => {
  const { readings, rejected, sample } = decoded(
    '# a comment\n\nm note="two\nlines"\nm value=\nm value=3\n  \nn broken\n',
  );

  expect(readings.map(({ sensor, value }) => [sensor, value])).toEqual([
    ['m', { note: 'two\nlines' }],
    ['m', 3],
  ]);
  expect(rejected.map(({ line }) => line)).toEqual([5, 8]);
  expect(sample).toBe('m value=');
});

test('[LP1] a body without a point, or that is no UTF-8, is refused as a whole', () => {
  const decode = (bytes: Uint8Array) => decodeLines(bytes, 'ns', new SeriesNames());

  expect(decode(bytesOf('# nothing\n'))).toMatchObject({ ok: false, problem: { code: 'bad-body' } });
  expect(decode(Uint8Array.of(0x6d, 0x20, 0xff))).toMatchObject({ ok: false, problem: { code: 'bad-body' } });
});

test('[LP5] more points than a request may have are refused as a whole', () => {
  expect(decodeLines(bytesOf('m value=1\n'.repeat(10_001)), 'ns', new SeriesNames())).toMatchObject({
    ok: false,
    problem: { code: 'too-many-readings' },
  });
});

test('[LP2] [LP3] what a writer escapes is what is read', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_ ,="\u00e4-]{1,12}$/).filter((text) => text.trim() === text);
  const scalar = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.boolean(),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  );
  fc.assert(
    fc.property(name, fc.dictionary(name, scalar, { minKeys: 1, maxKeys: 5 }), (measurement, fields) => {
      fc.pre(!('value' in fields) && !Object.hasOwn(fields, '__proto__'));
      const written = Object.entries(fields).map(([key, value]) => `${escaped(key)}=${writtenAs(value)}`);
      const line = `${measurement.replace(/[, ]/g, '\\$&')} ${written.join(',')} 1`;

      expect(decoded(line).readings).toEqual([{ sensor: measurement, value: fields, tsMs: 0 }]);
    }),
    { seed: 7, numRuns: 2_000 },
  );
});

test('[LP8] a line whose fields are those of the line before it is read as one that stands alone', () => {
  const written = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.maxSafeInteger().map((whole) => `${whole}i`),
    fc.integer({ min: -99_999, max: 99_999 }).map((whole) => String(whole / 1_000)),
    fc.constantFrom(
      't',
      'F',
      '"text"',
      '-0',
      '.5',
      '5.',
      '1.i',
      '-3u',
      '1e3',
      '00.10',
      '+2',
      '',
      '.',
      '1.2.3',
    ),
  );
  const line = fc
    .tuple(fc.constantFrom('a', 'value', 'f\\ g'), written, fc.constantFrom('b', 'value'), written)
    .map(([a, one, b, two]) => `m ${a}=${one},${b}=${two} 1700000000123456789`);

  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          line,
          written.map((one) => `m value=${one}`),
        ),
        { minLength: 2 },
      ),
      (lines) => {
        const together = decoded(`${lines.join('\n')}\n`);
        const alone = lines.flatMap((one) => decoded(one).readings);
        expect(together.readings).toEqual(alone);
        expect(together.rejectedCount).toBe(lines.length - alone.length);
      },
    ),
    { seed: 5, numRuns: 1_000 },
  );
});

test('[LP5] no bytes make it throw, and every point is either taken or rejected', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom('m', ',', '=', ' ', '"', '\\', '\n', '1', 't', 'i', '#'), { maxLength: 40 })
      .map((parts) => bytesOf(parts.join(''))),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const result = decodeLines(bytes, 'ns', new SeriesNames());
      if (result.ok) expect(result.value.readings.length + result.value.rejectedCount).toBeGreaterThan(0);
      else expect(result.problem.code).toBe('bad-body');
    }),
    { seed: 11, numRuns: 5_000 },
  );
});

function decoded(text: string) {
  const result = decodeLines(bytesOf(text), 'ns', new SeriesNames());
  if (!result.ok) throw new Error(result.problem.detail);
  return result.value;
}

function escaped(key: string): string {
  return key.replace(/[,= ]/g, '\\$&');
}

function writtenAs(value: Value): string {
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
