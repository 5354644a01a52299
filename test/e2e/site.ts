// A site of real node processes for the tests of whole programs: real sockets, real disks, real signals. Every
// process and directory of it goes with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../../src/host/network/free-ports.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'sensorium');
const READY_MS = 20_000;
const WAIT_MS = 60_000;

export type Environment = { readonly [name: string]: string };

export interface NodeOptions {
  readonly environment?: Environment;
  /** Command put before the program: `['ip', 'netns', 'exec', 'h1']`. */
  readonly wrapper?: readonly string[];
}

export class SiteNode {
  readonly id: string;
  readonly port: number;
  readonly apiPort: number;
  readonly ingestPort: number;
  readonly child: ChildProcess;
  readonly lines: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  readonly ready: Promise<void>;
  readonly exited: Promise<number | null>;
  errors = '';

  constructor(id: string, ports: readonly [number, number, number], child: ChildProcess) {
    this.id = id;
    [this.port, this.apiPort, this.ingestPort] = ports;
    this.child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-10_000);
    });
    this.exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${id} was not ready in time\n${this.errors}`)),
        READY_MS,
      );
      this.exited.then((code) => {
        clearTimeout(timer);
        reject(new Error(`${id} ended with ${code} before it was ready\n${this.errors}`));
      });
      if (!child.stdout) return;
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = parse(text);
        if (line === null) return;
        if (this.lines.length < 10_000) this.lines.push(line);
        if (line.msg !== 'ready') return;
        clearTimeout(timer);
        resolve();
      });
    });
    this.ready.catch(() => {});
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}${path}`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${this.id} answered ${response.status} to ${path}`);
    return (await response.json()) as T;
  }

  /** `/api/state` of this node, without the name of the node that tells it. */
  async state(): Promise<{ readonly [sensor: string]: { readonly value: unknown; readonly ts_ms: number } }> {
    const state = await this.get<{ [node: string]: { [sensor: string]: { value: unknown; ts_ms: number } } }>(
      '/api/state',
    );
    return state[this.id] ?? {};
  }

  /** Each other member's status as this node sees it. */
  async statuses(): Promise<{ readonly [peer: string]: string }> {
    const { peers } = await this.get<{ peers: { peer_id: string; status: string }[] }>('/api/membership');
    return Object.fromEntries(
      peers.filter((peer) => peer.peer_id !== this.id).map((peer) => [peer.peer_id, peer.status]),
    );
  }

  async ingest(readings: unknown, headers: Environment = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.ingestPort}/ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(readings),
      signal: AbortSignal.timeout(10_000),
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

export class Site {
  readonly directory = mkdtempSync(join(tmpdir(), 'sensorium-e2e-'));
  readonly name = `e2e-${randomBytes(4).toString('hex')}`;
  readonly #nodes = new Set<SiteNode>();
  readonly #ports = new Map<string, readonly [number, number, number]>();

  /** Ports of a node, the same at every start unless they are drawn anew. */
  async portsOf(id: string, anew = false): Promise<readonly [number, number, number]> {
    const known = this.#ports.get(id);
    if (known && !anew) return known;
    const [port = 0, apiPort = 0, ingestPort = 0] = await freePorts(3);
    const drawn = [port, apiPort, ingestPort] as const;
    this.#ports.set(id, drawn);
    return drawn;
  }

  /** Starts a node that is told of `seeds`; resolves when it is ready. */
  async start(id: string, seeds: readonly string[], options: NodeOptions = {}): Promise<SiteNode> {
    const node = await this.spawn(id, seeds, options);
    await node.ready;
    return node;
  }

  async spawn(id: string, seeds: readonly string[], options: NodeOptions = {}): Promise<SiteNode> {
    const ports = await this.portsOf(id);
    const seedPorts = await Promise.all(seeds.map((seed) => this.portsOf(seed)));
    const [command = '', ...args] = [
      ...(options.wrapper ?? []),
      process.execPath,
      PROGRAM,
      'node',
      '--until-stdin-ends',
    ];
    const child = spawn(command, args, {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_ID: id,
        SITE: this.name,
        DATA_DIR: this.directory,
        PORT: String(ports[0]),
        WEB_API_PORT: String(ports[1]),
        INGEST_PORT: String(ports[2]),
        MQTT_PORT: '0',
        DISCOVERY: 'off',
        BOOTSTRAP_PEERS: seedPorts.map(([port]) => `127.0.0.1:${port}`).join(','),
        ...options.environment,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const node = new SiteNode(id, ports, child);
    this.#nodes.add(node);
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Asks again until the answer is wanted; fails with what it last was. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  withinMs = WAIT_MS,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (wanted(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resume) => setTimeout(resume, 25));
  }
  const shown = last instanceof Error ? (last.stack ?? last.message) : JSON.stringify(last);
  throw new Error(`not within ${withinMs} ms: ${what}; at last: ${String(shown).slice(0, 4_000)}`);
}

function parse(text: string): { readonly msg: string } | null {
  try {
    return JSON.parse(text) as { readonly msg: string };
  } catch {
    return null;
  }
}
