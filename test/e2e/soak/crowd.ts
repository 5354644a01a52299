// `npm run soak -- --crowd 10000 [--tls]`: so many connections at once from this process to the MQTT listener of one real
// node, as many to its HTTP input and as many to its API, which are beyond their bounds. Those beyond are refused and
// counted, and who is there before goes on being served. Ends with 1 when anything was not so. SPEC rules AC15, TR19.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { askNode } from '../../../src/control/control-client.ts';
import { freePorts } from '../../../src/host/network/free-ports.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { Site } from '../site.ts';
import type { SiteNode } from '../site-node.ts';
import { until } from '../until.ts';

/** More at once than a listener's backlog would wait for the system to try again. */
const WAVE = 100;
const SAID = 200;
const OPENED_MS = 30_000;
const COUNT_MAX = 20_000;

const startMs = performance.now();
const { values } = parseArgs({
  options: { crowd: { type: 'string', default: '10000' }, tls: { type: 'boolean', default: false } },
});
const count = Math.min(COUNT_MAX, Number(values.crowd));
const site = new Site();
const problems: string[] = [];
try {
  await crowd();
} finally {
  await site.stop();
}
for (const problem of problems) say(`not as it must be: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

async function crowd(): Promise<void> {
  const [mqttPort = 0] = await freePorts(1);
  const options = {
    MQTT_PORT: String(mqttPort),
    EXPECT_NODES: '1',
    CLUSTER_KEY: 'a key for this crowd alone',
  };
  const ann = await site.start('ann', [], options);
  const { apiPort, ingestPort } = ann.ports;
  const ca = values.tls ? await authorityOf() : null;
  const early = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
  const quiet = await spread(() => early.publishAsync('crowd/early', '1', { qos: 1 }));
  say(`before: ${residentMb(ann)} MB, a publish in ${quiet}`);

  const devices = await opened('mqtt', mqttPort, ca, connectPacket);
  say(`with ${devices.there} more MQTT clients: ${residentMb(ann)} MB`);
  const busy = await spread(() => early.publishAsync('crowd/early', '1', { qos: 1 }));
  say(`a publish in ${busy}`);
  const readers = await opened('api', apiPort, ca, () => null);
  const writers = await opened('ingest', ingestPort, ca, () => null);
  const crowded = await spread(() => early.publishAsync('crowd/early', '1', { qos: 1 }));
  say(`with all of them: ${residentMb(ann)} MB, a publish in ${crowded}`);

  for (const one of [devices, readers, writers]) one.end();
  await until(
    'who comes later is served at each listener',
    async () => {
      const late = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 }, false);
      await late.publishAsync('crowd/late', '1', { qos: 1 });
      await late.endAsync();
      await ann.write([{ sensor: 'crowd/http', value: 1 }]);
      return ann.state();
    },
    (state) => 'ann:crowd/late' in state && 'ann:crowd/http' in state,
  );
  await early.endAsync();
  await expectCounted(ann);
  say(`afterwards: ${residentMb(ann)} MB, all are served`);
}

/** Refusals are counted where there were more than a listener takes. */
async function expectCounted(ann: SiteNode): Promise<void> {
  const api = await (await fetch(ann.url('/metrics'))).text();
  const atApi = Number(
    /requests_refused_total\{[^}]*code="too-many-connections"[^}]*\} (\d+)/.exec(api)?.[1] ?? 0,
  );
  const atIngest = await ann.counter('http_refused_too_many_connections_total');
  const atMqtt = await ann.counter('mqtt_refused_too_many_connections_total');
  say(`refused and counted: ${atMqtt} by MQTT, ${atIngest} by the input, ${atApi} by the API`);
  const bounds = [
    ['mqtt', atMqtt, LIMITS.mqttConnectionsMax],
    ['ingest', atIngest, LIMITS.ingestConnectionsMax],
    ['api', atApi, LIMITS.apiConnectionsMax],
  ] as const;
  for (const [name, refused, bound] of bounds) {
    // Of how many there were more than a listener takes depends on who was slow and was sent away meanwhile.
    if (count > bound && refused === 0) problems.push(`${name} has refused nobody`);
  }
}

interface Crowd {
  readonly there: number;
  end(): void;
}

/** As many as are taken; each says what it has to say, and waits. */
async function opened(
  name: string,
  port: number,
  ca: string | null,
  firstOf: (at: number) => Uint8Array | null,
): Promise<Crowd> {
  const beganMs = performance.now();
  const sockets = new Set<Socket>();
  for (let at = 0; at < count; at += WAVE) {
    const wave = Array.from({ length: Math.min(WAVE, count - at) }, (_, of) => {
      const socket = ca === null ? connect(port, '127.0.0.1') : connectTls({ port, host: '127.0.0.1', ca });
      return stands(socket, firstOf(at + of), ca === null ? 'connect' : 'secureConnect');
    });
    for (const socket of await Promise.all(wave)) if (socket !== null) sockets.add(socket.resume());
  }
  const tookMs = performance.now() - beganMs;
  const there = [...sockets].filter(({ readyState }) => readyState === 'open').length;
  say(`${name}: ${there} of ${count} there after ${(tookMs / 1_000).toFixed(1)} s`);
  return {
    there,
    end: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Null where it was closed: at once, or with what it said unanswered. Who has nothing to say stands once it is connected. */
function stands(socket: Socket, first: Uint8Array | null, connected: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const late = setTimeout(() => done(null), OPENED_MS);
    const done = (stood: Socket | null) => {
      clearTimeout(late);
      if (stood === null) socket.destroy();
      resolve(stood);
    };
    socket.on('error', () => done(null));
    socket.once('close', () => done(null));
    socket.once(connected, () => {
      if (first === null) done(socket);
      else socket.write(first);
    });
    socket.once('data', () => done(socket));
  });
}

/** CONNECT of MQTT 3.1.1, without a keep-alive. */
function connectPacket(at: number): Uint8Array {
  const id = Buffer.from(`crowd-${at}`);
  const body = Buffer.concat([
    Buffer.from([0, 4]),
    Buffer.from('MQTT'),
    Buffer.from([4, 2, 0, 0, 0, id.length]),
    id,
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

async function authorityOf(): Promise<string> {
  const answer = await askNode(join(site.directoryOf('ann'), 'control.sock'), { act: 'ca' });
  if (!('authority' in answer)) throw new Error(JSON.stringify(answer));
  return answer.authority;
}

async function spread(act: () => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let at = 0; at < SAID; at++) {
    const beganMs = performance.now();
    await act();
    times.push(performance.now() - beganMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return `${sorted[SAID / 2]?.toFixed(1)} ms in the middle, ${sorted.at(-1)?.toFixed(1)} ms at most`;
}

function residentMb({ pid }: SiteNode): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024);
}

function say(line: string): void {
  process.stdout.write(`${((performance.now() - startMs) / 1_000).toFixed(1).padStart(7)} ${line}\n`);
}
