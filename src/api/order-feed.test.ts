import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { LIMITS } from '../model/limits.ts';
import * as schema from './schema.ts';
import { STREAM_SHAPES } from './stream-shapes.ts';
import { apiOn, bob, LiveClient, type RunningApi } from './testing.ts';

const GROUP = '00000000000000a1';

test('[AP22] the stream sends each committed reading once, in order, with its place as id', async () => {
  const { base, say } = await apiOn();
  await say('before', 0);
  const client = await LiveClient.open(`${base}/api/v1/stream`);
  for (let i = 1; i <= 700; i++) await say('bed1/temperature', i);

  await client.until(() => client.of('reading').length === 700);

  expect(client.events[0]).toMatchObject({ event: 'hello', data: { group: GROUP, next: 2, resumed: false } });
  expect(sequencesOf(client)).toEqual(Array.from({ length: 700 }, (_, i) => i + 2));
  expect(client.of('reading')[0]?.id).toBe(`${GROUP}:2`);
});

test('[AP22] what waits for a quorum is not on the stream before it is committed', async () => {
  const { hub, base, say } = await apiOn();
  const client = await LiveClient.open(`${base}/api/v1/stream?from=1`);
  hub.history.quorum = false;
  await say('a', 1);
  hub.history.quorum = true;
  await say('a', 2);

  await client.until(() => client.of('reading').length === 2);

  expect(sequencesOf(client)).toEqual([1, 2]);
});

test('[AP22] a client hops to another node and goes on without a gap or a double', async () => {
  const one = await apiOn();
  const other = await apiOn({ self: bob });
  for (let i = 1; i <= 20; i++) await both([one, other], i);
  const first = await LiveClient.open(`${one.base}/api/v1/stream?from=1`);
  await first.until(() => first.of('reading').length === 20);
  const lastId = must(first.of('reading')[11], 'there are twenty').id;
  first.close();

  const second = await LiveClient.open(`${other.base}/api/v1/stream?from=1`, lastId);
  await both([one, other], 21);
  await second.until(() => second.of('reading').length === 9);

  expect(second.events[0]).toMatchObject({ event: 'hello', data: { resumed: true, next: 13 } });
  expect(sequencesOf(second)).toEqual([13, 14, 15, 16, 17, 18, 19, 20, 21]);
});

test('[AP22] at a node that is behind, the stream goes on when the order has come there', async () => {
  const { base, say } = await apiOn();
  await say('a', 1);

  const client = await LiveClient.open(`${base}/api/v1/stream`, `${GROUP}:3`);
  for (let i = 2; i <= 5; i++) await say('a', i);
  await client.until(() => client.of('reading').length === 2);

  expect(sequencesOf(client)).toEqual([4, 5]);
});

test('[AP22] what is kept no more is told as a gap', async () => {
  const { hub, base, say } = await apiOn();
  for (let i = 1; i <= 6; i++) await say('a', i);
  hub.history.trim(4);

  const client = await LiveClient.open(`${base}/api/v1/stream`, `${GROUP}:1`);
  await client.until(() => client.of('reading').length === 2);

  expect(client.of('gap').map(({ data }) => data)).toEqual([{ from: 2, to: 4 }]);
  expect(sequencesOf(client)).toEqual([5, 6]);
});

test('[AP22] match narrows the stream', async () => {
  const { base, say } = await apiOn();
  const client = await LiveClient.open(`${base}/api/v1/stream?from=1&match=bed1/%23`);

  await say('bed2/temperature', 1);
  await say('bed1/temperature', 2);
  await client.until(() => client.of('reading').length === 1);

  expect(sequencesOf(client)).toEqual([2]);
});

test.each([
  ['of another group', '00000000000000b2:7'],
  ['nonsense', 'x'],
])(
  '[AP23] a Last-Event-ID that is %s is answered by reset, and the order from its beginning',
  async (_what, id) => {
    const { base, say } = await apiOn();
    for (let i = 1; i <= 3; i++) await say('a', i);

    const client = await LiveClient.open(`${base}/api/v1/stream`, id);
    await client.until(() => client.of('reading').length === 3);

    const reset = STREAM_SHAPES.StreamReset.parse(client.of('reset')[0]?.data);
    expect(reset).toMatchObject({ group: GROUP, first: 1, watermark: 3 });
    expect(reset.why).toContain(id);
    expect(sequencesOf(client)).toEqual([1, 2, 3]);
  },
);

test('[AP23] when the node goes over to another group, its clients are told', async () => {
  const { hub, base, say } = await apiOn();
  await say('a', 1);
  const client = await LiveClient.open(`${base}/api/v1/stream?from=1`);
  await client.until(() => client.of('reading').length === 1);
  hub.history.startGroup('00000000000000b2');

  await say('a', 2);
  await client.until(() => client.of('reading').length === 2);

  expect(client.of('reset').map(({ data }) => data)).toMatchObject([{ group: '00000000000000b2', first: 1 }]);
  expect(client.of('reading').map(({ id }) => id)).toEqual([`${GROUP}:1`, '00000000000000b2:1']);
});

test('[AP24] a client that takes nothing is closed, and resumes where it was', async () => {
  const { base, say } = await apiOn({ heartbeatMs: 200 });
  const client = await LiveClient.open(`${base}/api/v1/stream?from=1`);
  await client.until(() => client.of('hello').length === 1);
  client.pause();
  for (let i = 1; i <= 3_000; i++) await say(`sensor-${i}`, 'x'.repeat(4_000));
  await counted(base, 'sensorium_order_stream_clients_cut_total', 1);
  client.resume();
  await client.until(() => client.ended);
  const had = sequencesOf(client);

  const again = await LiveClient.open(`${base}/api/v1/stream`, client.lastId);
  await again.until(() => again.lastId === `${GROUP}:3000`);

  const all = [...had.slice(0, had.indexOf(Number(client.lastId.split(':')[1])) + 1), ...sequencesOf(again)];
  expect(all).toEqual(Array.from({ length: 3_000 }, (_, i) => i + 1));
});

test('[AP24] so many streams are open and no more', async () => {
  const { base, get } = await apiOn();
  for (let i = 0; i < LIMITS.liveClientsMax; i++) await LiveClient.open(`${base}/api/v1/stream`);

  const refused = await get('/api/v1/stream');

  expect(refused.status).toBe(503);
  expect(schema.problem.parse(await refused.json()).code).toBe('too-many-streams');
});

test('[AP22] a quiet client learns its place, so that it need not be given everything again', async () => {
  const { base, say } = await apiOn({ heartbeatMs: 20 });
  const client = await LiveClient.open(`${base}/api/v1/stream?match=nothing`);
  for (let i = 1; i <= 5; i++) await say('a', i);

  await client.until(() => client.lastId === `${GROUP}:5`);

  expect(client.of('reading')).toEqual([]);
});

async function both(nodes: readonly RunningApi[], value: number): Promise<void> {
  for (const { say } of nodes) await say('a', value, { tsMs: value });
}

function sequencesOf(client: LiveClient): number[] {
  return client.of('reading').map(({ data }) => schema.logRow.parse(data).sequence);
}

async function counted(base: string, name: string, count: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${base}/metrics`)).text();
    if (text.includes(`\n${name} ${count}\n`)) return;
  }
}
