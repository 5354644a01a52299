// Publishes a second that one node takes by MQTT from 50 clients, beside Mosquitto on the same machine in turns. At QoS 1
// the node acknowledges when its disk has the reading (fsync); Mosquitto keeps nothing. Nobody subscribes. The load is a
// process of its own on the same cores. `npm run bench -- mqtt`; BENCH_TURNS=1 for a quick look.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { broker, hasMosquitto } from '../test/e2e/mqtt-client.ts';
import { printTable, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import type { MqttLoad, MqttResult } from './_mqtt-load.ts';
import { startNode } from './_nodes.ts';

const TURNS = turnsOf(3);
const CLIENTS = 50;
const SECONDS = 8;
const WARM_UP_SECONDS = 2;
const CASES = [
  { name: 'QoS 1, 20 under way', qos: 1, underWay: 20 },
  { name: 'QoS 0', qos: 0, underWay: 100 },
] as const;
const BROKERS = hasMosquitto() ? (['sensorium', 'mosquitto'] as const) : (['sensorium'] as const);

console.log(machineText());
console.log(`${CLIENTS} clients, ${SECONDS} s each, ${TURNS} turns: median (least–most)\n`);

const results = new Map<string, MqttResult[]>();
for (let turn = 1; turn <= TURNS; turn++) {
  for (const { name, qos, underWay } of CASES) {
    for (const which of BROKERS) {
      const result = await measured(which, { qos, underWay });
      results.set(`${name}, ${which}`, [...(results.get(`${name}, ${which}`) ?? []), result]);
    }
  }
  console.log(`turn ${turn} done, ${loadText()}`);
}
console.log();
printTable([
  ['', 'publishes/s', 'p50 ms', 'p99 ms'],
  ...[...results].map(([name, all]) => [
    name,
    spread(
      all.map(({ perSecond }) => perSecond),
      0,
    ),
    spread(
      all.map(({ p50Ms }) => p50Ms),
      1,
    ),
    spread(
      all.map(({ p99Ms }) => p99Ms),
      1,
    ),
  ]),
]);

async function measured(
  which: (typeof BROKERS)[number],
  given: Pick<MqttLoad, 'qos' | 'underWay'>,
): Promise<MqttResult> {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-mqtt-'));
  const [port = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
  const stop =
    which === 'mosquitto' ? mosquitto(directory, port) : await node(directory, port, peerPort, apiPort);
  try {
    await reachable(port);
    return await loaded({
      port,
      clients: CLIENTS,
      seconds: SECONDS,
      warmUpSeconds: WARM_UP_SECONDS,
      ...given,
    });
  } finally {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function node(directory: string, port: number, peerPort: number, apiPort: number) {
  const started = startNode({
    NODE_ID: 'ann',
    SITE: 'bench-mqtt',
    DATA_DIR: directory,
    PORT: String(peerPort),
    WEB_API_PORT: String(apiPort),
    INGEST_PORT: '0',
    MQTT_PORT: String(port),
    EXPECT_NODES: '1',
    DISCOVERY: 'off',
  });
  await started.readyAtMs;
  return async () => {
    started.process.signal('SIGKILL');
    await started.process.exited;
  };
}

function mosquitto(directory: string, port: number) {
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n`);
  const process = broker(file);
  return async () => {
    const ended = new Promise((resolve) => process.once('close', resolve));
    process.kill('SIGKILL');
    await ended;
  };
}

async function reachable(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resume) => setTimeout(resume, 25));
  }
  throw new Error(`nobody listens on port ${port}`);
}

function loaded(load: MqttLoad): Promise<MqttResult> {
  const file = join(import.meta.dirname, '_mqtt-load.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, BENCH_LOAD: JSON.stringify(load) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`the load ended with code ${code}`));
    });
  });
}
