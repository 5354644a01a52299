// A process of its own that publishes by MQTT as fast as it is answered: so many clients, each with so many publishes under
// way. Raw packets, so that what is measured is the broker and not a client library. Told by BENCH_LOAD, answers with one
// line of JSON.

import { connect, type Socket } from 'node:net';
import { NO_PROPERTIES } from '../src/ingest/mqtt/packet.ts';
import { encodePacket } from '../src/ingest/mqtt/packet-writer.ts';
import { quantile } from './_figures.ts';

export interface MqttLoad {
  readonly port: number;
  readonly clients: number;
  readonly qos: 0 | 1;
  /** Publishes of one client that are not answered yet; at QoS 0 written at once. */
  readonly underWay: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface MqttResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PINGS_MAX = 4;

const load: MqttLoad = JSON.parse(process.env.BENCH_LOAD ?? '{}');
let counted = 0;
let isCounting = false;
const waits: number[] = [];

const sockets = await Promise.all(Array.from({ length: load.clients }, (_, at) => opened(at)));
await pause(load.warmUpSeconds * 1_000);
isCounting = true;
const fromMs = performance.now();
await pause(load.seconds * 1_000);
const tookS = (performance.now() - fromMs) / 1_000;
isCounting = false;
const result: MqttResult = {
  perSecond: counted / tookS,
  p50Ms: quantile(waits, 0.5),
  p99Ms: quantile(waits, 0.99),
};
console.log(JSON.stringify(result));
for (const socket of sockets) socket.destroy();

/** A client that has been let in and publishes from then on. */
async function opened(at: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: load.port, noDelay: true });
  socket.on('error', () => socket.destroy());
  const hello = {
    type: 'connect',
    level: 4,
    bridge: false,
    clientId: `load-${at}`,
    clean: true,
    keepAliveS: 0,
    will: null,
    username: null,
    password: null,
    properties: NO_PROPERTIES,
  } as const;
  socket.write(encodePacket(hello, 4));
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  if (load.qos === 1) publishAnswered(socket, at);
  else publishUnanswered(socket, at);
  return socket;
}

/** As soon as one is answered the next one goes. */
function publishAnswered(socket: Socket, at: number): void {
  const sentAtMs = new Map<number, number>();
  let nextId = 1;
  const send = (count: number) => {
    const packets: Buffer[] = [];
    for (let sent = 0; sent < count; sent++) {
      const packetId = nextId;
      nextId = (nextId % 65_535) + 1;
      sentAtMs.set(packetId, performance.now());
      packets.push(publishOf(at, 1, packetId));
    }
    socket.write(Buffer.concat(packets));
  };
  let left: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    const answers = Math.floor(bytes.length / 4);
    const nowMs = performance.now();
    for (let answer = 0; answer < answers; answer++) {
      const packetId = bytes.readUInt16BE(answer * 4 + 2);
      const wait = nowMs - (sentAtMs.get(packetId) ?? nowMs);
      sentAtMs.delete(packetId);
      if (isCounting && answer === 0) waits.push(wait);
    }
    left = bytes.subarray(answers * 4);
    if (isCounting) counted += answers;
    if (answers > 0) send(answers);
  });
  send(load.underWay);
}

/** A PINGRESP says that all before its PINGREQ was taken in. */
function publishUnanswered(socket: Socket, at: number): void {
  const ping = encodePacket({ type: 'pingreq' }, 4);
  const packets = Array.from({ length: load.underWay }, () => publishOf(at, 0, 0));
  const batch = Buffer.concat([...packets, ping]);
  const pingedAtMs: number[] = [];
  const send = () => {
    pingedAtMs.push(performance.now());
    socket.write(batch);
  };
  socket.on('data', (chunk: Buffer) => {
    for (let answers = Math.floor(chunk.length / 2); answers > 0; answers--) {
      const wait = performance.now() - (pingedAtMs.shift() ?? 0);
      if (isCounting) {
        counted += load.underWay;
        waits.push(wait);
      }
      send();
    }
  });
  for (let pings = 0; pings < PINGS_MAX; pings++) send();
}

function publishOf(at: number, qos: 0 | 1, packetId: number): Buffer {
  const value = (20 + Math.random() * 5).toFixed(2);
  return encodePacket(
    {
      type: 'publish',
      topic: `hall/${at}/temperature`,
      payload: Buffer.from(value),
      qos,
      retain: false,
      dup: false,
      packetId,
      properties: NO_PROPERTIES,
    },
    4,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
