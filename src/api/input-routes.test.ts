import { expect, test } from 'vitest';
import { apiOn } from './testing.ts';

test('[AP26] what the inputs refused is shown with the last bad payload, as text', async () => {
  const payload = '<img src=x onerror=alert(1)>';
  const refused = {
    input: 'http',
    reason: 'bad-body',
    count: 3,
    lastAtMs: 1_000,
    lastWhy: 'the body is not UTF-8',
    lastPayload: payload,
  };
  const { get } = await apiOn({ refusedInput: () => [refused] });

  const response = await get('/api/v1/refusals');

  expect(response.headers.get('content-type')).toContain('application/json');
  expect(await response.json()).toEqual([
    {
      input: 'http',
      reason: 'bad-body',
      count: 3,
      last_ts_ms: 1_000,
      last_why: 'the body is not UTF-8',
      last_payload: payload,
    },
  ]);
});

test('[MQ14] the topics of which no reading could be made are shown, with the reason', async () => {
  const entry = {
    input: 'mqtt',
    topic: 'hall/door',
    count: 2,
    lastAtMs: 1_000,
    why: 'not a JSON object',
    lastPayload: '<b>',
  };
  const { get } = await apiOn({ inboxed: () => [entry] });

  const response = await get('/api/v1/inbox');

  expect(await response.json()).toEqual([
    {
      input: 'mqtt',
      topic: 'hall/door',
      count: 2,
      last_ts_ms: 1_000,
      why: 'not a JSON object',
      last_payload: '<b>',
    },
  ]);
});
