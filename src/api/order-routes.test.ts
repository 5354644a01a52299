import { expect, test } from 'vitest';
import type { Value } from '../model/reading.ts';
import * as schema from './schema.ts';
import { ann, apiOn } from './testing.ts';

const GROUP = '00000000000000a1';

test('[AP21] the log gives committed readings in their order, page by page', async () => {
  const { get, say } = await apiOn();
  for (let i = 1; i <= 5; i++) await say('bed1/temperature', i, { unit: 'Cel' });

  const one = schema.logPage.parse(await (await get('/api/v1/log?from=2&limit=2')).json());
  const two = schema.logPage.parse(await (await get(`/api/v1/log?from=${one.next}`)).json());
  const none = schema.logPage.parse(await (await get(`/api/v1/log?from=${two.next}`)).json());

  expect(one).toMatchObject({ group: GROUP, first: 1, watermark: 5, next: 4 });
  expect(one.readings.map(({ sequence, value }) => [sequence, value])).toEqual([
    [2, 2],
    [3, 3],
  ]);
  expect(one.readings[0]).toMatchObject({ sensor: 'bed1/temperature', origin: 'ann', n: 2, unit: 'Cel' });
  expect(two.readings.map(({ sequence }) => sequence)).toEqual([4, 5]);
  expect(none).toMatchObject({ next: 6, readings: [] });
});

test('[AP21] the log comes as NDJSON or CSV by format or Accept, its frame in headers', async () => {
  const { get, say } = await apiOn();
  await say('a"b', 'x,\n"y"', { tsMs: 1_700_000_000_123, unit: '%' });
  await say('climate', { temperature_c: 21.5, open: true }, { tsMs: 1_700_000_000_456 });

  const ndjson = await get('/api/v1/log', { headers: { Accept: 'application/x-ndjson' } });
  const csv = await get('/api/v1/log?format=csv', { headers: { Accept: 'application/json' } });

  expect(ndjson.headers.get('content-type')).toBe('application/x-ndjson');
  expect(ndjson.headers.get('x-log-next')).toBe('3');
  const lines = (await ndjson.text()).trimEnd().split('\n');
  expect(lines.map((line) => schema.logRow.parse(JSON.parse(line)).sequence)).toEqual([1, 2]);
  expect(await csv.text()).toBe(
    [
      'sequence,timestamp,sensor_id,origin,identity,n,value,unit',
      '1,2023-11-14T22:13:20.123Z,"a""b",ann,1.0123456789abcdef,1,"x,\\n""y""",%',
      '2,2023-11-14T22:13:20.456Z,climate,ann,1.0123456789abcdef,2,"{""temperature_c"":21.5,""open"":true}",',
      '',
    ].join('\n'),
  );
});

test('[AP21] what is kept no more is skipped, and first says from where on there is something', async () => {
  const { hub, get, say } = await apiOn();
  for (let i = 1; i <= 5; i++) await say('a', i);
  hub.history.trim(3);

  const page = schema.logPage.parse(await (await get('/api/v1/log?from=1')).json());

  expect(page).toMatchObject({ first: 4, next: 6 });
  expect(page.readings.map(({ sequence }) => sequence)).toEqual([4, 5]);
});

test.each([
  ['from=0', 'from is a sequence'],
  ['from=x', 'from is a sequence'],
  ['limit=10001', 'limit is a whole number'],
  ['format=xml', 'format is json, ndjson or csv'],
  ['form=1', 'unknown parameter'],
])('[AP4] the log refuses %s in one line', async (query, why) => {
  const { get } = await apiOn();

  const response = await get(`/api/v1/log?${query}`);

  expect(response.status).toBe(400);
  expect(schema.problem.parse(await response.json()).detail).toContain(why);
});

test('[AP23] a place in the order of another group is refused as such; one of this group is taken', async () => {
  const { get, say } = await apiOn();
  await say('a', 1);

  const other = await get('/api/v1/log?from=00000000000000b2:1');
  const own = await get(`/api/v1/log?from=${GROUP}:1`);

  expect(other.status).toBe(409);
  expect(schema.problem.parse(await other.json())).toMatchObject({ code: 'other-group' });
  expect(schema.logPage.parse(await own.json()).readings).toHaveLength(1);
});

test('[AP25] the view shows who leads the group and how far it is', async () => {
  const { hub, get, say } = await apiOn();
  await say('a', 1);
  const led = schema.view.parse(await (await get('/api/v1/view')).json());
  hub.history.quorum = false;
  await say('a', 2);

  const alone = schema.view.parse(await (await get('/api/v1/view')).json());

  expect(led).toMatchObject({ group: GROUP, leader: 'ann', quorum: true, watermark: 1, outbox: 0 });
  expect(alone).toMatchObject({ leader: null, quorum: false, watermark: 1, outbox: 1 });
});

test('[HB10] the latest reading says that it is committed, and where', async () => {
  const { hub, get, say } = await apiOn();
  await say('b', 1);
  await say('a', 1);
  hub.history.quorum = false;
  await say('b', 2);

  const rows = schema.latest.parse(await (await get('/api/v1/latest')).json());

  expect(rows.map(({ sensor, commit, group, sequence }) => [sensor, commit, group, sequence])).toEqual([
    ['a', 'committed', GROUP, 2],
    ['b', 'stored', null, null],
  ]);
});

test('[AP17] the metrics tell of the order', async () => {
  const { hub, get, say } = await apiOn();
  await say('a', 1 as Value);
  hub.history.quorum = false;
  hub.announce({ type: 'coordinator', peer: hub.self, ballot: BALLOT, how: 'election' });

  const text = await (await get('/metrics')).text();

  expect(text).toContain('\nsensorium_order_watermark 1\n');
  expect(text).toContain('\nsensorium_order_quorum 0\n');
  expect(text).toContain('\nsensorium_order_leader_changes_total 1\n');
  expect(text).toContain('\nsensorium_sensors_uncommitted 0\n');
});

test('[AP6] elections are events, named as people know them', async () => {
  const { hub, get } = await apiOn();
  hub.announce({ type: 'election-started', ballot: BALLOT, why: 'the leader is silent' });
  hub.announce({ type: 'coordinator', peer: hub.self, ballot: BALLOT, how: 'election' });
  hub.announce({ type: 'own-committed', identity: hub.identity, upto: 4 });

  const rows = schema.events.parse(await (await get('/api/v1/events')).json());

  expect(rows.map(({ event_type }) => event_type)).toEqual(['election_started', 'coordinator']);
  expect(rows[1]).toMatchObject({ sender_id: 'ann', details: { ballot: '3.ann', how: 'election' } });
});

const BALLOT = {
  round: 3,
  priority: 0,
  peer: ann,
  identity: { birth: 1, random: '0123456789abcdef' },
};
