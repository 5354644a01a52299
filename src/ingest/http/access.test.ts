// Who may write over HTTP: every input asks the same gate, so one listener with all of them is enough.

import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseSpec } from '../../access/device.ts';
import type { Gate } from '../../access/gate.ts';
import { ingest, stopIngest, textUntilEnd } from './testing.ts';

const OTLP = {
  resourceMetrics: [
    {
      scopeMetrics: [
        { metrics: [{ name: 'bed1/t', gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: '1' }] } }] },
      ],
    },
  ],
};

afterEach(stopIngest);

test('[AC3][AC10] without a token nothing is taken where nobody is let in, at no input, and it is counted', async () => {
  const { port, hub, refusals } = await ingest({ anonymous: 'none' });
  const paths = ['/ingest', '/write', '/api/v2/write', '/api/v1/write', '/v1/metrics'];

  const answers = await Promise.all(paths.map((path) => send(port, path, '{"sensor":"bed1/t","value":1}')));

  expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 401));
  expect(answers.map(({ headers }) => headers.get('www-authenticate'))).toEqual(
    paths.map(() => 'Bearer realm="sensorium"'),
  );
  expect(refusals.all()).toMatchObject([{ input: 'http', reason: 'unauthorized', count: paths.length }]);
  expect(hub.submitted).toEqual([]);
});

test('[AC3][AC4] with its token a device writes below its name at every input, and nowhere else', async () => {
  const { port, hub, gate, refusals } = await ingest({ anonymous: 'none' });
  const token = await added(gate, { name: 'bed1' });
  const before = hub.submitted.length;
  const with1 = { authorization: `Token ${token}` };
  const allowed = [
    await send(port, '/ingest', '{"sensor":"bed1/t","value":1}', { authorization: `Bearer ${token}` }),
    await send(port, `/write?u=bed1&p=${token}`, 'bed1/t v=1'),
    await send(port, '/api/v2/write', 'bed1/t v=1', with1),
    await send(port, '/v1/metrics', JSON.stringify(OTLP), { ...with1, 'content-type': 'application/json' }),
  ];
  const taken = hub.submitted.length;
  const denied = [
    await send(port, '/ingest', '[{"sensor":"bed1/t","value":1},{"sensor":"bed2/t","value":1}]', with1),
    await send(port, '/write', 'bed2/t v=1', with1),
    await send(port, '/ingest', '{"sensor":"bed10/t","value":1}', with1),
  ];

  expect(allowed.map(({ status }) => status)).toEqual([200, 204, 204, 200]);
  expect(taken - before).toBe(4);
  expect(denied.map(({ status }) => status)).toEqual([403, 403, 403]);
  expect(hub.submitted.length).toBe(taken);
  expect(refusals.all().map(({ input, reason, count }) => [input, reason, count])).toEqual([
    ['http', 'forbidden', 2],
    ['line_protocol', 'forbidden', 1],
  ]);
});

test('[AC3] a wrong or removed token is refused also where anybody is let in, and one of another system is not', async () => {
  const { port, gate } = await ingest({ anonymous: 'all' });
  const token = await added(gate, { name: 'bed1' });
  const body = '{"sensor":"bed1/t","value":1}';
  const statusWith = async (authorization: string) =>
    (await send(port, '/ingest', body, { authorization })).status;

  const basic = (name: string) => `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`;
  expect(await statusWith(basic('bed1'))).toBe(200);
  expect(await statusWith(basic('bed2'))).toBe(401);
  expect(await statusWith(`Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBe(401);
  expect(await statusWith('Token of-an-influxdb')).toBe(200);
  await gate.devices.remove('bed1', 'kim');
  expect(await statusWith(`Bearer ${token}`)).toBe(401);
});

test('[AC6] beyond its rate or quota a device is answered 429 with the time to wait, and nothing is taken', async () => {
  const { port, hub, gate, refusals } = await ingest();
  const fast = await added(gate, { name: 'fast', ratePerS: 0.001 });
  const large = await added(gate, { name: 'large', bytesPerDay: 40 });
  const write = (name: string, token: string) =>
    send(port, '/ingest', `{"sensor":"${name}/t","value":1}`, { authorization: `Bearer ${token}` });

  const first = [await write('fast', fast), await write('large', large)];
  const taken = hub.submitted.length;
  const second = [await write('fast', fast), await write('large', large)];

  expect(first.map(({ status }) => status)).toEqual([200, 200]);
  expect(second.map(({ status }) => status)).toEqual([429, 429]);
  for (const { headers } of second) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(hub.submitted.length).toBe(taken);
  expect(refusals.all().map(({ reason, count }) => [reason, count])).toEqual([
    ['quota-exceeded', 1],
    ['rate-exceeded', 1],
  ]);
});

test('[AC1] no input writes a name that begins with $', async () => {
  const { port, hub } = await ingest();
  const before = hub.submitted.length;

  const answers = [
    await send(port, '/ingest', '{"sensor":"$sensorium/revoked/0123456789abcdef","value":"x"}'),
    await send(port, '/ingest', '{"sensor":"$retained/door","value":{"b0":"eA=="}}'),
    await send(port, '/write', '$sensorium/device/x v=1'),
  ];

  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
  expect(hub.submitted.length).toBe(before);
});

test('[AC10] who is refused is so before the body is sent', async () => {
  const { port } = await ingest({ anonymous: 'none' });
  const socket = connect(port, '127.0.0.1');
  socket.write('POST /ingest HTTP/1.1\r\nhost: ann\r\nconnection: close\r\ncontent-length: 1000000\r\n\r\n');

  const answer = await textUntilEnd(socket);

  expect(answer).toContain('HTTP/1.1 401');
});

test('[AC3] keys of one device are no business of another', async () => {
  const { port, gate } = await ingest({ anonymous: 'none' });
  const tokens = [await added(gate, { name: 'bed1' }), await added(gate, { name: 'bed2' })];

  const answers: unknown[] = [];
  for (const [at, token] of tokens.entries()) {
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': 'k' };
    answers.push(
      await (await send(port, '/ingest', `{"sensor":"bed${at + 1}/t","value":1}`, headers)).json(),
    );
  }

  expect(answers).toMatchObject([{ first_n: 5 }, { first_n: 6 }]);
});

function send(port: number, path: string, body: string, headers: { readonly [name: string]: string } = {}) {
  return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
}

async function added(gate: Gate, asked: { readonly [field: string]: unknown }): Promise<string> {
  const spec = parseSpec(asked);
  if (!spec.ok) throw new Error(spec.problem);
  const result = await gate.devices.add(spec.value, 'kim');
  if (!result.ok) throw new Error(result.problem);
  return result.value.token;
}
