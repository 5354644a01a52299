// Devices and people at a site of real nodes: a token made at one node is good at all, and gone everywhere at once; what
// was done is in the order that every node holds; and no secret is told by anybody.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseSpec } from '../../src/access/device.ts';
import { askNode } from '../../src/control/control-client.ts';
import type { ControlAnswer, ControlRequest } from '../../src/control/request.ts';
import { freePorts } from '../../src/host/network/free-ports.ts';
import type { SensorId } from '../../src/model/ids.ts';
import { type Ran, run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = ['ann', 'bob', 'cat'] as const;
const BRIDGE_SECRET = 'planted-bridge-secret';
const BAD_TOKEN = `sen_0123456789abcdef_${'PlantedBadToken'.padEnd(43, 'x')}`;
const BAD_PASSWORD = 'planted-password';

interface AuditRow {
  readonly sequence: number;
  readonly node: string;
  readonly act: string;
  readonly subject: string;
  readonly by: string;
}

const site = new Site();
const mqttPorts = new Map<string, number>();
const tokens: string[] = [];
let nodes: readonly SiteNode[] = [];

beforeAll(async () => {
  const ports = await freePorts(IDS.length);
  for (const [at, id] of IDS.entries()) mqttPorts.set(id, ports[at] ?? 0);
  nodes = await site.startAll(IDS, (id) => environmentOf(id));
});

afterAll(() => site.stop());

test('[AC2][AC12] a token of one node opens all of them for what it allows, and nobody comes in without', async () => {
  const flags = [
    '--publish',
    'bed1/#',
    '--subscribe',
    'cmnd/bed1/#',
    '--rate',
    '600/min',
    '--quota',
    '10MB/day',
  ];
  const { out } = await cli('ann', 'device', 'add', 'bed1', ...flags);
  const token = /^ {2}(sen_\S+)$/m.exec(out)?.[1] ?? '';
  tokens.push(token);
  await until(
    'cat knows it',
    () => write('cat', 'bed1/t', 1, token),
    (status) => status === 200,
  );

  const client = await connected('bob', 'bed1', token);
  await client.publishAsync('bed1/t', '2', { qos: 1 });
  const statuses = [
    await write('bob', 'bed2/t', 1, token),
    await write('bob', 'bed1/t', 1, null),
    await write('bob', 'bed1/t', 1, BAD_TOKEN),
  ];
  await client.endAsync();

  expect(statuses).toEqual([403, 401, 401]);
  expect(out).toContain(`mosquitto_pub -h 127.0.0.1 -p ${mqttPorts.get('ann')} -u bed1 -P ${token}`);
  await until(
    'ann shows it',
    () => node('ann').state(),
    (state) => Object.entries(state).some(([id, { value }]) => id.endsWith(':bed1/t') && value === 2),
  );
  for (const one of nodes) expect(JSON.stringify(await one.state())).not.toContain('$sensorium');
});

test('[AC7] a device removed at one node is cut off at all of them, also where it is connected', async () => {
  const token = await added('bob', { name: 'bed3' });
  await until(
    'ann knows it',
    () => write('ann', 'bed3/t', 1, token),
    (status) => status === 200,
  );
  const client = await connected('ann', 'bed3', token);
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));

  await ask('cat', { act: 'device-remove', name: 'bed3' });
  await closed;

  for (const id of IDS) {
    await until(
      `${id} refuses it`,
      () => write(id, 'bed3/t', 1, token),
      (status) => status === 401,
    );
  }
  const listed = await ask('ann', { act: 'device-list' });
  expect(listed).toMatchObject({
    devices: [{ name: 'bed1', subscribe: ['cmnd/bed1/#'], ratePerS: 10, bytesPerDay: 10_000_000 }],
  });
  expect(await node('ann').counter('http_refused_unauthorized_total')).toBeGreaterThan(0);
});

test('[AC8][AC9] what was done is in the common order, the same at every node, from the database or the log', async () => {
  await added('cat', { name: 'grafana', role: 'reader' });
  await ask('bob', { act: 'forget', sensors: ['bed1/t' as SensorId] });
  const acts = ['forget', 'device-add', 'device-remove', 'device-add', 'device-add'];

  const audits = await until(
    'all have all of it',
    () => Promise.all(nodes.map((one) => one.get<readonly AuditRow[]>('/api/v1/audit'))),
    (all) => all.every((rows) => rows.length >= acts.length),
  );
  const { out } = await run(['audit', '--node', node('cat').url(), '--json']);

  for (const rows of audits) expect(rows).toEqual(audits[0]);
  expect(audits[0]?.map(({ act }) => act)).toEqual(acts);
  expect(audits[0]?.map(({ subject }) => subject)).toEqual(['bed1/t', 'grafana', 'bed3', 'bed3', 'bed1']);
  expect(audits[0]?.every(({ by }) => by !== '')).toBe(true);
  expect(out.trim().split('\n')).toHaveLength(acts.length);
});

