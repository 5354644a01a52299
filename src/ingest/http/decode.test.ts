import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBody } from './decode.ts';
import type { Decoded } from './decoded.ts';
import type { Refusal } from './refusal.ts';

const ITEM_FIELDS = 'an item has the fields sensor, value and, if wanted, ts and unit';

test.each([
  ['one object', '{"sensor": "a", "value": 1}'],
  ['one object over lines', '\ufeff\n{\n "sensor": "a",\n "value": 1\n}\n'],
  ['a list', '[{"sensor": "a", "value": 1}]'],
  ['a line', '\n{"sensor": "a", "value": 1}\r\n\r\n'],
])('[IN3] %s is understood', (_, body) => {
  expect(decodedOf(body)).toMatchObject({ readings: [{ sensor: 'a', value: 1 }], rejectedCount: 0 });
});

test('[IN3] every kind of value is understood', () => {
  const decoded = decodedOf(
    [
      '{"sensor": "a", "value": 21.5, "ts": 1700000000000, "unit": "Cel"}',
      '{"sensor": "b", "value": true}',
      '{"sensor": "c", "value": "on: \\"{[,"}',
      '{"sensor": "d", "value": {"temperature_c": 21.5, "state": "ok", "open": false}}',
    ].join('\n'),
  );

  expect(decoded.rejected).toEqual([]);
  expect(decoded.readings).toEqual([
    { sensor: 'a', value: 21.5, tsMs: 1_700_000_000_000, unit: 'Cel' },
    { sensor: 'b', value: true },
    { sensor: 'c', value: 'on: "{[,' },
    { sensor: 'd', value: { temperature_c: 21.5, state: 'ok', open: false } },
  ]);
});

test('[IN4] items that make no sense are rejected with their lines, and the others are taken', () => {
  const decoded = decodedOf(
    ['{"sensor":"a","value":1}', '', 'warm', '{"sensor":"b","value":2}', '{"sensor":"","value":3}', '7'].join(
      '\n',
    ),
  );

  expect(decoded.readings.map(({ sensor }) => sensor)).toEqual(['a', 'b']);
  expect(decoded.rejected).toEqual([
    { line: 3, why: 'not JSON: Unexpected token \'w\', "warm" is not valid JSON' },
    { line: 5, why: 'a sensor id is not empty' },
    { line: 6, why: 'an item is an object such as {"sensor": "bed1/temperature", "value": 21.5}' },
  ]);
  expect(decoded.sample).toBe('warm');
});

test('[IN4] in a list the line is the place, from 1', () => {
  const decoded = decodedOf('[{"sensor":"a","value":1}, {"sensor":"b","value":[2, {"x": "]"}]}, null]');

  expect(decoded.rejected).toEqual([
    { line: 2, why: 'a value is a number, boolean, string or flat record of those, got a list' },
    { line: 3, why: 'an item is an object such as {"sensor": "bed1/temperature", "value": 21.5}' },
  ]);
  expect(decoded.sample).toBe(' {"sensor":"b","value":[2, {"x": "]"}]}');
});

test('[IN4] the list of rejections is bounded and their count is not', () => {
  const decoded = decodedOf('x\n'.repeat(3_000));

  expect(decoded.rejected).toHaveLength(50);
  expect(decoded.rejectedCount).toBe(3_000);
});

