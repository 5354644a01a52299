import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { must } from '../kit/assert.ts';
import { LIMITS } from '../model/limits.ts';
import { Epoch } from './cursor.ts';
import { LiveFeed } from './live-feed.ts';
import * as schema from './schema.ts';
import { SitePulse } from './site-pulse.ts';
import { ann, apiOn, bob, LiveClient, sensorId } from './testing.ts';

test('[AP11] a stream opens with hello and then sends each reading and each fact as it happens', async () => {
  const { hub, base, say } = await apiOn();
  await say('before', 0);
  const client = await LiveClient.open(`${base}/api/v1/live`);

  await say('bed1/temperature', 21.5, { unit: 'Cel' });
  hub.announce({ type: 'converged', peer: bob });
  await client.until(() => client.of('reading').length === 1 && client.of('fact').length === 1);

  expect(client.events[0]).toMatchObject({
    event: 'hello',
    data: { node: 'ann', site: 'hall', resumed: false },
  });
  const reading = must(client.of('reading')[0], 'a reading was sent');
  expect(schema.latestRow.parse(reading.data)).toMatchObject({ sensor: 'bed1/temperature', value: 21.5 });
  expect(reading.id).toBe('ann:1.0123456789abcdef:2');
  expect(schema.event.parse(client.of('fact')[0]?.data)).toMatchObject({ event_type: 'converged' });
});

test('[AP11] with Last-Event-ID the stream goes on without a gap and without a double', async () => {
  const { base, say } = await apiOn();
  const first = await LiveClient.open(`${base}/api/v1/live`);
  for (let i = 1; i <= 3; i++) await say('a', i);
  await first.until(() => first.of('reading').length === 3);
  first.close();
  for (let i = 4; i <= 700; i++) await say('a', i);

  const second = await LiveClient.open(`${base}/api/v1/live`, first.lastId);
  await say('a', 701);
  await second.until(() => second.of('reading').length >= 698);

  expect(second.events[0]).toMatchObject({ event: 'hello', data: { resumed: true } });
  const values = second.of('reading').map(({ data }) => schema.latestRow.parse(data).value);
  expect(values).toEqual(Array.from({ length: 698 }, (_, i) => i + 4));
});

test.each([
  ['too old', 'ann:1.0123456789abcdef:1'],
  ['of another node', 'bob:1.0123456789abcdef:3'],
  ['of another life', 'ann:9.0123456789abcdef:3'],
  ['nonsense', 'x'],
])(
  '[AP11] a Last-Event-ID that is %s is answered by reset, and the stream goes on',
  async (_what, lastEventId) => {
    const { base, say } = await apiOn({ changesKept: 2 });
    for (let i = 1; i <= 5; i++) await say('a', i);

    const client = await LiveClient.open(`${base}/api/v1/live`, lastEventId);
    await client.until(() => client.of('reset').length === 1);
    await say('a', 6);
    await client.until(() => client.of('reading').length === 1);

    expect(client.events.map(({ event }) => event)).toEqual(['hello', 'reset', 'reading']);
    expect(client.events[0]).toMatchObject({ data: { resumed: false } });
    expect(client.lastId).toBe('ann:1.0123456789abcdef:6');
  },
);

test('[AP11] a forgotten sensor is told of', async () => {
  const { hub, base, say } = await apiOn();
  await say('a', 1);
  const client = await LiveClient.open(`${base}/api/v1/live`);

  await hub.forget([sensorId('a')]);
  await say('b', 1);
  await client.until(() => client.of('reading').length === 1);

  expect(client.of('forgotten').map(({ data }) => data)).toEqual([{ sensor: 'a' }]);
});

test('[AP13] match narrows the readings, and a heartbeat carries the id past those left out', async () => {
  const { base, say } = await apiOn({ heartbeatMs: 50 });
  const client = await LiveClient.open(`${base}/api/v1/live?match=bed1/%23`);

  await say('bed1/temperature', 1);
  await say('bed2/temperature', 2);
  await client.until(() => client.lastId === 'ann:1.0123456789abcdef:2');

  expect(client.of('reading').map(({ id }) => id)).toEqual(['ann:1.0123456789abcdef:1']);
  expect(client.comments).toBeGreaterThan(0);
});

