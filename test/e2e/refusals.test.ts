import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { allShow, writeAt } from './readings.ts';
import { allAlive, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const FAILED = 1;
const USAGE = 2;

const site = new Site();
afterAll(() => site.stop());

test('[WS15] of two live processes with one id the later is refused, naming the address of the earlier', async () => {
  const bob = await site.start('bob', []);
  const ann = await site.start('ann', ['bob']);
  // Of two that start within two seconds the address decides.
  await until(
    'ann is the earlier',
    () => ann.get<{ uptime_ms: number }>('/healthz'),
    (health) => health.uptime_ms > 2_500,
  );
  await site.portsOf('ann', true);
  const elsewhere = join(site.directory, 'elsewhere');

  const namesake = await site.spawn('ann', ['bob'], { DATA_DIR: elsewhere });

  expect(await namesake.exited).toBe(FAILED);
  expect(linesOf(namesake)).toEqual([
    `sensorium: another live node uses the id ann, at 127.0.0.1:${ann.ports.port}: choose another NODE_ID`,
  ]);
  await allAlive([ann, bob]);
  const written = [await writeAt(ann, 'door', 1, 1_700_000_000_000)];
  await allShow([ann, bob], written);
  await Promise.all([ann.kill(), bob.kill()]);
});

test('[WS16] a second process on a data directory in use is refused, and the first goes on', async () => {
  const cat = await site.start('cat', []);
  await site.portsOf('cat', true);

  const second = await site.spawn('cat', []);

  expect(await second.exited).toBe(USAGE);
  expect(linesOf(second)).toEqual([
    expect.stringContaining(`${site.directoryOf('cat')} is in use by process ${cat.pid}`),
  ]);
  await cat.write({ sensor: 'door', value: 1 });
  await cat.kill();
});

test('[WS16] the directory of another node is refused', async () => {
  const dan = await site.start('dan', []);
  await dan.kill('SIGTERM');
  cpSync(join(site.directoryOf('dan'), 'store'), join(site.directoryOf('eve'), 'store'), { recursive: true });

  const eve = await site.spawn('eve', []);

  expect(await eve.exited).toBe(USAGE);
  expect(linesOf(eve)).toEqual([expect.stringContaining('belongs to node dan, not to eve')]);
});

test('[WS16] a directory that cannot be made is refused', async () => {
  const file = join(site.directory, 'a-file');
  writeFileSync(file, '');

  const fay = await site.spawn('fay', [], { DATA_DIR: join(file, 'data') });

  expect(await fay.exited).toBe(USAGE);
  expect(linesOf(fay)).toEqual([expect.stringContaining(`DATA_DIR ${join(file, 'data')} cannot be used`)]);
});

test('[WS16] a log file that cannot be written is refused', async () => {
  mkdirSync(join(site.directory, 'log'));

  const gil = await site.spawn('gil', [], { LOG_FILE: join(site.directory, 'log') });

  expect(await gil.exited).toBe(USAGE);
  expect(linesOf(gil)).toEqual([expect.stringContaining('LOG_FILE')]);
});

test.each(['PORT', 'WEB_API_PORT', 'INGEST_PORT'])(
  '[WS16] a %s that is in use is one line, and nothing is left half-started',
  async (option) => {
    const id = `port-${option.toLowerCase().replaceAll('_', '-')}`;
    const ports = await site.portsOf(id);
    const port =
      { PORT: ports.port, WEB_API_PORT: ports.apiPort, INGEST_PORT: ports.ingestPort }[option] ?? 0;
    const holder = await hold(port);

    const node = await site.spawn(id, []);

    expect(await node.exited).toBe(USAGE);
    expect(linesOf(node)).toEqual([`sensorium: cannot listen on 127.0.0.1 port ${port}: it is in use`]);
    expect(node.lines.map(({ msg }) => msg)).not.toContain('ready');
    await new Promise((closed) => holder.close(closed));
    for (const one of Object.values(ports)) expect(await answers(one)).toBe(false);
    const again = await site.start(id, []);
    expect(await again.kill('SIGTERM')).toBe(0);
  },
);

test('[CL3] wrong options are one line each, all at once, with code 2, and nothing is started', async () => {
  const environment = { GOSSIP_PUSH_RATIO: '7', SITE: '', HEARTBEAT_INTERVAL_MS: 'soon', LOG_LEVEL: 'LOUD' };

  const node = await site.spawn('ivy', [], environment);

  expect(await node.exited).toBe(USAGE);
  const lines = linesOf(node);
  expect(lines).toHaveLength(3);
  for (const [at, name] of ['HEARTBEAT_INTERVAL_MS', 'GOSSIP_PUSH_RATIO', 'LOG_LEVEL'].entries()) {
    expect(
      lines.filter((line) => line.includes(name)),
      `${at}`,
    ).toHaveLength(1);
  }
  for (const line of lines) expect(line).toMatch(/^sensorium: /);
  expect(node.lines).toEqual([]);
});

function linesOf(node: SiteNode): string[] {
  return node.errors.split('\n').filter((line) => line !== '');
}

function hold(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
