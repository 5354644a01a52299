// Attacks on the listeners of one real node: each is refused and counted, changes nothing, and costs those who may nothing.
// Peers' ports are attacked in hostile.test.ts, who may come in at all is in access.test.ts.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { Loiterers, sayTo } from './strangers.ts';
import { until } from './until.ts';

const MQTT_IDLE = 2_000;
const WAVE = 100;
const HTTP_IDLE = LIMITS.apiConnectionsMax + 100;
const FORGED = 'forged-line-of-the-log';
/** So long a listener lets somebody be who does not come to the point, with all that a busy machine may add. */
const PATIENCE_MS = 60_000;
const RESIDENT_MAX = 450_000_000;

const site = new Site();
let ann: SiteNode;
let mqttPort = 0;
let slow: readonly SlowClient[] = [];

beforeAll(async () => {
  [mqttPort = 0] = await freePorts(1);
  ann = await site.start('ann', [], { MQTT_PORT: String(mqttPort), LOG_LEVEL: 'DEBUG', EXPECT_NODES: '1' });
  const { port, apiPort } = ann.ports;
  // They are looked at last, when their time is over.
  slow = [
    new SlowClient(apiPort, 'GET /api/state HTTP/1.1\r\nx-slow: '),
    new SlowClient(mqttPort, Buffer.from([0x10, 0x7f, 0x00, 0x04])),
    new SlowClient(mqttPort, 'GET / HTTP/1.1\r\nx-slow: '),
    new SlowClient(mqttPort, ''),
    new SlowClient(port, Buffer.from([0, 0, 0, 100])),
  ];
});

afterAll(async () => {
  for (const one of slow) one.stop();
  await site.stop();
});

test('[AP1] nothing is written at the read listener, whatever the method and path', async () => {
  const before = await ann.state();
  const methods = ['POST', 'PUT', 'PATCH', 'DELETE'];
  const paths = ['/ingest', '/api/v1/latest', '/api/v1/devices', '/control', '/write'];
  const asked = methods.flatMap((method) => paths.map((path) => [method, path] as const));

  const statuses = await Promise.all(
    asked.map(async ([method, path]) => {
      const body = JSON.stringify({ sensor: 'attack', value: 1 });
      return (await fetch(ann.url(path), { method, body, headers: { connection: 'close' } })).status;
    }),
  );

  expect(statuses).toEqual(asked.map(() => 405));
  expect(await refusedByApi('method-not-allowed')).toBe(asked.length);
  expect(await ann.state()).toEqual(before);
  await worksStill('read-only');
});

test('[AC16] no path leads out of the pages, and no name of a sensor out of the data directory', async () => {
  const paths = [
    '/../../../../etc/passwd',
    '/assets/../../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/..\\..\\package.json',
    '//etc/passwd',
    '/assets/\u0000',
    '/%00',
    '/api/v1/../../../etc/passwd',
  ];

  const answers = await Promise.all(
    paths.map((path) =>
      sayTo(ann.ports.apiPort, `GET ${path} HTTP/1.1\r\nhost: ann\r\nconnection: close\r\n\r\n`),
    ),
  );
  await ann.write([
    { sensor: '../../../outside', value: 1 },
    { sensor: '/etc/outside', value: 1 },
    { sensor: '..', value: 1 },
  ]);

  for (const answer of answers) {
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer.toString('latin1')).not.toMatch(/root:|"sensorium"/);
  }
  expect(await refusedByApi('not-found')).toBeGreaterThan(paths.length / 2);
  const files = await until(
    'the files are there',
    () => readdirSync(site.directoryOf('ann')).filter((name) => name.includes('outside')),
    (names) => names.length >= 2,
  );
  for (const name of files) expect(name).toMatch(/^%2E|^\.\.%2F|%2F/);
  expect(existsSync(join(site.directory, '..', 'outside.csv'))).toBe(false);
  expect((await fetch(ann.url('/'))).status).toBe(200);
});

test('[IN8][AP4] what is too large is refused at each listener by its own name, and what follows is served', async () => {
  const { apiPort, ingestPort } = ann.ports;
  const large = 'x'.repeat(100_000);
  const before = await held();
  const head = (path: string) => `GET ${path} HTTP/1.1\r\nhost: ann\r\nconnection: close\r\n`;

  const answers = await Promise.all([
    sayTo(apiPort, `${head(`/api/state?${'x'.repeat(4_000)}`)}\r\n`),
    sayTo(apiPort, `${head('/')}x-large: ${large}\r\n\r\n`),
    sayTo(ingestPort, `${head('/')}x-large: ${large}\r\n\r\n`),
    sayTo(ingestPort, `${head('/ingest').replace('GET', 'POST')}content-length: 99999999\r\n\r\n`),
    // A PUBLISH of 256 MiB, announced before any CONNECT.
    sayTo(mqttPort, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1])),
  ]);

  const statuses = answers.slice(0, 4).map((answer) => answer.toString('latin1', 9, 12));
  expect(statuses).toEqual(['414', '431', '431', '413']);
  expect(await ann.counter('http_refused_headers_too_large_total')).toBeGreaterThan(0);
  expect(await ann.counter('http_refused_body_too_large_total')).toBeGreaterThan(0);
  expect(await ann.counter('mqtt_refused_protocol_total')).toBeGreaterThan(0);
  expect(await held()).toBe(before);
  await worksStill('oversize');
});