test.each([
  ['{"sensor":"a","value":1,"time":5}', `the field "time" is not known; ${ITEM_FIELDS}`],
  ['{"value":1}', `the field sensor is missing; ${ITEM_FIELDS}`],
  ['{"sensor":"a"}', `the field value is missing; ${ITEM_FIELDS}`],
  ['{"sensor":"a","value":1,"value":2}', 'a field is there twice; each is given once'],
  ['{"sensor":"a","value":{"x":1,"x":1}}', 'a field is there twice; each is given once'],
  ['{"sensor":"a","value":{"x":1,"\\u0078":1}}', 'a field is there twice; each is given once'],
  ['{"sensor":"a","__proto__":{},"value":1}', `the field "__proto__" is not known; ${ITEM_FIELDS}`],
  [
    '{"sensor":"a","value":1,"ts":"5"}',
    'a time is whole milliseconds since 1970, at most 8640000000000000 before or after, got "5"',
  ],
])('[IN5] %s is rejected, alone, in a list and as a line', (item, why) => {
  const good = '{"sensor":"x","value":":"}';

  expect(decodedOf(item).rejected).toEqual([{ line: 1, why }]);
  expect(decodedOf(`[${good},${item},${good}]`)).toMatchObject({
    rejected: [{ line: 2, why }],
    rejectedCount: 1,
  });
  expect(decodedOf(`${good}\n${item}\n${good}`)).toMatchObject({
    rejected: [{ line: 2, why }],
    rejectedCount: 1,
  });
});

test.each<[string, string | Uint8Array, Partial<Refusal>]>([
  [
    'an empty body',
    ' \n',
    { code: 'bad-body', detail: 'the body is empty; send one reading, a list of them, or NDJSON' },
  ],
  [
    'bytes that are no UTF-8',
    Uint8Array.of(0x22, 0xff, 0x22),
    { code: 'bad-body', detail: 'the body is not UTF-8' },
  ],
  ['an empty list', '[]', { code: 'bad-body', detail: 'the list is empty; send at least one reading' }],
  [
    'half a list',
    '[{"sensor":"a"',
    {
      code: 'bad-body',
      detail:
        "the body begins with [ and is not a JSON list: Expected ',' or '}' after property value in JSON at position 14",
    },
  ],
  [
    'a long list',
    `[${'1,'.repeat(10_000)}1]`,
    {
      code: 'too-many-readings',
      detail: 'a request carries at most 10000 readings; send them in several',
    },
  ],
  ['many lines', '1\n'.repeat(10_001), { code: 'too-many-readings' }],
])('[IN3] %s is refused as a whole', (_, body, refusal) => {
  const decoded = decodeBody(bytesOf(body));

  expect(decoded).toMatchObject({ ok: false, problem: refusal });
});

test('[IN3] what was written is what is read, in all three forms', () => {
  const scalar = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.boolean(),
    fc.string({ unit: 'grapheme', maxLength: 50 }),
  );
  const value = fc.oneof(
    scalar,
    fc.dictionary(fc.stringMatching(/^[a-z:"{},]{1,9}$/), scalar, { minKeys: 1, maxKeys: 9 }),
  );
  const item = fc.record(
    {
      sensor: fc.stringMatching(/^[a-z/:"{}[\],\\]{1,20}$/),
      value,
      ts: fc.maxSafeNat().map((n) => n % 8e15),
    },
    { requiredKeys: ['sensor', 'value'] },
  );
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), fc.nat(2), (items, indent) => {
      const expected = items.map(({ sensor, value, ts }) => ({
        sensor,
        value,
        ...(ts !== undefined && { tsMs: ts }),
      }));

      const list = decodedOf(JSON.stringify(items, null, indent));
      const lines = decodedOf(items.map((one) => JSON.stringify(one)).join('\n'));

      expect(JSON.stringify(list.readings)).toBe(JSON.stringify(expected));
      expect(list.rejected).toEqual([]);
      expect(lines).toEqual(list);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test('[IN4] no bytes make it throw, and every item is either taken or rejected', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...'[]{}:,"\\\n a1sensorvalue') }).map(bytesOf),
    fc.json().map(bytesOf),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      const decoded = decodeBody(bytes);
      if (!decoded.ok) expect(decoded.problem.code).toBe('bad-body');
      else expect(decoded.value.readings.length + decoded.value.rejectedCount).toBeGreaterThan(0);
    }),
    { seed: 13, numRuns: 3_000 },
  );
});

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}

function decodedOf(body: string): Decoded {
  const decoded = decodeBody(bytesOf(body));
  if (!decoded.ok) throw new Error(decoded.problem.detail);
  return decoded.value;
}