test('[AP14] a burst larger than the ring, within one turn of the event loop, leaves nobody behind', async () => {
  const { hub, base } = await apiOn({ changesKept: 4_096 });
  const client = await LiveClient.open(`${base}/api/v1/live?match=bed1/%23`);
  const burst = Array.from({ length: 250 }, (_, i) => ({ sensor: sensorId(`bed2/${i}`), value: i }));
  const last = { sensor: sensorId('bed1/temperature'), value: 21.5 };

  await Promise.all(Array.from({ length: 40 }, () => hub.submit([...burst, last], 'stored')));
  await client.until(() => client.of('reading').length + client.of('reset').length >= 40);

  expect(client.of('reset')).toEqual([]);
});

test('[AP4] a live stream with a query that is not understood is a problem', async () => {
  const { get } = await apiOn();

  const response = await get('/api/v1/live?match=a&match=b');

  expect(response.status).toBe(400);
  expect(schema.problem.parse(await response.json()).detail).toBe('match is given once');
});

test('[AP14] above the bound of streams the answer is 503 with Retry-After, and a place that falls free is given', async () => {
  const { base, get } = await apiOn();
  const clients: LiveClient[] = [];
  for (let i = 0; i < LIMITS.liveClientsMax; i++) clients.push(await LiveClient.open(`${base}/api/v1/live`));

  const refused = await get('/api/v1/live');
  clients[0]?.close();
  let status = 503;
  for (let tries = 0; status === 503 && tries < 200; tries++) {
    const next = await LiveClient.open(`${base}/api/v1/live`);
    status = next.status;
  }

  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(schema.problem.parse(await refused.json()).code).toBe('too-many-streams');
  expect(status).toBe(200);
});

test('[AP14] a client that takes nothing is given no more than fits, and is told reset when it takes again', async () => {
  const { hub, client } = await slowClient({
    heartbeatMs: 60_000,
    clientBytesMax: LIMITS.liveClientBytesMax,
  });

  await floodWithReadings(hub);
  client.resume();
  await client.until(() => client.of('reset').length === 1);

  expect(client.ended).toBe(false);
});

test('[AP14] a client that takes nothing from one heartbeat to the next is closed', async () => {
  const { hub, feed } = await slowClient({ heartbeatMs: 40, clientBytesMax: LIMITS.liveClientBytesMax });

  await floodWithReadings(hub);
  await vitestUntil(() => feed.clients === 0);

  expect(feed.clientsCut).toBe(1);
});

test('[AP14] a client that leaves too many facts unread is closed', async () => {
  const { hub, feed } = await slowClient({ heartbeatMs: 60_000, clientBytesMax: 65_536 });

  for (let i = 0; feed.clients > 0 && i < 50_000; i++) {
    hub.announce({ type: 'message-refused', peer: bob, code: 'malformed', reason: 'x'.repeat(4_000) });
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  expect(feed.clients).toBe(0);
  expect(feed.clientsCut).toBe(1);
});

/** A stream whose client reads nothing, and the feed that serves it. */
async function slowClient(bounds: { readonly heartbeatMs: number; readonly clientBytesMax: number }) {
  const hub = new MemoryHub({ self: ann, wallMs: Date.now, changesKept: 64 });
  const feed = new LiveFeed(hub, new Epoch(hub), new SitePulse(hub), {
    site: 'hall',
    version: '0',
    clientsMax: 4,
    ...bounds,
  });
  const server = createServer((request, response) => feed.open(request, response, null));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    feed.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = await LiveClient.open(`http://127.0.0.1:${port}/`);
  await client.until(() => client.of('hello').length === 1);
  client.pause();
  return { hub, feed, client };
}

/** More than the sockets of both sides hold, so that the client is blocked for good. */
async function floodWithReadings(hub: MemoryHub): Promise<void> {
  const text = 'x'.repeat(LIMITS.textValueBytesMax);
  for (let i = 0; i < 6_000; i++) {
    await hub.submit([{ sensor: sensorId(`s${i % 50}`), value: text }], 'stored');
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function vitestUntil(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 10 }).toBe(true);
}