test('[IN9] what inflates to more than it may is refused, in every encoding, and leaves the memory as it was', async () => {
  const gzip = gzipSync(Buffer.alloc(200_000_000));
  const snappy = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04, 0x00, 0x00]); // It says that it holds 1 GiB.
  const before = await ann.state();
  const bomb = (path: string, encoding: string, body: Buffer) =>
    fetch(ann.ingestUrl(path), {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-encoding': encoding },
    });

  const answers = await Promise.all([
    ...Array.from({ length: 8 }, () => bomb('/ingest', 'gzip', gzip)),
    bomb('/write', 'gzip', gzip),
    bomb('/api/v1/write', 'snappy', snappy),
    bomb('/ingest', 'gzip', gzipSync(gzipSync(Buffer.alloc(1_000)))),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 9 }, () => 413), 413, 400]);
  expect(await ann.counter('line_protocol_refused_body_too_large_total')).toBe(1);
  expect(await ann.counter('remote_write_refused_body_too_large_total')).toBe(1);
  expect(await ann.state()).toEqual(before);
  await worksStill('bombs');
});

test('[MQ6] a thousand filters of wildcards on a topic of hundreds of levels cost no more than they are', async () => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
  const filters = Array.from({ length: LIMITS.mqttSubscriptionsPerSessionMax }, (_, at) =>
    [...at.toString(2).padStart(10, '0')]
      .map((bit) => (bit === '1' ? '+' : 'a'))
      .join('/')
      .concat('/#'),
  );
  const topic = Array.from({ length: 500 }, () => 'a').join('/');
  const heard = new Promise<void>((resolve) => client.once('message', () => resolve()));

  for (let at = 0; at < filters.length; at += 64) await client.subscribeAsync(filters.slice(at, at + 64));
  await client.publishAsync(topic, 'once', { qos: 1 });
  await heard;
  const match = `${'+/'.repeat(63)}%23`;
  const answer = await fetch(ann.url(`/api/v1/latest?match=${match}`));
  const tooDeep = await fetch(ann.url(`/api/v1/latest?match=${'+/'.repeat(500)}x`));
  await client.endAsync();

  expect([answer.status, tooDeep.status]).toEqual([200, 400]);
  await worksStill('wildcards');
});

test('[AC16] what is sent never becomes a header or another answer', async () => {
  const { apiPort, ingestPort } = ann.ports;
  const before = await held();
  const evil = '%0d%0aX-Evil:%20yes%0d%0a%0d%0aHTTP/1.1%20200%20OK';
  const ask = (method: string, path: string, more = '', body = '') =>
    `${method} ${path} HTTP/1.1\r\nhost: ann\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

  const answers = await Promise.all([
    sayTo(ingestPort, ask('GET', `/query?q=${evil}`)),
    sayTo(ingestPort, ask('POST', `/write?precision=${evil}`, '', 'a v=1')),
    sayTo(ingestPort, ask('POST', '/write', '', 'a\rX-Evil: yes v=x\u0001')),
    sayTo(ingestPort, ask('POST', `/ingest?${evil}`, '', '{}')),
    sayTo(ingestPort, ask('POST', '/ingest', 'idempotency-key: a\u0001b\r\n', '{"sensor":"a","value":1}')),
    sayTo(apiPort, ask('GET', `/api/v1/history?sensor=${evil}&format=csv`)),
    sayTo(apiPort, ask('GET', `/${evil}`)),
    sayTo(apiPort, ask('GET', '/api/v1/live', 'last-event-id: a\u0001b\r\n')),
  ]);

  for (const answer of answers) {
    const text = answer.toString('latin1');
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text.split('\r\n\r\n')[0]).not.toMatch(/^x-evil/im);
    expect(text.split('\r\n').filter((line) => line.startsWith('HTTP/1.1 '))).toHaveLength(1);
  }
  expect(await held()).toBe(before);
  await worksStill('headers');
});

test('[AC16] what is sent never becomes a line of the log', async () => {
  const forged = `x"}\n{"level":"error","msg":"${FORGED}"}\r\n\u001b[2J\u2028`;
  const before = ann.lines.length;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: forged,
    reconnectPeriod: 0,
  });
  await client.publishAsync('log/attack', forged, { qos: 1 });
  await client.endAsync();
  await fetch(ann.ingestUrl('/ingest'), {
    method: 'POST',
    body: `{"sensor":${JSON.stringify(forged)},"value":1}`,
  });

  await until(
    'the node has said that the client came and went',
    () => ann.lines.slice(before).filter((line) => line.client === forged),
    (lines) => lines.length >= 2,
  );
  for (const { level, msg } of ann.lines) {
    expect(level).not.toBe('');
    expect(msg).not.toBe(FORGED);
  }
});

