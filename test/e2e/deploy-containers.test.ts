// The image and the compose files as they ship, really built and run, which takes minutes: where it is asked for, as in
// `DEPLOY=base,6,12,demo npx vitest run test/e2e/deploy-containers.test.ts`, and in a workflow of its own.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { TOPOLOGY_NAMES, type TopologyName, topologyNamed } from '../../src/cli/cluster/topologies.ts';
import type { NodePlan } from '../../src/cli/cluster/topology.ts';
import { Engine, IMAGE, whyNoEngine } from '../deploy/engine.ts';
import { until } from './until.ts';

/** An address of this machine that nobody else listens on, so that the shipped ports are free. */
const PUBLISH = '127.0.77.1';
const KEY = { CLUSTER_KEY: 'correct-horse-battery-staple-correct-horse' };
const BUILD_MS = 400_000;
const SITE_MS = 300_000;
const CONVERGED_MS = 90_000;

const chosen = new Set((process.env.DEPLOY ?? '').split(',').filter((name) => name !== ''));
const why = chosen.size === 0 ? 'DEPLOY names no topology' : whyNoEngine();
let engine: Engine;

beforeAll(async () => {
  if (why === null) engine = await Engine.start();
}, BUILD_MS);
afterAll(() => engine?.stop());

test('[DE2] the image runs as nobody special, is healthy, keeps its data in a volume, and ends on SIGTERM with 0', async (context) => {
  needs(context, null);
  engine.podmanWell('run', '--detach', '--name', 'alone', ...flags({ ...KEY, NODE_ID: 'alone' }), IMAGE);

  await healthy('alone');
  const user = engine.podmanWell('exec', 'alone', 'id', '-u').trim();
  const status = engine.podmanWell('exec', 'alone', 'sensorium', 'status');
  engine.podmanWell('stop', '--time', '10', 'alone');
  const code = exitCodeOf('alone');
  const volumes = engine.podmanWell('volume', 'ls', '--quiet').trim().split('\n');

  expect(user).toBe('1000');
  expect(status).toContain('alone: 1 of 1 nodes alive');
  expect(code).toBe(0);
  expect(volumes).toHaveLength(1);
});

test('[DE2] without a key the image says in one line what to do, and ends with 2', (context) => {
  needs(context, null);
  const { code, err } = engine.podman('run', '--rm', IMAGE);

  expect(code).toBe(2);
  expect(err).toMatch(/^sensorium: HOST.*CLUSTER_KEY.*INSECURE=true/m);
});

for (const name of TOPOLOGY_NAMES) {
  test(
    `[DE3] compose ${name} converges, survives a killed, a paused and a disconnected node, and stops cleanly`,
    async (context) => {
      needs(context, name);
      const plans = topologyNamed(name);
      try {
        const up = compose(name, 'up', '--detach');
        expect(up.code, up.err).toBe(0);
        await converged(plans);

        await strike(name, plans, 'kill', ['kill', '--signal', 'KILL'], ['start']);
        await strike(name, plans, 'pause', ['pause'], ['unpause']);
        const network = `${name}_default`;
        const back = ['network', 'connect', '--alias', last(plans).id, network];
        await strike(name, plans, 'disconnect', ['network', 'disconnect', network], back);
        const stopped = compose(name, 'stop', '--timeout', '10');

        expect(stopped.code, stopped.err).toBe(0);
        expect(plans.map(({ id }) => exitCodeOf(`${name}_${id}_1`))).toEqual(plans.map(() => 0));
      } finally {
        compose(name, 'down', '--volumes');
      }
    },
    SITE_MS,
  );
}

