// The history plane of three Sensorium processes as an ordered system of opaque batches.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';
import { BenchProcess, pause } from './_process.ts';

const READY_WITHIN_MS = 20_000;
const NODES = ['ann', 'bob', 'cat'];

/** `readings`: how many each batch has. `clusterKey`: what secures the connections between them, or null. */
export function sensoriumOrder(readings: number, clusterKey: string | null = null): OrderedSystem {
  return {
    name: clusterKey === null ? 'sensorium' : 'sensorium, TLS',
    knobs: 'three processes of the history plane, PROFILE=local, fdatasync by a quorum before every answer',
    version: () =>
      String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version),
    start: (directory) => startCluster(directory, readings, clusterKey),
  };
}

export interface OrderNodes {
  /** Starts the node of that name; `heard` is called with each line that it prints. */
  start(node: string, heard?: (line: string) => void): BenchProcess;
  /** A connection to the node of that name. */
  connect(node: string, readings: number): Promise<OrderedClient>;
}

/** Where nodes of these names will listen and keep what they have. */
export async function orderNodes(
  directory: string,
  names: readonly string[],
  clusterKey: string | null = null,
): Promise<OrderNodes> {
  const ports = await freePorts(2 * names.length);
  const loadPortOf = (node: string): number => ports[names.length + names.indexOf(node)] ?? 0;
  const peers = Object.fromEntries(
    names.map((node, i) => [node, { host: '127.0.0.1', port: ports[i] ?? 0 }]),
  );
  return {
    start(node, heard = () => {}) {
      const at = { port: peers[node]?.port, loadPort: loadPortOf(node) };
      const settings = { node, directory: join(directory, node), ...at, peers, clusterKey };
      const [profiled, profiles] = (process.env.BENCH_PROFILE ?? '').split(':');
      const profile = profiled === node && profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
      const script = join(import.meta.dirname, '_order-node.ts');
      const args = [...profile, '--import', 'tsx', script, JSON.stringify(settings)];
      const environment = { UV_THREADPOOL_SIZE: '8' };
      return new BenchProcess(node, { wrapper: [], program: process.execPath, args, environment }, heard);
    },
    connect: (node, readings) => BatchClient.open(loadPortOf(node), readings),
  };
}

async function startCluster(
  directory: string,
  readings: number,
  clusterKey: string | null,
): Promise<OrderedCluster> {
  const nodes = await orderNodes(directory, NODES, clusterKey);
  let leader: string | null = null;
  const processes = NODES.map((node) =>
    nodes.start(node, (line) => {
      if (line === 'leads') leader = node;
    }),
  );
  const untilMs = performance.now() + READY_WITHIN_MS;
  while (leader === null) {
    if (performance.now() > untilMs)
      fail(`nobody leads after ${READY_WITHIN_MS} ms: ${processes[0]?.lastWords}`);
    await pause(50);
  }
  // The highest takes over ten seconds after it has caught up, if it does not lead at once.
  if (leader !== NODES.at(-1)) await pause(12_000);
  return {
    connect: () => nodes.connect(leader ?? '', readings),
    cpuSeconds: () => processes.reduce((sum, node) => sum + node.cpuSeconds(), 0),
    async stop() {
      await Promise.all(processes.map((node) => node.end('SIGTERM')));
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