test('[AC15][AP19][IN8] thousands of connections that say nothing keep nobody out who does', async () => {
  const { apiPort, ingestPort } = ann.ports;
  // One of each is there before them, since who comes when all places are taken waits for one.
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
  const idle: Loiterers[] = [];
  const crowd = { [mqttPort]: MQTT_IDLE, [apiPort]: HTTP_IDLE, [ingestPort]: HTTP_IDLE };
  try {
    for (const [port, count] of Object.entries(crowd)) {
      // More at once than a listener's backlog would wait for the system to try again.
      for (let at = 0; at < count; at += WAVE) {
        const wave = new Loiterers(Number(port), WAVE);
        idle.push(wave);
        await until(
          'a wave is there',
          () => wave,
          ({ connected, ended }) => connected + ended >= WAVE,
        );
      }
    }
    await client.publishAsync('crowd/old', '1', { qos: 1 });
    const late = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
    await late.publishAsync('crowd/late', '1', { qos: 1 });
    await late.endAsync();
  } finally {
    for (const one of idle) one.stop();
  }
  await client.endAsync();

  expect(
    await until(
      'served',
      () => refusedByApi('too-many-connections'),
      (count) => count > 0,
    ),
  ).toBeGreaterThan(0);
  expect(await ann.counter('http_refused_too_many_connections_total')).toBeGreaterThan(0);
  await worksStill('crowd');
});

test('[AC15][AP19] who does not come to the point is cut off at each listener, and it is counted', async () => {
  await until(
    'all are cut off',
    () => slow.map(({ isOver }) => isOver),
    (over) => over.every((one) => one),
    PATIENCE_MS,
  );

  expect(await refusedByApi('request-timeout')).toBeGreaterThan(0);
  expect(await ann.counter('mqtt_refused_no_connect_total')).toBeGreaterThan(0);
  expect(await ann.counter('peer_refused_silent_total')).toBeGreaterThan(0);
  await worksStill('slow');
});

test('[HO9][IN8] all of this has left the node with about the memory it had, and nothing on its standard error', async () => {
  const metrics = await (await fetch(ann.url('/metrics'))).text();
  const resident = Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]);

  expect(resident).toBeGreaterThan(0);
  expect(resident).toBeLessThan(RESIDENT_MAX);
  expect(ann.errors).toBe('');
});

/** Says a little, and a byte more every now and then, so that it is never silent for long. */
class SlowClient {
  isOver = false;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, first: string | Uint8Array) {
    this.#socket = connect({ port, host: '127.0.0.1' });
    this.#socket.on('error', () => {});
    this.#socket.resume();
    this.#socket.on('close', () => {
      this.isOver = true;
      clearInterval(this.#timer);
    });
    if (first.length > 0) this.#socket.write(first);
    this.#timer = setInterval(() => {
      if (first.length > 0) this.#socket.write('x');
    }, 500);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

/** Who may write still does, and it is shown. */
async function worksStill(sensor: string): Promise<void> {
  await until(
    `${sensor} is taken`,
    () => ann.write({ sensor, value: 1 }),
    ({ accepted }) => accepted === 1,
  );
  await until(
    'it is shown',
    () => ann.state(),
    (state) => `ann:${sensor}` in state,
  );
}

/**
 * The latest readings and the order as one hash, once all that was taken has its place. Without what the site writes of
 * itself, such as that a sensor has fallen silent meanwhile.
 */
async function held(): Promise<string> {
  const [state, rows] = await until(
    'what is shown is ordered',
    async () => {
      const log = await ann.get<{ readings: readonly Ordered[] }>('/api/v1/log?from=1');
      const state = Object.entries(await ann.state()).filter(([id]) => !id.includes(':$sensorium/'));
      return [state, log.readings.filter(({ sensor }) => !sensor.startsWith('$sensorium/'))] as const;
    },
    ([state, rows]) =>
      state.every(([id, { ts_ms }]) =>
        rows.some((row) => `${row.origin}:${row.sensor}` === id && row.ts_ms === ts_ms),
      ),
  );
  return createHash('sha256')
    .update(JSON.stringify([state, rows]))
    .digest('hex');
}

interface Ordered {
  readonly sensor: string;
  readonly origin: string;
  readonly ts_ms: number;
}

async function refusedByApi(code: string): Promise<number> {
  const text = await (await fetch(ann.url('/metrics'))).text();
  return Number(new RegExp(`refused_total\\{[^}]*code="${code}"[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0);
}