test('[AC2] a node that was killed still knows who may come in', async () => {
  const [token = ''] = tokens;
  await node('ann').kill();
  const again = await site.start('ann', IDS, environmentOf('ann'));
  nodes = nodes.map((one) => (one.id === 'ann' ? again : one));

  expect(await write('ann', 'bed1/t', 3, token)).toBe(200);
  expect(await write('ann', 'bed1/t', 3, tokens[1] ?? '')).toBe(401);
});

test('[AC14] no secret that was shown to a node is in its log, its files, its metrics or any answer of its API', async () => {
  const ann = node('ann');
  await fetch(ann.ingestUrl(`/write?u=bed1&p=${BAD_PASSWORD}`), { method: 'POST', body: 'bed1/t v=1' });
  await write('ann', `bed2/t`, 1, tokens[0] ?? '');
  await fetch(ann.url('/api/v1/latest'), { headers: { authorization: `Bearer ${BAD_TOKEN}` } });
  await connected('ann', 'bed1', BAD_PASSWORD).catch(() => null);
  await connected('ann', BAD_TOKEN, BAD_TOKEN).catch(() => null);
  const secrets = [...tokens, BAD_TOKEN, BAD_PASSWORD, BRIDGE_SECRET];
  expect(tokens.length).toBe(3);

  const { paths } = await ann.get<{ readonly paths: object }>('/api/openapi.json');
  const answers: string[] = [];
  for (const path of Object.keys(paths).filter((one) => !/\/(?:live|stream)$/.test(one))) {
    answers.push(await (await fetch(ann.url(path))).text());
  }
  const logs = nodes.map(({ lines, errors }) => JSON.stringify(lines) + errors);
  const files = filesBelow(site.directory).map((path) => readFileSync(path).toString('latin1'));

  expect(answers.length).toBeGreaterThan(15);
  expect(files.length).toBeGreaterThan(20);
  for (const text of [...answers, ...logs, ...files]) {
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
  }
  // What is looked for would be found: the same places hold what is no secret.
  expect(answers.some((text) => text.includes('grafana'))).toBe(true);
  expect(files.some((text) => text.includes('grafana'))).toBe(true);
});

function environmentOf(id: string) {
  return {
    EXPECT_NODES: '3',
    MQTT_PORT: String(mqttPorts.get(id)),
    ANONYMOUS_WRITE: 'none',
    LOG_LEVEL: 'DEBUG',
    HISTORY_DB: id === 'cat' ? 'off' : 'on',
    ...(id === 'ann' && { MQTT_BRIDGE_URL: `mqtt://site:${BRIDGE_SECRET}@127.0.0.1:1` }),
  };
}

function node(id: string): SiteNode {
  const found = nodes.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}

async function cli(at: string, ...args: readonly string[]): Promise<Ran> {
  const ran = await run([...args, '--data-dir', site.directory, '--node-id', at]);
  if (ran.code !== 0) throw new Error(`${args.join(' ')}: ${ran.err}`);
  return ran;
}

/** The same acts without a process for each. */
async function ask(at: string, request: ControlRequest): Promise<ControlAnswer> {
  return askNode(join(site.directoryOf(at), 'control.sock'), request);
}

async function added(at: string, asked: { readonly [field: string]: unknown }): Promise<string> {
  const spec = parseSpec(asked);
  if (!spec.ok) throw new Error(spec.problem);
  const answer = await ask(at, { act: 'device-add', device: spec.value });
  if (!('token' in answer)) throw new Error(JSON.stringify(answer));
  tokens.push(answer.token);
  return answer.token;
}

async function write(at: string, sensor: string, value: number, token: string | null): Promise<number> {
  const headers: { [name: string]: string } = token === null ? {} : { authorization: `Bearer ${token}` };
  return (await node(at).post({ sensor, value }, headers)).status;
}

function connected(at: string, username: string, password: string): Promise<MqttClient> {
  return mqtt.connectAsync(
    `mqtt://127.0.0.1:${mqttPorts.get(at)}`,
    { username, password, reconnectPeriod: 0 },
    false,
  );
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
