import { compress } from 'snappyjs';
import { afterEach, expect, test } from 'vitest';
import { ingest, stopIngest } from '../http/testing.ts';
import { OVERLOADED } from '../testing.ts';
import { WRITE_REQUEST } from './write-request.ts';

afterEach(stopIngest);

test('[RW1] [RW3] each sample of a series is a reading of the sensor that its labels name', async () => {
  const { write, hub } = await listener();

  const response = await write([
    {
      labels: { __name__: 'node_load1', job: 'node', instance: '10.0.0.1:9100' },
      samples: [
        [0.5, 1_700_000_000_123],
        [0.75, 1_700_000_015_123],
      ],
    },
  ]);

  expect([response.status, await response.text()]).toEqual([204, '']);
  const sensor = 'node_load1/instance=10.0.0.1:9100/job=node';
  expect(hub.submitted).toEqual([
    { sensor, value: 0.5, tsMs: 1_700_000_000_123 },
    { sensor, value: 0.75, tsMs: 1_700_000_015_123 },
  ]);
});

test('[RW2] the end of a series is counted and is no reading', async () => {
  const { write, hub, listener: http } = await listener();

  const response = await write([{ labels: { __name__: 'up' }, samples: [[Number.NaN, 1_000]] }]);

  expect(response.status).toBe(204);
  expect(hub.submitted).toEqual([]);
  expect(http.counters()).toMatchObject({ remote_write_samples_without_value_total: 1 });
});

test('[RW3] what can never be taken is told after the rest was taken', async () => {
  const { write, hub, refusals } = await listener();

  const response = await write([
    { labels: { __name__: 'up', long: 'x'.repeat(300) }, samples: [[1, 1_000]] },
    { labels: { __name__: 'up' }, samples: [[1, 1_000]] },
  ]);

  expect(response.status).toBe(400);
  const why = 'its name and tags make no sensor id: a sensor id has at most 256 bytes';
  expect(await response.json()).toMatchObject({ detail: `1 samples were dropped: ${why}` });
  expect(hub.submitted).toHaveLength(1);
  expect(refusals.all()).toMatchObject([{ input: 'remote_write', reason: 'sample-rejected', count: 1 }]);
});

test('[RW3] a node that has too much in work says when to come again', async () => {
  const { write, hub } = await listener();
  hub.refusal = OVERLOADED;

  const response = await write([{ labels: { __name__: 'up' }, samples: [[1, 1_000]] }]);

  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
});

test.each<[string, Uint8Array, { readonly [header: string]: string }, number, string]>([
  [
    'what is no snappy',
    Uint8Array.of(9, 255, 255),
    { 'content-encoding': 'snappy' },
    400,
    'whole snappy block',
  ],
  [
    'what becomes too large',
    Uint8Array.of(255, 255, 255, 255, 15),
    { 'content-encoding': 'snappy' },
    413,
    'at most',
  ],
  ['what is no message', Uint8Array.of(255, 255, 255), {}, 400, 'no WriteRequest'],
  [
    'a later version',
    Uint8Array.of(),
    { 'x-prometheus-remote-write-version': '2.0.0' },
    400,
    '0.1.0 is spoken',
  ],
])('[RW3] [IN9] %s is refused, and why is said', async (_, body, headers, status, detail) => {
  const { url, hub } = await listener();

  const response = await fetch(url, { method: 'POST', body, headers });

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining(detail) });
  expect(hub.submitted).toEqual([]);
});

interface Written {
  readonly labels: { readonly [name: string]: string };
  readonly samples: readonly (readonly [value: number, tsMs: number])[];
}

async function listener() {
  const running = await ingest();
  const url = `http://127.0.0.1:${running.port}/api/v1/write`;
  return { ...running, url, write: (series: readonly Written[]) => write(url, series) };
}

function write(url: string, series: readonly Written[]): Promise<Response> {
  const timeseries = series.map(({ labels, samples }) => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: samples.map(([value, timestamp]) => ({ value, timestamp })),
  }));
  const message = WRITE_REQUEST.encode(WRITE_REQUEST.fromObject({ timeseries })).finish();
  return fetch(url, {
    method: 'POST',
    body: compress(message),
    headers: {
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
    },
  });
}
