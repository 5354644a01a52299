// A site of real node processes for the tests of whole programs: real sockets, real disks, real signals. Every
// process and directory of it goes with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { type Ports, SiteNode } from './site-node.ts';
import { until } from './until.ts';

/** Another copy of the program can be put to the test, such as an installed package. */
export const PROGRAM =
  process.env.SENSORIUM_PROGRAM ?? join(import.meta.dirname, '..', '..', 'bin', 'sensorium');

export type Environment = { readonly [name: string]: string };

/** Where a node runs: this machine's loopback, or a host made for the test. */
export interface Place {
  /** Put before the program: `['ip', 'netns', 'exec', 'h1']`. */
  readonly wrapper: readonly string[];
  /** Where other nodes reach it. */
  readonly peerHost: string;
  /** Where the test reaches it. */
  readonly testHost: string;
}

const HERE: Place = { wrapper: [], peerHost: '127.0.0.1', testHost: '127.0.0.1' };

export class Site {
  readonly directory = mkdtempSync(join(tmpdir(), 'sensorium-e2e-'));
  readonly name = `e2e-${randomBytes(4).toString('hex')}`;
  readonly #nodes = new Set<SiteNode>();
  readonly #ports = new Map<string, Ports>();
  readonly #places: ReadonlyMap<string, Place>;
  readonly #flags: readonly string[];

  /** `flags` of the command `node` go to every node. */
  constructor(places: ReadonlyMap<string, Place> = new Map(), flags: readonly string[] = []) {
    this.#places = places;
    this.#flags = flags;
  }

  /** Ports of a node, the same at every start unless they are drawn anew. */
  async portsOf(id: string, anew = false): Promise<Ports> {
    const known = this.#ports.get(id);
    if (known && !anew) return known;
    const [port = 0, apiPort = 0, ingestPort = 0] = await freePorts(3);
    const drawn = { port, apiPort, ingestPort };
    this.#ports.set(id, drawn);
    return drawn;
  }

  /** Where a node keeps all of its own. */
  directoryOf(id: string): string {
    return join(this.directory, id);
  }

  /** Starts nodes that are told of each other; resolves when all are ready and know each other. */
  async startAll(
    ids: readonly string[],
    environment: Environment | ((id: string) => Environment) = {},
  ): Promise<SiteNode[]> {
    const variables = typeof environment === 'function' ? environment : () => environment;
    const nodes = await Promise.all(ids.map((id) => this.start(id, ids, variables(id))));
    await allAlive(nodes);
    return nodes;
  }

  /** Starts a node that is told of `seeds`; resolves when it is ready. */
  async start(id: string, seeds: readonly string[], environment: Environment = {}): Promise<SiteNode> {
    const node = await this.spawn(id, seeds, environment);
    await node.ready;
    return node;
  }

  /** A process that may well end before it is ready. */
  async spawn(id: string, seeds: readonly string[], environment: Environment = {}): Promise<SiteNode> {
    const place = this.#placeOf(id);
    const ports = await this.portsOf(id);
    const told = await Promise.all(seeds.filter((seed) => seed !== id).map((seed) => this.#addressOf(seed)));
    const child = program(
      ['node', '--until-stdin-ends', ...this.#flags],
      {
        NODE_ID: id,
        SITE: this.name,
        DATA_DIR: this.directory,
        HOST: '127.0.0.1',
        PORT: String(ports.port),
        WEB_API_PORT: String(ports.apiPort),
        INGEST_PORT: String(ports.ingestPort),
        MQTT_PORT: '0',
        DISCOVERY: 'off',
        BOOTSTRAP_PEERS: told.join(','),
        // The test of a node that has a host of its own comes from outside.
        ...(place !== HERE && { ANONYMOUS_WRITE: 'all', ANONYMOUS_READ: 'all' }),
        ...environment,
      },
      place.wrapper,
    );
    const node = new SiteNode(id, place.testHost, ports, child);
    this.#nodes.add(node);
    return node;
  }

  /** The directories can be kept, to be looked at. */
  async stop({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.kill()));
    if (keep) return;
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #addressOf(id: string): Promise<string> {
    return `${this.#placeOf(id).peerHost}:${(await this.portsOf(id)).port}`;
  }

  #placeOf(id: string): Place {
    return this.#places.get(id) ?? HERE;
  }
}

/**
 * The program, with nothing of this process's environment but what programs need to run at all. One node may be of
 * another copy of it than the rest: SENSORIUM_PROGRAM in its environment.
 */
export function program(
  args: readonly string[],
  environment: Environment = {},
  wrapper: readonly string[] = [],
): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const { SENSORIUM_PROGRAM = PROGRAM, ...variables } = environment;
  const [command = '', ...rest] = [...wrapper, process.execPath, SENSORIUM_PROGRAM, ...args];
  return spawn(command, rest, {
    env: { PATH, HOME, TMPDIR, ...variables },
    // A test that is killed closes this pipe, and the node ends.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Until every node takes all the others for alive. */
export async function allAlive(nodes: readonly SiteNode[], withinMs = 20_000): Promise<void> {
  const ids = nodes.map(({ id }) => id);
  await until(
    `${ids.join(', ')} take each other for alive`,
    () => Promise.all(nodes.map((node) => node.statuses())),
    (views) => views.every((view, at) => ids.every((id) => id === ids[at] || view[id] === 'alive')),
    withinMs,
  );
}
