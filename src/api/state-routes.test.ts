import { get as httpGet, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { COUNTERS_ALWAYS_SHOWN } from './counters.ts';
import * as schema from './schema.ts';
import { apiOn, bob, cat, dan, memberOf, sensorId } from './testing.ts';

test('[AP5] the state shows each sensor by its origin and id, with value, time and meta', async () => {
  const { get, say } = await apiOn();
  await say('bed1/temperature', 21.5, { unit: 'Cel', periodMs: 2_000, tsMs: 1_000 });

  const body = await (await get('/api/state')).json();

  expect(body).toEqual({
    ann: {
      'ann:bed1/temperature': {
        value: 21.5,
        ts_ms: 1_000,
        origin: 'ann',
        meta: { unit: 'Cel', period_ms: 2_000 },
      },
    },
  });
});

test('[AP5] peers are sorted, without this node, with the statuses of the earlier system', async () => {
  const { hub, get } = await apiOn({ evidenceRecentMs: 10_000 });
  const longAgo = Date.now() - 60_000;
  hub.others = [
    memberOf(dan, { status: 'left' }),
    memberOf(cat, { lastDirectMs: 0, lastEvidenceMs: longAgo, phi: 2, directStatus: 'unknown' }),
    memberOf(bob),
  ];

  const { local_node_id, peers } = schema.membership.parse(await (await get('/api/membership')).json());

  expect(local_node_id).toBe('ann');
  const shown = peers.map((peer) => [
    peer.peer_id,
    peer.status,
    peer.display_status,
    peer.evidence_status,
    peer.phi,
  ]);
  expect(shown).toEqual([
    ['bob', 'alive', 'alive_direct', 'active', 0.5],
    ['cat', 'alive', 'alive_indirect', 'stale', null],
    ['dan', 'dead', 'dead', 'active', 0.5],
  ]);
});

test('[AP5] a peer that was only listed and never heard of is unknown', async () => {
  const { hub, get } = await apiOn();
  hub.others = [
    memberOf(bob, { lastDirectMs: 0, lastEvidenceMs: 0 }),
    memberOf(cat, { status: 'suspected' }),
  ];

  const { peers } = schema.membership.parse(await (await get('/api/membership')).json());

  expect(peers.map((peer) => peer.display_status)).toEqual(['unknown', 'suspected']);
  expect(peers.map((peer) => peer.evidence_status)).toEqual(['unknown', 'active']);
});

test('[AP5] the topology shows whom each node keeps links to', async () => {
  const { hub, get } = await apiOn();
  hub.others = [memberOf(bob)];

  const topology = schema.topology.parse(await (await get('/api/topology')).json());

  expect(topology.adjacency).toEqual({ ann: ['bob'] });
  expect(topology.entries).toEqual([
    { node_id: 'ann', direct_neighbors: ['bob'], updated_at_ms: expect.any(Number) },
  ]);
});

test('[AP5] introspection has all sections, records sorted by global id, and every counter', async () => {
  const { get, say } = await apiOn();
  await say('b', 2);
  await say('a', 1);

  const { schema_version, cluster } = schema.introspection.parse(
    await (await get('/api/introspection')).json(),
  );

  expect(schema_version).toBe('introspection/v1');
  expect(cluster.sensor_state.record_count).toBe(2);
  expect(cluster.sensor_state.records.map((record) => record.global_sensor_id)).toEqual(['ann:a', 'ann:b']);
  expect(Object.keys(cluster.metrics.counters)).toEqual(expect.arrayContaining([...COUNTERS_ALWAYS_SHOWN]));
  expect(cluster.metrics.counters).toMatchObject({
    full_sync_requests_sent_total: 0,
    sensor_updates_applied_total: 2,
  });
  expect(cluster.metrics.state_replication).toEqual({
    next_seq: 3,
    last_read_seq: 0,
    oldest_retained_seq: 1,
    newest_retained_seq: 2,
    retained_delta_count: 2,
    latest_seq_by_origin: { ann: 2 },
    next_n: 3,
  });
});

test('[AP7] updates after a cursor are the last change of each sensor, and the next cursor leads on', async () => {
  const { get, say } = await apiOn();
  await say('a', 1);
  const first = await get('/api/updates?cursor=0');
  const cursor = first.headers.get('x-next-cursor');
  await say('b', 2);
  await say('b', 3);

  const second = await get(`/api/updates?cursor=${cursor}`);
  const third = await get(`/api/updates?cursor=${second.headers.get('x-next-cursor')}`);

  expect(await first.json()).toMatchObject({ ann: { 'ann:a': { value: 1, sync_source: 'local_sensor' } } });
  expect(await second.json()).toEqual({ ann: { 'ann:b': expect.objectContaining({ value: 3 }) } });
  expect(await third.json()).toEqual({ ann: {} });
});

test('[AP7] a cursor that is too old or of another life is answered with the whole state, and says so', async () => {
  const { get, say } = await apiOn({ changesKept: 2 });
  for (const sensor of ['a', 'b', 'c', 'd']) await say(sensor, 1);

  for (const cursor of ['1', 'ann:7.0123456789abcdef:4', 'bob:1.0123456789abcdef:4', '99']) {
    const response = await get(`/api/updates?cursor=${cursor}`);
    const body = schema.updates.parse(await response.json());
    expect([cursor, response.headers.get('x-cursor-reset'), Object.keys(body.ann ?? {})]).toEqual([
      cursor,
      'true',
      ['ann:a', 'ann:b', 'ann:c', 'ann:d'],
    ]);
    const next = await get(`/api/updates?cursor=${response.headers.get('x-next-cursor')}`);
    expect(await next.json()).toEqual({ ann: {} });
  }
});

test('[AP7] a forgotten sensor is in no update', async () => {
  const { hub, get, say } = await apiOn();
  await say('a', 1);
  await hub.forget([sensorId('a')]);

  expect(await (await get('/api/updates?cursor=0')).json()).toEqual({ ann: {} });
});

test('[AP8] two clients without cursors both get every row', async () => {
  const { api, say } = await apiOn();
  await say('a', 1);

  const one = await updatesFrom('127.0.0.2', api.port);
  const other = await updatesFrom('127.0.0.3', api.port);
  await say('b', 2);
  const oneAgain = await updatesFrom('127.0.0.2', api.port);
  const otherAgain = await updatesFrom('127.0.0.3', api.port);

  expect([one, other, oneAgain, otherAgain]).toEqual([['ann:a'], ['ann:a'], ['ann:b'], ['ann:b']]);
});

test('[AP8] a HEAD without cursor takes nothing from the GET that follows', async () => {
  const { get, say } = await apiOn();
  await say('a', 1);

  const head = await get('/api/updates', { method: 'HEAD' });
  const body = schema.updates.parse(await (await get('/api/updates')).json());

  expect(head.headers.get('x-next-cursor')).toMatch(/:1$/);
  expect(Object.keys(body.ann ?? {})).toEqual(['ann:a']);
});

async function updatesFrom(localAddress: string, port: number): Promise<string[]> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port, path: '/api/updates', localAddress, agent: false }, resolve).on(
      'error',
      reject,
    );
  });
  let text = '';
  for await (const chunk of response) text += chunk;
  return Object.keys(schema.updates.parse(JSON.parse(text)).ann ?? {});
}