test(
  '[DE8] the archive of a release starts a site by the commands that it says itself, word for word, and ends it',
  async (context) => {
    needs(context, 'base');
    const out = mkdtempSync(join(tmpdir(), 'sensorium-archive-'));
    try {
      const image = engine.pinnedImage();
      const archive = runNode('scripts/bundle-compose.mjs', '--image', image, '--out', out).trim();
      execFileSync('tar', ['-xzf', archive, '-C', out]);
      const directory = archive.slice(0, -'.tar.gz'.length);
      const usage = readFileSync(join(directory, 'README.md'), 'utf8');
      const commands = /^```\n([^`]*)^```/m.exec(usage)?.[1] ?? '';
      const end = /`(docker compose .* down .*)`/.exec(usage)?.[1] ?? '';

      const up = engine.shell(commands, directory, { PUBLISH });
      await converged(topologyNamed('base'));
      const containers = engine.podmanWell('ps', '--quiet').trim().split('\n');
      const digests = containers.map((id) =>
        engine.podmanWell('inspect', '--format', '{{.ImageDigest}}', id).trim(),
      );
      const down = engine.shell(end, directory, { PUBLISH });

      expect([up.code, down.code], up.err + down.err).toEqual([0, 0]);
      expect(digests.map((digest) => image.endsWith(`@${digest}`))).toEqual([true, true]);
      expect(engine.podmanWell('ps', '--all', '--format', '{{.Names}}')).not.toContain('node-1');
    } finally {
      rmSync(out, { recursive: true });
    }
  },
  SITE_MS,
);

function runNode(script: string, ...args: readonly string[]): string {
  const path = join(import.meta.dirname, '..', '..', script);
  return execFileSync(process.execPath, [path, ...args], { encoding: 'utf8' });
}

function needs(context: TestContext, name: TopologyName | null): void {
  if (why !== null) context.skip(why);
  if (name !== null && !chosen.has(name)) context.skip(`DEPLOY does not name ${name}`);
}

function compose(name: TopologyName, ...args: readonly string[]) {
  const environment = { ...KEY, PUBLISH, SITE: `deploy-${name}` };
  return engine.compose(name, `deploy/compose/${name}.yml`, environment, ...args);
}

/** The last node is struck, noticed by the others, and comes back. */
async function strike(
  name: TopologyName,
  plans: readonly NodePlan[],
  what: string,
  strike: readonly string[],
  mend: readonly string[],
): Promise<void> {
  const struck = last(plans);
  engine.podmanWell(...strike, `${name}_${struck.id}_1`);
  await until(
    `${what}: the others miss ${struck.id}`,
    () => statuses(plans[0]),
    (seen) => seen !== null && seen[struck.id] !== 'alive',
    CONVERGED_MS,
  );
  engine.podmanWell(...mend, `${name}_${struck.id}_1`);
  await converged(plans);
}

/** Every node takes all for alive, knows every sensor that has spoken anywhere, and the group has a quorum. */
async function converged(plans: readonly NodePlan[]): Promise<void> {
  await until(
    'all nodes see all nodes and one leader',
    () => Promise.all(plans.map(async (plan) => ({ seen: await statuses(plan), view: await viewOf(plan) }))),
    (all) =>
      all.every(({ seen }) => seen !== null && plans.every(({ id }) => seen[id] === 'alive')) &&
      all.every(({ view }) => view?.quorum === true && view.watermark > 0) &&
      new Set(all.map(({ view }) => view?.leader)).size === 1,
    CONVERGED_MS,
  );
}

async function statuses(plan: NodePlan | undefined): Promise<{ readonly [id: string]: string } | null> {
  const members = await asked<{ id: string; status: string }[]>(plan, '/api/v1/members');
  return members && Object.fromEntries(members.map(({ id, status }) => [id, status]));
}

function viewOf(plan: NodePlan) {
  return asked<{ leader: string | null; quorum: boolean; watermark: number }>(plan, '/api/v1/view');
}

async function asked<T>(plan: NodePlan | undefined, path: string): Promise<T | null> {
  try {
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`http://${PUBLISH}:${plan?.apiPort}${path}`, { signal });
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}

async function healthy(container: string): Promise<void> {
  await until(
    `${container} is healthy`,
    async () => engine.podman('healthcheck', 'run', container).code,
    (code) => code === 0,
    CONVERGED_MS,
  );
}

function exitCodeOf(container: string): number {
  return Number(engine.podmanWell('inspect', '--format', '{{.State.ExitCode}}', container));
}

function flags(environment: { readonly [name: string]: string }): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

function last(plans: readonly NodePlan[]): NodePlan {
  const plan = plans.at(-1);
  if (plan === undefined) throw new Error('a topology has nodes');
  return plan;
}
