// etcd (https://etcd.io) as an order of batches: each batch is put under a key of its own, by gRPC over one HTTP/2
// connection, the messages written by hand so that the load costs little. It syncs its log before it answers.

import { spawnSync } from 'node:child_process';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { fail, type OrderedClient, type OrderedCluster, type OrderedSystem } from './_ordered.ts';
import { BenchProcess, pause } from './_process.ts';

const READY_WITHIN_MS = 20_000;
const PUT = '/etcdserverpb.KV/Put';
const STATUS = '/etcdserverpb.Maintenance/Status';

export const ETCD: OrderedSystem = {
  name: 'etcd',
  knobs: 'three members, defaults (fsync before every answer), one put a batch, gRPC to the leader',
  version() {
    const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
    return status === 0 ? (/etcd Version: (\S+)/.exec(stdout)?.[1] ?? '?') : null;
  },
  start: startCluster,
};

async function startCluster(directory: string): Promise<OrderedCluster> {
  const ports = await freePorts(6);
  const members = [0, 1, 2].map((i) => ({ name: `e${i}`, client: ports[2 * i], peer: ports[2 * i + 1] }));
  const initial = members.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(',');
  const processes = members.map(({ name, client, peer }) => {
    const args = [
      `--name=${name}`,
      `--data-dir=${join(directory, name)}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=${initial}`,
      '--log-level=error',
      `--quota-backend-bytes=${8 * 2 ** 30}`,
    ];
    return new BenchProcess(name, { wrapper: [], program: 'etcd', args, environment: {} }, () => {});
  });
  const urls = members.map(({ client }) => `http://127.0.0.1:${client}`);
  return {
    connect: async () => new EtcdClient(await leaderOf(urls, processes)),
    cpuSeconds: () => processes.reduce((sum, member) => sum + member.cpuSeconds(), 0),
    async stop() {
      await Promise.all(processes.map((member) => member.end()));
    },
  };
}

/** The member whose status names itself as leader. */
async function leaderOf(urls: readonly string[], processes: readonly BenchProcess[]): Promise<string> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < untilMs) {
    for (const url of urls) if (await isLeader(url)) return url;
    await pause(100);
  }
  return fail(`etcd has no leader after ${READY_WITHIN_MS} ms: ${processes[0]?.lastWords}`);
}

function isLeader(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(url);
    const answer = (is: boolean): void => {
      session.destroy();
      resolve(is);
    };
    session.on('error', () => answer(false));
    call(session, STATUS, EMPTY, (body) => {
      const fields = body === null ? null : varints(body);
      // StatusResponse: the header (1) holds the member's id (2); leader is field 4.
      answer(fields !== null && fields.leader !== 0n && fields.leader === fields.member);
    });
  });
}

class EtcdClient implements OrderedClient {
  readonly #session: ClientHttp2Session;
  #keys = 0;

  constructor(url: string) {
    this.#session = connect(url, { settings: { initialWindowSize: 2 ** 20 } });
    this.#session.on('error', (error) => fail(`etcd's connection broke: ${error.message}`));
  }

  send(batch: Uint8Array, done: () => void): void {
    const key = Buffer.from(`batch/${++this.#keys}`);
    call(this.#session, PUT, putRequest(key, batch), (body) => {
      if (body === null) fail('etcd refused a put');
      done();
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

const EMPTY = Buffer.alloc(0);

/** One unary call; null when it failed. */
function call(
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
  done: (body: Buffer | null) => void,
): void {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const parts: Buffer[] = [];
  let isOk = false;
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('trailers', (trailers) => {
    isOk = trailers['grpc-status'] === '0';
  });
  stream.on('error', () => {});
  stream.on('close', () => done(isOk ? Buffer.concat(parts).subarray(5) : null));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
}

/** PutRequest: key is field 1, value field 2. */
function putRequest(key: Buffer, value: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from([0x0a]),
    varint(key.length),
    key,
    Buffer.from([0x12]),
    varint(value.length),
    value,
  ]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function varints(body: Buffer): { readonly member: bigint; readonly leader: bigint } {
  const top = fieldsOf(body);
  const header = top.get(1);
  const member = header instanceof Buffer ? fieldsOf(header).get(2) : 0n;
  const leader = top.get(4);
  return {
    member: typeof member === 'bigint' ? member : 0n,
    leader: typeof leader === 'bigint' ? leader : 0n,
  };
}

/** Varints and length-delimited fields of a protobuf message, by number. */
function fieldsOf(message: Buffer): Map<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let at = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < message.length; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = Number(next());
    if ((tag & 7) === 0) fields.set(tag >> 3, next());
    else if ((tag & 7) === 2) {
      const length = Number(next());
      fields.set(tag >> 3, message.subarray(at, at + length));
      at += length;
    } else break;
  }
  return fields;
}
