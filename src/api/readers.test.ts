// Who may read: a real listener whose gate lets in nobody without a token.

import { request } from 'node:http';
import { expect, test } from 'vitest';
import { parseSpec, type Role } from '../access/device.ts';
import type { Gate } from '../access/gate.ts';
import { gateOf } from '../access/testing.ts';
import { MemoryHub } from '../hub/memory-hub.ts';
import { ann, apiOn } from './testing.ts';

const PATHS = [
  '/',
  '/api/state',
  '/api/v1/latest',
  '/api/v1/live',
  '/api/v1/stream',
  '/metrics',
  '/assets/x',
  '/x',
];

test('[AC11] without a token nothing is read but that the process is up, and browsers are told to ask for one', async () => {
  const { get } = await apiOn({ gate: closedGate() });

  const answers = await Promise.all(PATHS.map((path) => get(path)));
  const open = await Promise.all(['/healthz', '/readyz'].map((path) => get(path)));
  const metrics = await get('/healthz', { method: 'OPTIONS' });

  expect(answers.map(({ status }) => status)).toEqual(PATHS.map(() => 401));
  for (const { headers } of answers) {
    expect(headers.get('www-authenticate')).toBe('Basic realm="sensorium", charset="UTF-8"');
  }
  expect([...open, metrics].map(({ status }) => status)).toEqual([200, 200, 204]);
});

test('[AC11] a reader reads all, also by name and token as a browser gives them; metrics reads metrics; both are counted', async () => {
  const gate = closedGate();
  const { get } = await apiOn({ gate });
  const [reader, metrics, device] = [
    await added(gate, 'grafana', 'reader'),
    await added(gate, 'prometheus', 'metrics'),
    await added(gate, 'bed1', 'device'),
  ];
  const basic = `Basic ${Buffer.from(`grafana:${reader}`).toString('base64')}`;
  const statusOf = async (path: string, authorization: string) => {
    const response = await get(path, { headers: { authorization } });
    await response.text();
    return response.status;
  };

  expect(await statusOf('/api/v1/latest', `Bearer ${reader}`)).toBe(200);
  expect(await statusOf('/', basic)).toBe(200);
  expect(await statusOf('/api/v1/latest', `Bearer ${metrics}`)).toBe(403);
  expect(await statusOf('/api/v1/latest', `Bearer ${device}`)).toBe(403);
  expect(await statusOf(`/api/v1/latest?u=grafana&p=${reader}`, '')).toBe(401);
  const text = await (await get('/metrics', { headers: { authorization: `Bearer ${metrics}` } })).text();
  expect(text).toMatch(/refused_total\{[^}]*code="forbidden"[^}]*\} 2/);
  expect(text).toMatch(/refused_total\{[^}]*code="unauthorized"[^}]*\} 1/);
});

test('[AC7] a stream ends with the right of who reads it', async () => {
  const gate = closedGate();
  const { base } = await apiOn({ gate });
  const token = await added(gate, 'grafana', 'reader');
  const asked = request(`${base}/api/v1/live`, { headers: { authorization: `Bearer ${token}` } }).end();
  asked.on('error', () => {});
  const closed = new Promise<boolean>((resolve) => {
    asked.on('response', (response) => {
      response.on('data', () => void gate.devices.remove('grafana', 'kim'));
      response.on('error', () => {});
      response.on('close', () => resolve(true));
    });
  });

  expect(await closed).toBe(true);
});

function closedGate(): Gate {
  return gateOf(new MemoryHub({ self: ann, wallMs: Date.now, changesKept: 16 }), 'none');
}

async function added(gate: Gate, name: string, role: Role): Promise<string> {
  const spec = parseSpec({ name, role });
  if (!spec.ok) throw new Error(spec.problem);
  const result = await gate.devices.add(spec.value, 'kim');
  if (!result.ok) throw new Error(result.problem);
  return result.value.token;
}
