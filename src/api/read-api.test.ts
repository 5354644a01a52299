import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { LIMITS } from '../model/limits.ts';
import * as schema from './schema.ts';
import { apiOn, LiveClient, sensorId } from './testing.ts';

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
  '[AP1] %s is refused whatever the path, with Allow and a problem',
  async (method) => {
    const { api } = await apiOn();

    for (const path of ['/api/state', '/', '/nowhere', '/api/v1/live']) {
      const { response, body } = await ask(api.port, method, path);
      expect([path, response.statusCode, response.headers.allow]).toEqual([path, 405, 'GET, HEAD, OPTIONS']);
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.headers['access-control-allow-origin']).toBe('*');
      expect(schema.problem.parse(JSON.parse(body)).code).toBe('method-not-allowed');
    }
  },
);

test('[AP1] CONNECT and a request to upgrade change nothing about it', async () => {
  const { api } = await apiOn();

  const connected = await raw(api.port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  const upgraded = await raw(
    api.port,
    'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
  );

  expect(connected).toMatch(/^HTTP\/1\.1 405 [\s\S]*Allow: GET, HEAD, OPTIONS/);
  expect(upgraded).toMatch(/^HTTP\/1\.1 200 /);
});

test('[AP1] OPTIONS tells what is allowed, on any path', async () => {
  const { get } = await apiOn();

  const response = await get('/anything', { method: 'OPTIONS' });

  expect(response.status).toBe(204);
  expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  expect(response.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
});

test('[AP1] every answer may be read by any page and is kept by none', async () => {
  const { get } = await apiOn();

  for (const path of ['/api/state', '/nowhere', '/healthz']) {
    const { headers } = await get(path);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('[AP3] what is not there is a problem, and refusals are counted by code', async () => {
  const { get } = await apiOn();

  const response = await get('/api/nothing');
  const problem = schema.problem.parse(await response.json());
  const metrics = await (await get('/metrics')).text();

  expect([response.status, problem.code]).toEqual([404, 'not-found']);
  expect(metrics).toContain('sensorium_api_requests_refused_total{code="not-found"} 1');
});

test('[AP3] a handler that fails is a problem without its insides, and the listener goes on', async () => {
  const { hub, get } = await apiOn();
  const members = hub.members;
  hub.members = () => {
    throw new Error('the secret inside');
  };

  const response = await get('/api/membership');
  hub.members = members;

  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret');
  expect((await get('/api/membership')).status).toBe(200);
});

test('[AP4] a query above the bound is refused before anything looks at it', async () => {
  const { api, get } = await apiOn();

  const long = await get(`/api/v1/latest?match=${'a'.repeat(LIMITS.apiTargetBytesMax)}`);
  const huge = await raw(api.port, `GET /?${'a'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const nonsense = await raw(api.port, 'HELLO\r\n\r\n');

  expect([long.status, schema.problem.parse(await long.json()).code]).toEqual([414, 'target-too-long']);
  expect(huge).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-large"/);
  expect(nonsense).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"malformed-request"/);
});

test('[AP9] ten thousand sensors are answered in reasonable time', async () => {
  const { hub, get } = await apiOn();
  const readings = Array.from({ length: 10_000 }, (_, i) => ({
    sensor: sensorId(`hall${i % 10}/line${i % 100}/sensor-${i}`),
    value: i / 7,
    unit: 'Cel',
  }));
  await hub.submit(readings, 'stored');

  const startedMs = performance.now();
  const latest = schema.latest.parse(await (await get('/api/v1/latest')).json());
  const some = schema.latest.parse(await (await get('/api/v1/latest?match=hall3/%2B/sensor-3')).json());
  const state = schema.state.parse(await (await get('/api/state')).json());
  const tookMs = performance.now() - startedMs;

  expect(latest.length).toBe(10_000);
  expect(some.map((row) => row.sensor)).toEqual(['hall3/line3/sensor-3']);
  expect(Object.keys(state.ann ?? {}).length).toBe(10_000);
  expect(tookMs).toBeLessThan(5_000);
});

test('[AP18] the process is up, and it is ready once nothing is missing', async () => {
  let missing = ['the snapshot is being read', 'no member has answered'];
  const { get } = await apiOn({ ready: () => missing });

  const before = await get('/readyz');
  missing = [];
  const after = await get('/readyz');
  const health = schema.health.parse(await (await get('/healthz')).json());

  expect(before.status).toBe(503);
  expect(before.headers.get('retry-after')).toBe('5');
  expect(schema.problem.parse(await before.json())).toMatchObject({
    code: 'not-ready',
    detail: 'the snapshot is being read; no member has answered',
  });
  expect(after.status).toBe(200);
  expect(health).toMatchObject({ status: 'up', node: 'ann', site: 'hall', version: '0.1.0' });
});

test('[AP17] metrics show counters, members, sensors, facts and the process', async () => {
  const { get, say } = await apiOn();
  await say('a', 1);

  const response = await get('/metrics');
  const text = await response.text();

  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  for (const line of [
    'sensorium_info{node="ann",site="hall",version="0.1.0"} 1',
    'sensorium_sensor_updates_applied_total 1',
    'sensorium_full_sync_requests_sent_total 0',
    'sensorium_members{status="alive"} 1',
    'sensorium_members{status="dead"} 0',
    'sensorium_sensors 1',
    'sensorium_facts_total{type="registers-changed"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
});

test('[AP19] stop ends live streams and idle connections, and frees the port', async () => {
  const { api, base, get } = await apiOn();
  const client = await LiveClient.open(`${base}/api/v1/live`);
  await get('/healthz');

  const startedMs = performance.now();
  await api.stop();
  await client.until(() => client.ended);

  expect(performance.now() - startedMs).toBeLessThan(3_000);
  await expect(fetch(`${base}/healthz`)).rejects.toThrow();
});

test('[AP19] a port that is taken is said at start', async () => {
  const { api } = await apiOn();

  await expect(apiOn({ port: api.port })).rejects.toThrow('EADDRINUSE');
});

async function ask(
  port: number,
  method: string,
  path: string,
): Promise<{ response: IncomingMessage; body: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, path, agent: false }, resolve).on('error', reject).end();
  });
  let body = '';
  for await (const chunk of response) body += chunk;
  return { response, body };
}

/** What comes back for bytes that no HTTP client would send. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return must(answer, 'the listener answers');
}
