// Names, silence and alerts over a site of three running nodes, of which the leader dies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askNode } from '../../src/control/control-client.ts';
import type { SensorId } from '../../src/model/ids.ts';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface SensorRow {
  readonly sensor: string;
  readonly name: string;
  readonly group: string;
  readonly labels: { readonly [label: string]: string };
  readonly cadence_ms: number | null;
  readonly stale: boolean;
  readonly first_seen_ms: number;
}

interface AlertRow {
  readonly key: string;
  readonly rule: string;
  readonly sensor: string;
  readonly state: string;
  readonly told: readonly string[];
}

const IDS = ['ann', 'bob', 'cat'] as const;
const EVERY_MS = 600;
const directory = mkdtempSync(join(tmpdir(), 'sensorium-alerts-'));
const config = join(directory, 'alerts.json');
const site = new Site();
const told: string[] = [];
let hook: Server;
let nodes: SiteNode[] = [];
let subscriber: MqttClient;
const published: string[] = [];
let settings: { readonly [name: string]: string } = {};

beforeAll(async () => {
  hook = createServer((request, response) => {
    request.resume().on('end', () => {
      told.push(String(request.headers['idempotency-key']));
      response.end();
    });
  });
  await new Promise<void>((listening) => hook.listen(0, '127.0.0.1', listening));
  const address = hook.address();
  const port = typeof address === 'object' ? address?.port : 0;
  writeFileSync(
    config,
    JSON.stringify({
      silent: { match: ['hall/#'], for_s: 0 },
      rules: [{ name: 'too-hot', match: 'oven/+', above: 80, clear_below: 75 }],
      webhooks: [{ name: 'ops', url: `http://127.0.0.1:${port}/` }],
    }),
  );
  settings = { ALERTS_CONFIG: config, MQTT_PORT: 'any', EXPECT_NODES: '3' };
  nodes = await site.startAll(IDS, settings);
  const listening = nodes[2]?.lines.find(({ msg }) => msg === 'MQTT listening');
  subscriber = await mqtt.connectAsync(`mqtt://127.0.0.1:${listening?.port}`);
  subscriber.on('message', (_topic, payload) => published.push(String(JSON.parse(String(payload)).key)));
  await subscriber.subscribeAsync('$sensorium/alerts/#');
});

afterAll(async () => {
  await subscriber.endAsync(true);
  await site.stop();
  hook.closeAllConnections();
  hook.close();
  rmSync(directory, { recursive: true, force: true });
});

test('[RE4] [RE6] what a sensor is called at one node it is called at all', async () => {
  const [ann] = nodes as [SiteNode];
  await ann.write({ sensor: 'oven/1', value: 20 });
  const choice = ['--data-dir', site.directory, '--node-id', 'ann'];

  const [named, unknown] = await Promise.all([
    run(['sensor', 'name', 'oven/1', 'The big oven', ...choice]),
    run(['sensor', 'name', 'oven/9', 'x', ...choice]),
  ]);
  const grouped = await askNode(join(site.directoryOf('ann'), 'control.sock'), {
    act: 'describe',
    sensor: 'oven/1' as SensorId,
    change: { group: 'ovens' },
  });
  const labelled = await run(['sensor', 'label', 'oven/1', 'floor=2', ...choice]);

  expect([named.code, grouped.ok, labelled.code, unknown.code]).toEqual([0, true, 0, 1]);
  expect(labelled.out).toBe('oven/1: name The big oven, group ovens, labels floor=2\n');
  expect(unknown.err).toContain('no such sensor here');
  for (const node of nodes) {
    await until(
      `${node.id} shows the name`,
      () => node.get<SensorRow[]>('/api/v1/sensors?group=ovens'),
      ([row]) => row?.name === 'The big oven' && row.labels.floor === '2',
    );
  }
  const [latest] = await ann.get<unknown[]>('/api/v1/latest');
  const listed = await run(['sensors', '--node', ann.url(), '--label', 'floor=2']);
  expect(latest).toMatchObject({ sensor: 'oven/1' });
  expect(listed.out).toContain('The big oven');
});

