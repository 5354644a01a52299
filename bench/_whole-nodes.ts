// Three whole nodes as an ordered system: readings by POST with ack=committed to the one that leads, so that each is
// decoded, checked, stored, gossiped, ordered, and answered over HTTP. The bytes handed over are not sent: the same
// readings go as JSON, one request at a time on each of many connections.

import { connect, type Socket } from 'node:net';
import { freePorts } from '../src/host/network/free-ports.ts';
import { startOneOf } from './_nodes.ts';
import { readingsOf } from './_order-batches.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';
import { pause } from './_process.ts';

const NODES = ['ann', 'bob', 'cat'];
const READY_WITHIN_MS = 30_000;
const AGAIN_AFTER_MS = 100;

/** `readings`: how many each request has. */
export function wholeNodes(readings: number): OrderedSystem {
  return {
    name: 'sensorium, whole nodes',
    knobs: 'POST /ingest?ack=committed to the leader, JSON, all planes and inputs, PROFILE=local',
    version: () => 'as above',
    start: (directory) => startCluster(directory, readings),
  };
}

async function startCluster(directory: string, readings: number): Promise<OrderedCluster> {
  const ports = await freePorts(3 * NODES.length);
  const nodes = NODES.map((_, at) => startOneOf(NODES, at, directory, ports));
  await Promise.all(nodes.map(({ readyAtMs }) => readyAtMs));
  const leader = await leaderOf(ports);
  return {
    connect: async () => new PostingClient(ports[3 * leader + 2] ?? 0, readings),
    cpuSeconds: () => nodes.reduce((sum, { process: node }) => sum + node.cpuSeconds(), 0),
    async stop() {
      await Promise.all(nodes.map(({ process: node }) => node.end('SIGTERM')));
    },
  };
}

async function leaderOf(ports: readonly number[]): Promise<number> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < untilMs) {
    await pause(200);
    const response = await fetch(`http://127.0.0.1:${ports[1]}/api/v1/view`);
    const { leader, present } = (await response.json()) as { leader: string | null; present: string[] };
    if (leader !== null && present.length === NODES.length) return NODES.indexOf(leader);
  }
  return fail(`the nodes have no leader after ${READY_WITHIN_MS} ms`);
}

class PostingClient implements OrderedClient {
  readonly #port: number;
  readonly #request: Buffer;
  readonly #idle: Socket[] = [];
  readonly #all = new Set<Socket>();
  readonly #done = new Map<Socket, () => void>();
  /** Stored, and not committed within the node's patience. */
  #late = 0;

  constructor(port: number, readings: number) {
    this.#port = port;
    const body = JSON.stringify(
      readingsOf(readings).map(({ sensor, value, tsMs }) => ({ sensor, value, ts: tsMs })),
    );
    const head = [
      'POST /ingest?ack=committed HTTP/1.1',
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    this.#request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  send(_batch: Uint8Array, done: () => void): void {
    const socket = this.#idle.pop() ?? this.#open();
    this.#done.set(socket, done);
    socket.write(this.#request);
  }

  close(): void {
    if (this.#late > 0)
      console.log(`whole nodes: ${this.#late} requests were stored, and asked again, as late`);
    for (const socket of this.#all) socket.destroy();
    this.#all.clear();
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1');
    this.#all.add(socket);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    let text = '';
    socket.on('data', (part: string) => {
      text += part;
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (head < 0 || text.length < head + 4 + length) return;
      if (text.startsWith('HTTP/1.1 503')) {
        this.#late++;
        text = '';
        setTimeout(() => socket.write(this.#request), AGAIN_AFTER_MS);
        return;
      }
      if (!text.startsWith('HTTP/1.1 200')) fail(`a node refused readings: ${text}`);
      text = '';
      this.#idle.push(socket);
      const done = this.#done.get(socket);
      this.#done.delete(socket);
      done?.();
    });
    socket.on('error', () => {});
    // A node ends connections that are idle for long.
    socket.on('close', () => {
      if (this.#done.has(socket) && this.#all.has(socket)) fail('a node broke a connection off');
      this.#all.delete(socket);
      if (this.#idle.includes(socket)) this.#idle.splice(this.#idle.indexOf(socket), 1);
    });
    return socket;
  }
}
