// The history plane of three Sensorium processes as an ordered system of opaque batches.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';
import { BenchProcess, pause } from './_process.ts';

const READY_WITHIN_MS = 20_000;
const NODES = ['ann', 'bob', 'cat'];

/** `readings`: how many each batch has. */
export function sensoriumOrder(readings: number): OrderedSystem {
  return {
    name: 'sensorium',
    knobs: 'three processes of the history plane, PROFILE=local, fdatasync by a quorum before every answer',
    version: () =>
      String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version),
    start: (directory) => startCluster(directory, readings),
  };
}

async function startCluster(directory: string, readings: number): Promise<OrderedCluster> {
  const ports = await freePorts(2 * NODES.length);
  const peers = Object.fromEntries(
    NODES.map((node, i) => [node, { host: '127.0.0.1', port: ports[i] ?? 0 }]),
  );
  let leader = -1;
  const processes = NODES.map((node, i) => {
    const settings = {
      node,
      directory: join(directory, node),
      port: ports[i],
      loadPort: ports[NODES.length + i],
      peers,
    };
    const program = process.execPath;
    const profile = process.env.BENCH_PROFILE === node ? ['--cpu-prof', '--cpu-prof-dir=/tmp'] : [];
    const script = join(import.meta.dirname, '_order-node.ts');
    const args = [...profile, '--import', 'tsx', script, JSON.stringify(settings)];
    return new BenchProcess(
      node,
      { wrapper: [], program, args, environment: { UV_THREADPOOL_SIZE: '8' } },
      (line) => {
        if (line === 'leads') leader = i;
      },
    );
  });
  const untilMs = performance.now() + READY_WITHIN_MS;
  while (leader < 0) {
    if (performance.now() > untilMs)
      fail(`nobody leads after ${READY_WITHIN_MS} ms: ${processes[0]?.lastWords}`);
    await pause(50);
  }
  // The highest takes over ten seconds after it has caught up, if it does not lead at once.
  if (leader !== NODES.length - 1) await pause(12_000);
  return {
    connect: () => BatchClient.open(ports[NODES.length + leader] ?? 0, readings),
    cpuSeconds: () => processes.reduce((sum, node) => sum + node.cpuSeconds(), 0),
    async stop() {
      await Promise.all(processes.map((node) => node.end()));
    },
  };
}

class BatchClient implements OrderedClient {
  readonly #socket: Socket;
  readonly #readings: number;
  readonly #waiting = new Map<number, () => void>();
  #sent = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, readings: number) {
    this.#socket = socket;
    this.#readings = readings;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.#read(data));
  }

  static open(port: number, readings: number): Promise<BatchClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new BatchClient(socket, readings)));
      socket.on('error', reject);
    });
  }

  send(batch: Uint8Array, done: () => void): void {
    this.#waiting.set(this.#sent++, done);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(batch.length, 0);
    head.writeUInt32LE(this.#readings, 4);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(batch);
    process.nextTick(() => this.#socket.uncork());
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    const bytes: Buffer = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      const id = bytes.readUInt32LE(at);
      this.#waiting.get(id)?.();
      this.#waiting.delete(id);
    }
    this.#rest = bytes.subarray(at);
  }
}
