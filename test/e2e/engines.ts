// Servers that nobody here wrote and that sinks hand readings to, each with a directory and a port of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { until } from './until.ts';

/** Debian keeps the programs of each version of PostgreSQL by themselves. */
const POSTGRES_ROOT = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root. */
const POSTGRES_USER = 'postgres';

const running = new Set<ChildProcess>();
// They do not end by themselves when a test is given up.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Engine {
  readonly directory: string;
  readonly port: number;
  readonly #start: () => ChildProcess;
  readonly #answers: () => Promise<unknown>;
  #child: ChildProcess | null = null;

  constructor(directory: string, port: number, start: () => ChildProcess, answers: () => Promise<unknown>) {
    this.directory = directory;
    this.port = port;
    this.#start = start;
    this.#answers = answers;
  }

  /** Resolves when it answers. */
  async start(): Promise<this> {
    const child = this.#start();
    this.#child = child;
    running.add(child);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
    child.stdout?.resume();
    await until(
      `the engine on port ${this.port} answers`,
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
        await this.#answers();
        return true;
      },
      (does) => does,
    );
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    running.delete(child);
    this.#child = null;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function hasPostgres(): boolean {
  return postgresPrograms() !== null;
}

export function hasProgram(name: string): boolean {
  return pathOf(name) !== null;
}

/** `postgres://postgres@127.0.0.1:<port>/postgres`. */
export async function postgres(): Promise<Engine> {
  const programs = postgresPrograms() ?? '';
  const { directory, port } = await place('postgres');
  const data = join(directory, 'data');
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const [user = 0, group = 0] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, POSTGRES_USER], { encoding: 'utf8' })),
    );
    chownSync(directory, user, group);
  }
  const asUser = isRoot
    ? ['setpriv', `--reuid=${POSTGRES_USER}`, `--regid=${POSTGRES_USER}`, '--clear-groups']
    : ['env'];
  const run = (program: string, args: readonly string[]) =>
    [...asUser, join(programs, program), ...args] as [string, ...string[]];
  const [command, ...args] = run('initdb', [
    ...['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'],
  ]);
  execFileSync(command, args, { stdio: 'pipe', cwd: directory });
  return new Engine(
    directory,
    port,
    () => {
      const options = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', directory, '-F'];
      const [start, ...rest] = run('postgres', options);
      return spawn(start, rest, { cwd: directory });
    },
    async () => {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` });
      client.on('error', () => {});
      await client.connect();
      await client.end();
    },
  ).start();
}

/** `nats://127.0.0.1:<port>`, with JetStream. */
export async function nats(): Promise<Engine> {
  const { directory, port } = await place('nats');
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', directory];
  return new Engine(
    directory,
    port,
    () => spawn(pathOf('nats-server') ?? '', args),
    async () => {
      const { connect } = await import('@nats-io/transport-node');
      await (await connect({ servers: `127.0.0.1:${port}`, reconnect: false })).close();
    },
  ).start();
}

/** `mqtt://127.0.0.1:<port>`, which remembers what is retained when it is started again. */
export async function mosquitto(): Promise<Engine> {
  const { directory, port } = await place('mosquitto');
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  return new Engine(
    directory,
    port,
    () => spawn(pathOf('mosquitto') ?? '', ['-c', file]),
    async () => {
      const { default: mqtt } = await import('mqtt');
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
      await client.endAsync(true);
    },
  ).start();
}

/** `http://127.0.0.1:<port>`, with a database `site`. */
export async function influx(): Promise<Engine> {
  const { directory, port } = await place('influx');
  const [rpc = 0] = await freePorts(1);
  const file = join(directory, 'influxdb.conf');
  const folders = ['meta', 'data', 'wal'].map((name) => join(directory, name));
  for (const folder of folders) mkdirSync(folder);
  const [meta = '', data = '', wal = ''] = folders;
  writeFileSync(
    file,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${meta}"
[data]
  dir = "${data}"
  wal-dir = "${wal}"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
`,
  );
  return new Engine(
    directory,
    port,
    () => spawn(pathOf('influxd') ?? '', ['-config', file]),
    () => influxQuery(port, 'CREATE DATABASE site'),
  ).start();
}

export async function influxQuery(port: number, statement: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q: statement, db: 'site', epoch: 'ns' }),
  });
  if (!response.ok) throw new Error(`${statement}: ${response.status}`);
  return response.json();
}

async function place(name: string): Promise<{ readonly directory: string; readonly port: number }> {
  const [port = 0] = await freePorts(1);
  return { directory: mkdtempSync(join(tmpdir(), `sensorium-${name}-`)), port };
}

function postgresPrograms(): string | null {
  if (!existsSync(POSTGRES_ROOT)) return null;
  const versions = readdirSync(POSTGRES_ROOT).sort((a, b) => Number(b) - Number(a));
  const found = versions.map((version) => join(POSTGRES_ROOT, version, 'bin'));
  return found.find((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres'))) ?? null;
}

/** Debian puts servers where only root looks. */
function pathOf(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}