test('[AL2] [AL9] a sensor that falls silent is told of once, at a webhook and to subscribers, and when it is back', async () => {
  const [ann, bob, cat] = nodes as [SiteNode, SiteNode, SiteNode];
  const speaking = await spoken(bob, 'hall/1', 8);

  for (const node of nodes) {
    await until(
      `${node.id} knows that it is silent`,
      () => node.get<AlertRow[]>('/api/v1/alerts?state=raised'),
      (rows) => rows.some(({ key }) => key === 'silent:1:raised:hall/1'),
    );
  }
  const stale = await cat.get<SensorRow[]>('/api/v1/sensors?stale=true&match=hall/1');
  await until(
    'it is told',
    () => [...told],
    (keys) => keys.includes('silent:1:raised:hall/1'),
  );
  await ann.write({ sensor: 'hall/1', value: 21 });
  await until(
    'that it is over is told',
    () => [...told],
    (keys) => keys.includes('silent:1:cleared:hall/1'),
  );
  await until(
    'subscribers heard',
    () => published.length,
    (count) => count >= 2,
  );
  const events = await cat.get<{ event_type: string }[]>('/api/v1/events');

  expect(stale[0]?.cadence_ms).toBeGreaterThanOrEqual(speaking);
  const keys = ['silent:1:raised:hall/1', 'silent:1:cleared:hall/1'];
  expect(told).toEqual(keys);
  expect(published).toEqual(keys);
  const alertEvents = events.map(({ event_type: type }) => type).filter((type) => type.startsWith('alert_'));
  expect(alertEvents).toEqual(['alert_raised', 'alert_cleared']);
});

test('[AL5] [AL6] what one leader raised and told, the next one clears and tells, and nothing is told twice', async () => {
  const { leader } = await (nodes[0] as SiteNode).get<{ leader: string }>('/api/v1/view');
  const dying = nodes.find(({ id }) => id === leader) as SiteNode;
  const [witness] = nodes.filter(({ id }) => id !== leader) as [SiteNode];
  await witness.write({ sensor: 'oven/2', value: 81 });
  await until(
    'the note that it was told is at the witness',
    () => witness.get<AlertRow[]>('/api/v1/alerts?state=raised'),
    (rows) => rows.some(({ rule, told: by }) => rule === 'too-hot' && by.includes('ops')),
  );

  await dying.kill();
  await witness.write({ sensor: 'oven/2', value: 60 });
  await until(
    'the next leader told',
    () => [...told],
    (keys) => keys.includes('too-hot:1:cleared:oven/2'),
    60_000,
  );
  await witness.write({ sensor: 'oven/2', value: 90 });
  await until(
    'and goes on',
    () => [...told],
    (keys) => keys.includes('too-hot:2:raised:oven/2'),
  );

  const keys = told.filter((key) => key.startsWith('too-hot'));
  expect(keys).toEqual(['too-hot:1:raised:oven/2', 'too-hot:1:cleared:oven/2', 'too-hot:2:raised:oven/2']);
  const shown = await run(['alerts', '--node', witness.url()]);
  expect(shown.out).toContain('oven/2 is 90, above 80');
});

test('[RE5] what a node has learned it knows after a restart', async () => {
  const alive = nodes.find(({ child }) => child.exitCode === null && child.signalCode === null) as SiteNode;
  const ask = async (node: SiteNode) => (await node.get<SensorRow[]>('/api/v1/sensors?match=hall/1'))[0];
  const before = await ask(alive);

  await alive.kill('SIGTERM');
  const again = await site.start(alive.id, IDS, settings);

  const after = await ask(again);
  expect(after).toMatchObject({ cadence_ms: before?.cadence_ms, first_seen_ms: before?.first_seen_ms });
  expect(before?.cadence_ms).not.toBeNull();
});

test('[AL1] a file of rules that makes no sense keeps a node from starting, and is told without one', async () => {
  const wrong = join(directory, 'wrong.json');
  writeFileSync(wrong, JSON.stringify({ rules: [{ name: 'hot', match: '#' }] }));

  const [checked, right, started] = await Promise.all([
    run(['alert', 'check', wrong]),
    run(['alert', 'check', config]),
    run(['node'], {
      ALERTS_CONFIG: wrong,
      DATA_DIR: join(directory, 'data'),
      NODE_ID: 'dan',
      PORT: 'any',
      WEB_API_PORT: 'any',
      INGEST_PORT: '0',
      MQTT_PORT: '0',
      DISCOVERY: 'off',
    }),
  ]);

  expect([checked.code, right.code, started.code]).toEqual([2, 0, 2]);
  expect(right.out).toContain('1 rules, 1 webhooks, silence is noticed');
  for (const { err } of [checked, started]) expect(err).toContain('rules[0]: a rule has one of above, below');
});

/** Readings at an even pace; gives the pace. */
async function spoken(node: SiteNode, sensor: string, times: number): Promise<number> {
  for (let at = 0; at < times; at++) {
    await node.write({ sensor, value: 20 + at });
    await new Promise((resume) => setTimeout(resume, EVERY_MS));
  }
  return EVERY_MS - 100;
}
