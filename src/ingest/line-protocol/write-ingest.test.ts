import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { SubmitRefused } from '../../hub/hub.ts';
import { ingest, stopIngest } from '../http/testing.ts';
import { OVERLOADED } from '../testing.ts';

afterEach(stopIngest);

test.each(['/write?db=hall', '/api/v2/write?org=o&bucket=b'])(
  '[LP1] [LP5] what %s takes is answered with 204 and nothing',
  async (path) => {
    const { base, hub } = await listener();

    const response = await fetch(base + path, {
      method: 'POST',
      body: 'weather,place=roof temp=21.5 1700000000000000000\n',
    });

    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(hub.submitted).toEqual([
      { sensor: 'weather/place=roof', value: { temp: 21.5 }, tsMs: 1_700_000_000_000 },
    ]);
  },
);

test('[LP1] the body is what it is, whatever its content type says, also with gzip', async () => {
  const { base, hub } = await listener();
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' };

  const response = await fetch(`${base}/write?precision=s`, {
    method: 'POST',
    body: gzipSync('m value=1 1700000000'),
    headers,
  });

  expect(response.status).toBe(204);
  expect(hub.submitted).toMatchObject([{ tsMs: 1_700_000_000_000 }]);
});

test('[LP5] wrong lines are told by number, the others are taken, and the refusal keeps what was sent', async () => {
  const { base, hub, refusals } = await listener();

  const response = await fetch(`${base}/write`, { method: 'POST', body: 'm value=1\nm value=\nm value=3\n' });

  const why = 'the field "value" is a number, a whole number with i or u, a boolean or a quoted text, got ""';
  const text = `partial write: line 2: ${why} dropped=1`;
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: text, code: 'invalid', message: text },
  ]);
  expect(hub.submitted.map(({ value }) => value)).toEqual([1, 3]);
  expect(refusals.all()).toMatchObject([
    { input: 'line_protocol', reason: 'line-rejected', count: 1, lastPayload: 'm value=' },
  ]);
});

test.each<[string, RequestInit & { readonly query?: string }, number, string]>([
  [
    'an unknown precision',
    { query: '?precision=days' },
    400,
    'precision is one of ns, n, us, u, µ, ms, s, m, h, got "days"',
  ],
  ['an unknown ack', { query: '?ack=sent' }, 400, 'ack is stored or committed, got "sent"'],
  ['a body without a line', { body: '\n' }, 400, 'the body has no line with a point'],
  [
    'too many lines',
    { body: 'm value=1\n'.repeat(10_001) },
    413,
    'a request carries at most 10000 readings; send them in several',
  ],
])('[LP5] %s is refused as writers understand it', async (_, { query = '', ...init }, status, message) => {
  const { base, hub } = await listener();

  const response = await fetch(`${base}/write${query}`, { method: 'POST', body: 'm value=1', ...init });

  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: message, message });
  expect(hub.submitted).toEqual([]);
});

test('[LP5] a node that has too much in work says when to come again, and one that never will says so', async () => {
  const { base, hub } = await listener();
  const write = () => fetch(`${base}/write`, { method: 'POST', body: 'm value=1' });

  hub.refusal = OVERLOADED;
  const later = await write();
  hub.refusal = new SubmitRefused('an origin has at most 100000 sensors', false);
  const never = await write();

  expect([later.status, later.headers.get('retry-after')]).toEqual([503, '1']);
  expect([never.status, never.headers.get('retry-after')]).toEqual([400, null]);
});

test('[LP6] who is told to come again for a commit, and does, is not taken twice', async () => {
  const { base, hub } = await listener();
  const write = () =>
    fetch(`${base}/write?ack=committed`, { method: 'POST', body: 'm value=1 1700000000000000000' });

  hub.history.quorum = false;
  const first = await write();
  hub.history.quorum = true;
  const second = await write();

  expect([first.status, first.headers.get('retry-after'), second.status]).toEqual([503, '1', 204]);
  expect(hub.replication().nextN).toBe(2);
});

test('[LP7] writers that ask before they write are answered', async () => {
  const { base } = await listener();

  const ping = await fetch(`${base}/ping`);
  const verbose = await fetch(`${base}/ping?verbose=true`);
  const health = await fetch(`${base}/health`);
  const created = await fetch(`${base}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q: 'CREATE DATABASE "telegraf"' }),
  });
  const asked = await fetch(`${base}/query?q=SELECT+1`);

  expect([ping.status, ping.headers.get('x-influxdb-version')]).toEqual([204, '1.8.0-sensorium']);
  expect(await verbose.json()).toEqual({ version: '1.8.0-sensorium' });
  expect(await health.json()).toMatchObject({ status: 'pass' });
  expect(await created.json()).toEqual({ results: [{ statement_id: 0 }] });
  expect(asked.status).toBe(400);
});

async function listener() {
  const running = await ingest();
  return { ...running, base: `http://127.0.0.1:${running.port}` };
}
