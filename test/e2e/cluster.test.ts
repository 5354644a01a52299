import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { topologyNamed } from '../../src/cli/cluster/topologies.ts';
import { ended, type Ran } from './run.ts';
import { program } from './site.ts';
import { until } from './until.ts';

const ENDS_WITHIN_MS = 5_000;
const DEMO_SENSORS = 7;
/** Of a machine that has much else to do. */
const STARTS_WITHIN_MS = 60_000;
const REACHES_WITHIN_MS = 60_000;
const TEST_MS = 150_000;

vi.setConfig({ testTimeout: TEST_MS });

interface Row {
  readonly sensor: string;
  readonly origin: string;
  readonly value: unknown;
}

let temporary: string;
let clusters: Cluster[] = [];

afterAll(() => vi.resetConfig());
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'sensorium-cluster-'));
});
afterEach(async () => {
  for (const cluster of clusters) cluster.kill('SIGKILL');
  await Promise.all(clusters.map((cluster) => cluster.end));
  clusters = [];
  // A node whose parent was killed closes its listeners first and its files last, and may still make one meanwhile.
  await until(
    'the nodes are gone, and what they kept',
    () => rmSync(temporary, { recursive: true, force: true }),
    () => !existsSync(temporary),
  );
});

test('[CL6] demo prints where its nodes are, and real and simulated sensors reach all of them', async () => {
  const demo = start('demo');
  const urls = await demo.urls(3);

  const latest = await until(
    'every node has every sensor',
    () => Promise.all([...urls.values()].map((url) => latestAt(url))),
    (views) => views.every((rows) => rows.length === DEMO_SENSORS),
    REACHES_WITHIN_MS,
  );

  expect([...urls.keys()]).toEqual(['node-1', 'node-2', 'node-3']);
  for (const rows of latest) {
    const machine = rows.find(({ sensor }) => sensor === 'machine@0');
    expect(machine?.value).toMatchObject({ cpu_load_pct: expect.any(Number) });
    expect(new Set(rows.map(({ origin }) => origin)).size).toBe(3);
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '[CL7] %s ends a demo within 5 s and leaves nothing behind',
  async (signal) => {
    const demo = start('demo', '--nodes', '2');
    const urls = await demo.urls(2);

    const askedAt = performance.now();
    demo.kill(signal);
    const { code, err } = await demo.end;

    expect(performance.now() - askedAt).toBeLessThan(ENDS_WITHIN_MS);
    expect([code, err]).toEqual([0, '']);
    for (const url of urls.values()) await expect(latestAt(url)).rejects.toThrow();
    expect(readdirSync(temporary)).toEqual([]);
  },
);

test('[CL7] the nodes of a demo that is killed end as well', async () => {
  const demo = start('demo', '--nodes', '2');
  const urls = await demo.urls(2);

  demo.kill('SIGKILL');
  await demo.end;

  for (const url of urls.values()) {
    await until(
      `${url} is gone`,
      () =>
        latestAt(url).then(
          () => 'there',
          () => 'gone',
        ),
      (answer) => answer === 'gone',
      ENDS_WITHIN_MS,
    );
  }
});

test('[CL6] with --json a demo prints JSON alone', async () => {
  const demo = start('demo', '--nodes', '1', '--json');
  await until(
    'it says where it is',
    () => demo.lines,
    (lines) => lines.some((line) => line.includes('"url"')),
    STARTS_WITHIN_MS,
  );

  demo.kill('SIGINT');
  await demo.end;

  const told = demo.lines.map((line) => JSON.parse(line) as { url?: string; node?: string });
  expect(told.filter(({ url }) => url !== undefined)).toEqual([
    { node: 'node-1', url: expect.stringMatching(/^http/) },
  ]);
});

test.for(['base', 'demo'] as const)(
  '[CL8] cluster %s runs the shipped topology on its fixed ports',
  async (name, context) => {
    const plans = topologyNamed(name);
    const taken = await takenOf(
      plans.flatMap(({ port, apiPort, ingestPort }) => [port, apiPort, ingestPort]),
    );
    if (taken.length > 0) context.skip(`port ${taken.join(', ')} of this machine is in use`);
    const cluster = start('cluster', name);
    const urls = await cluster.urls(plans.length);

    const sensors = new Set(plans.flatMap((plan) => plan.sensors.map(({ NAME }, at) => `${NAME}@${at}`)));
    await until(
      'every node has every sensor',
      () => Promise.all([...urls.values()].map((url) => latestAt(url))),
      (views) => views.every((rows) => rows.length === sensors.size),
      REACHES_WITHIN_MS,
    );
    await until(
      'every node knows all others',
      () => cluster.lines.filter((line) => / joined/.test(line)).length,
      (count) => count >= plans.length * (plans.length - 1),
    );
    cluster.kill('SIGINT');
    const { code } = await cluster.end;

    expect(code).toBe(0);
    expect([...urls.values()]).toEqual(plans.map(({ apiPort }) => `http://127.0.0.1:${apiPort}`));
  },
);

class Cluster {
  readonly lines: string[] = [];
  readonly end: Promise<Ran>;
  readonly #child: ReturnType<typeof program>;

  constructor(args: readonly string[]) {
    this.#child = program(args, { TMPDIR: temporary });
    this.end = ended(this.#child);
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(line));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Where its nodes are, by their ids, once it has said so of all. */
  async urls(count: number): Promise<ReadonlyMap<string, string>> {
    return until(
      'it says where its nodes are',
      () => {
        const told = this.lines.map((line) => /^(\S+) (http:\/\/127\.0\.0\.1:\d+)$/.exec(line));
        return new Map(told.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
      },
      (urls) => urls.size === count,
      STARTS_WITHIN_MS,
    );
  }
}

function start(...args: string[]): Cluster {
  const cluster = new Cluster(args);
  clusters.push(cluster);
  return cluster;
}

async function latestAt(url: string): Promise<readonly Row[]> {
  const response = await fetch(`${url}/api/v1/latest`, { signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as readonly Row[];
}

async function takenOf(ports: readonly number[]): Promise<number[]> {
  const taken: number[] = [];
  for (const port of ports) {
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (!isFree) taken.push(port);
  }
  return taken;
}
