// NATS JetStream (https://nats.io) as an order of batches: a stream with three replicas on files, published to over
// one connection by the text protocol, each publish with a reply subject that carries its acknowledgement. It does
// not sync before it answers.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';
import { BenchProcess, pause } from './_process.ts';

const READY_WITHIN_MS = 20_000;
const STREAM = 'readings';
const SUBJECT = 'r';

export const JETSTREAM: OrderedSystem = {
  name: 'JetStream R3',
  knobs:
    'three servers, file storage, three replicas, no fsync before an answer (its default), one publish a batch',
  version() {
    const { status, stdout } = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });
    return status === 0 ? stdout.trim().replace(/^nats-server:\s*v?/, '') : null;
  },
  start: startCluster,
};

async function startCluster(directory: string): Promise<OrderedCluster> {
  const ports = await freePorts(6);
  const members = [0, 1, 2].map((i) => ({
    name: `s${i}`,
    client: ports[2 * i] ?? 0,
    route: ports[2 * i + 1] ?? 0,
  }));
  const routes = members.map(({ route }) => `nats://127.0.0.1:${route}`).join(',');
  const processes = members.map(({ name, client, route }) => {
    const store = join(directory, name);
    mkdirSync(store, { recursive: true });
    const args = [
      ...['-n', name, '-a', '127.0.0.1', '-p', String(client), '-js', '-sd', store],
      ...['--cluster_name', 'bench', '--cluster', `nats://127.0.0.1:${route}`, '--routes', routes],
    ];
    return new BenchProcess(name, { wrapper: [], program: 'nats-server', args, environment: {} }, () => {});
  });
  const leader = await createStream(members, processes);
  return {
    connect: () => NatsClient.open(leader),
    cpuSeconds: () => processes.reduce((sum, member) => sum + member.cpuSeconds(), 0),
    async stop() {
      await Promise.all(processes.map((member) => member.end()));
    },
  };
}

/** The client port of the server that leads the stream. */
async function createStream(
  members: readonly { readonly name: string; readonly client: number }[],
  processes: readonly BenchProcess[],
): Promise<number> {
  const config = {
    name: STREAM,
    subjects: [SUBJECT],
    retention: 'limits',
    storage: 'file',
    num_replicas: 3,
    discard: 'old',
    max_bytes: -1,
    max_msgs: -1,
    max_age: 0,
    duplicate_window: 0,
  };
  const untilMs = performance.now() + READY_WITHIN_MS;
  let last = '';
  while (performance.now() < untilMs) {
    await pause(250);
    try {
      const client = await NatsClient.open(members[0]?.client ?? 0);
      const asked = client.request(`$JS.API.STREAM.CREATE.${STREAM}`, Buffer.from(JSON.stringify(config)));
      last = await Promise.race([asked, pause(2_000).then(() => 'no answer')]);
      client.close();
      const leader = last.startsWith('{') ? JSON.parse(last).cluster?.leader : undefined;
      const member = members.find(({ name }) => name === leader);
      if (member !== undefined) return member.client;
    } catch (error) {
      last = String(error);
    }
  }
  return fail(`JetStream has no stream after ${READY_WITHIN_MS} ms: ${last} ${processes[0]?.lastWords}`);
}

class NatsClient implements OrderedClient {
  readonly #socket: Socket;
  readonly #inbox = `_INBOX.${Math.random().toString(36).slice(2)}`;
  readonly #waiting = new Map<string, (payload: string) => void>();
  #asked = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data) => this.#read(data));
    socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n');
    socket.write(`SUB ${this.#inbox}.* 1\r\n`);
  }

  static open(port: number): Promise<NatsClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new NatsClient(socket)));
      socket.on('error', reject);
    });
  }

  send(batch: Uint8Array, done: () => void): void {
    this.#publish(SUBJECT, batch, (answer) => {
      if (!answer.includes('"seq"')) fail(`JetStream refused a batch: ${answer}`);
      done();
    });
  }

  request(subject: string, payload: Uint8Array): Promise<string> {
    return new Promise((resolve) => this.#publish(subject, payload, resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #publish(subject: string, payload: Uint8Array, answered: (payload: string) => void): void {
    const id = String(++this.#asked);
    this.#waiting.set(id, answered);
    this.#socket.cork();
    this.#socket.write(`PUB ${subject} ${this.#inbox}.${id} ${payload.length}\r\n`);
    this.#socket.write(payload);
    this.#socket.write('\r\n');
    process.nextTick(() => this.#socket.uncork());
  }

  #read(data: Buffer): void {
    let bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    for (;;) {
      const end = bytes.indexOf('\r\n');
      if (end < 0) break;
      const words = bytes.toString('latin1', 0, end).split(' ');
      if (words[0] === 'MSG' || words[0] === 'HMSG') {
        const length = Number(words.at(-1));
        if (bytes.length < end + 2 + length + 2) break;
        this.#answer(words[1] ?? '', bytes.toString('utf8', end + 2, end + 2 + length));
        bytes = bytes.subarray(end + 2 + length + 2);
        continue;
      }
      if (words[0] === 'PING') this.#socket.write('PONG\r\n');
      bytes = bytes.subarray(end + 2);
    }
    this.#rest = bytes;
  }

  #answer(subject: string, payload: string): void {
    const id = subject.slice(this.#inbox.length + 1);
    const answered = this.#waiting.get(id);
    this.#waiting.delete(id);
    answered?.(payload);
  }
}
