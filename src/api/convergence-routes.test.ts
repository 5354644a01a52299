import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { apiOn } from './testing.ts';

test('[AP40] a node tells how far it is with each origin and with the order', async () => {
  const { get, say } = await apiOn();
  await say('oven/heat', 180);
  await say('oven/heat', 181);

  const answer: unknown = await (await get('/api/v1/convergence')).json();

  expect(answer).toMatchObject({
    node: 'ann',
    watermark: 2,
    outbox: 0,
    streams: [{ origin: 'ann', identity: '1.0123456789abcdef', upto: 2, lag: 0, stale_ms: 0 }],
  });
});

test('[AP42] storage tells what the disk holds and how much room there is', async () => {
  const { get, say } = await apiOn({ dataDirectory: tmpdir() });
  await say('oven/heat', 180);

  const answer: unknown = await (await get('/api/v1/storage')).json();

  expect(answer).toMatchObject({
    node: 'ann',
    space: { free_bytes: expect.any(Number), total_bytes: expect.any(Number) },
    log: { first_sequence: 1, watermark: 1, full: false },
    syncs: { count: 0 },
    csv: null,
    database: null,
  });
});

test('[AP42] where the data directory is gone, the rest is told all the same', async () => {
  const { get } = await apiOn({ dataDirectory: '/nowhere/at/all' });

  const response = await get('/api/v1/storage');

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ space: null, log: { watermark: 0 } });
});
