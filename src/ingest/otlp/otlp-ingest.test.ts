import { afterEach, expect, test } from 'vitest';
import { ingest, stopIngest } from '../http/testing.ts';
import { OVERLOADED } from '../testing.ts';
import { EXPORT_REQUEST, EXPORT_RESPONSE } from './schema.ts';

afterEach(stopIngest);

const AT = '1700000000123456789';
const EXPORT = {
  resourceMetrics: [
    {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: 'press' } },
          { key: 'telemetry.sdk.language', value: { stringValue: 'nodejs' } },
        ],
      },
      scopeMetrics: [
        {
          metrics: [
            {
              name: 'oil.temperature',
              unit: 'Cel',
              gauge: {
                dataPoints: [
                  {
                    timeUnixNano: AT,
                    asDouble: 61.5,
                    attributes: [{ key: 'tank', value: { intValue: '2' } }],
                  },
                  { timeUnixNano: AT, flags: 1 },
                ],
              },
            },
            { name: 'strokes', sum: { dataPoints: [{ timeUnixNano: AT, asInt: '0' }] } },
            {
              name: 'stroke.time',
              histogram: {
                dataPoints: [
                  {
                    timeUnixNano: AT,
                    count: '4',
                    sum: 5.5,
                    min: 0.5,
                    max: 3,
                    bucketCounts: ['1', '2', '1'],
                    explicitBounds: [1, 2],
                  },
                ],
              },
            },
            {
              name: 'wait',
              summary: {
                dataPoints: [
                  { timeUnixNano: AT, count: '9', sum: 18, quantileValues: [{ quantile: 0.5, value: 2 }] },
                ],
              },
            },
            {
              name: 'load',
              exponentialHistogram: { dataPoints: [{ timeUnixNano: AT, count: '3', sum: 6 }] },
            },
          ],
        },
      ],
    },
  ],
};
const READINGS = [
  { sensor: 'oil.temperature/service.name=press/tank=2', value: 61.5, tsMs: 1_700_000_000_123, unit: 'Cel' },
  { sensor: 'strokes/service.name=press', value: 0, tsMs: 1_700_000_000_123 },
  {
    sensor: 'stroke.time/service.name=press',
    value: { count: 4, sum: 5.5, min: 0.5, max: 3, le_1: 1, le_2: 3 },
    tsMs: 1_700_000_000_123,
  },
  { sensor: 'wait/service.name=press', value: { count: 9, sum: 18, 'q_0.5': 2 }, tsMs: 1_700_000_000_123 },
  { sensor: 'load/service.name=press', value: { count: 3, sum: 6 }, tsMs: 1_700_000_000_123 },
];

test('[OT1] [OT2] [OT3] an export as JSON is taken, and answered in JSON', async () => {
  const { url, hub } = await listener();

  const response = await send(url, 'application/json', JSON.stringify(EXPORT));

  expect([response.status, await response.json()]).toEqual([200, {}]);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(hub.submitted.toSorted(byValue)).toEqual(READINGS.toSorted(byValue));
});

test('[OT1] [OT2] [OT3] an export as protobuf is the same, and answered in protobuf', async () => {
  const { url, hub } = await listener();
  const bytes = EXPORT_REQUEST.encode(EXPORT_REQUEST.fromObject(EXPORT)).finish();

  const response = await send(url, 'application/x-protobuf', bytes);

  expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0]);
  expect(response.headers.get('content-type')).toBe('application/x-protobuf');
  expect(hub.submitted.toSorted(byValue)).toEqual(READINGS.toSorted(byValue));
});

test('[OT4] what can never be taken is told in the answer, and the rest is taken', async () => {
  const { url, hub, refusals } = await listener();
  const points = [{ asInt: '9007199254740993' }, {}, { asDouble: 1 }];
  const body = {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: points } }] }] }],
  };

  const asJson = await send(url, 'application/json', JSON.stringify(body));
  const bytes = EXPORT_REQUEST.encode(EXPORT_REQUEST.fromObject(body)).finish();
  const asBytes = await send(url, 'application/x-protobuf', bytes);

  const why = 'a whole number is at most ±9007199254740991, got 9007199254740993';
  expect(await asJson.json()).toEqual({ partialSuccess: { rejectedDataPoints: 2, errorMessage: why } });
  const response = EXPORT_RESPONSE.decode(new Uint8Array(await asBytes.arrayBuffer()));
  expect(EXPORT_RESPONSE.toObject(response, { longs: Number })).toEqual({
    partialSuccess: { rejectedDataPoints: 2, errorMessage: why },
  });
  expect(hub.submitted).toHaveLength(2);
  expect(refusals.all()).toMatchObject([{ input: 'otlp', reason: 'point-rejected', count: 4 }]);
});

test.each([
  [
    'another content type',
    'text/plain',
    '{}',
    415,
    'Content-Type is application/json or application/x-protobuf',
  ],
  ['no JSON', 'application/json', '{', 400, 'the body is no export of metrics'],
  [
    'JSON of another shape',
    'application/json',
    '{"resourceMetrics": [1]}',
    400,
    'the body is no export of metrics',
  ],
  ['no protobuf', 'application/x-protobuf', '\u007f\u007f', 400, 'the body is no export of metrics'],
])('[OT1] %s is refused, and why is said', async (_, type, body, status, detail) => {
  const { url, hub } = await listener();

  const response = await send(url, type, body);

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining(detail) });
  expect(hub.submitted).toEqual([]);
});

test('[OT4] a node that has too much in work says when to come again', async () => {
  const { url, hub } = await listener();
  hub.refusal = OVERLOADED;

  const response = await send(url, 'application/json', JSON.stringify(EXPORT));

  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
});

async function listener() {
  const running = await ingest();
  return { ...running, url: `http://127.0.0.1:${running.port}/v1/metrics` };
}

function send(url: string, type: string, body: NonNullable<RequestInit['body']>): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
}

function byValue(a: { readonly sensor: string }, b: { readonly sensor: string }): number {
  return a.sensor < b.sensor ? -1 : 1;
}
