import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Config, describe, type Loaded, loadConfig } from './config.ts';
import { OPTIONS } from './options.ts';

const directory = mkdtempSync(join(tmpdir(), 'sensorium-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('[CF1] a flag, an environment variable and a key of a file are one name', () => {
  const file = write('one.json', '{"gossip-sync-interval-ms": 500}');

  const values = [
    configOf(['--gossip-sync-interval-ms', '500']),
    configOf([], { GOSSIP_SYNC_INTERVAL_MS: '500' }),
    configOf(['--env-file', write('one.env', 'GOSSIP_SYNC_INTERVAL_MS=500\n')]),
    configOf(['--config', file]),
  ].map((config) => config.gossipSyncIntervalMs);

  expect(values).toEqual([500, 500, 500, 500]);
});

test('[CF1] no two options share a name', () => {
  const names = Object.values(OPTIONS).map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
});

test('[CF1] every default is a value that its option allows', () => {
  for (const { name, kind, default: value, profiles = {} } of Object.values<{
    readonly name: string;
    readonly kind: { parse(text: string): unknown; show(value: never): string };
    readonly default: unknown;
    readonly profiles?: object;
  }>(OPTIONS)) {
    for (const given of [value, ...Object.values(profiles)]) {
      const text = kind.show(given as never);
      if (text !== '') expect(kind.parse(text), name).toEqual(given);
    }
  }
});

test('[CF4] flags precede environment, env-file, config file, profile and default, in this order', () => {
  const json = write('order.json', '{"GOSSIP_SYNC_INTERVAL_MS": 101, "PROFILE": "slow"}');
  const env = write('order.env', 'GOSSIP_SYNC_INTERVAL_MS=102');
  const name = 'GOSSIP_SYNC_INTERVAL_MS';

  const values = [
    configOf([]),
    configOf(['--profile', 'slow']),
    configOf(['--config', json]),
    configOf(['--config', json, '--env-file', env]),
    configOf(['--config', json, '--env-file', env], { [name]: '103' }),
    configOf(['--gossip-sync-interval-ms=104', '--config', json, '--env-file', env], { [name]: '103' }),
  ].map((config) => config.gossipSyncIntervalMs);

  expect(values).toEqual([1_000, 5_000, 101, 102, 103, 104]);
});

test('[CF4] an empty value counts as not given', () => {
  const env = write('empty.env', 'PORT=9500\nBOOTSTRAP_PEERS=""\n');

  const config = configOf(['--env-file', env], { PORT: '', NODE_ID: '  ' });

  expect(config).toMatchObject({ port: 9_500, bootstrapPeers: [], nodeId: null });
});

test('[CF6] all problems are told at once, a line each, and there is no configuration', () => {
  const env = write('bad.env', 'LOG_LEVEL=LOUD\nPROT=9000\n');

  const problems = problemsOf(['--port', '70000', '--env-file', env], { SENSORS: 'two', CLEAR_LOG: 'maybe' });

  expect(problems).toEqual([
    `"PROT" (${env}:2): there is no such option, did you mean PORT?`,
    `LOG_LEVEL = "LOUD" (${env}:1): must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, DEMO`,
    'CLEAR_LOG = "maybe" (environment): must be true or false (also 1/0, yes/no, on/off)',
    'PORT = "70000" (flag --port): must be a port from 1 to 65535, or 0 or any for a free one',
    'SENSORS = "two" (environment): must be a whole number from 0 to 1000',
  ]);
});

test('[CF5] a file that cannot be read is a problem', () => {
  const problems = problemsOf(['--config', '/nowhere/site.json', '--env-file', '/nowhere/site.env']);

  expect(problems).toEqual([
    '--config = "/nowhere/site.json": cannot be read (ENOENT)',
    '--env-file = "/nowhere/site.env": cannot be read (ENOENT)',
  ]);
});

test('[CF10] a profile changes timings, and a single value overrides it', () => {
  const local = configOf([]);
  const slow = configOf(['--profile', 'slow', '--socket-timeout', '2.5']);

  expect(local).toMatchObject({ socketTimeoutMs: 1_000, orderHeartbeatMs: 50, electionTimeoutMs: 300 });
  expect(slow).toMatchObject({
    socketTimeoutMs: 2_500,
    orderHeartbeatMs: 5_000,
    heartbeatTimeoutMs: 20_000,
    electionTimeoutMs: 5_000,
    heartbeatIntervalMs: 5_000,
  });
  expect(configOf(['--profile', 'wan'])).toMatchObject({ socketTimeoutMs: 10_000, orderHeartbeatMs: 500 });
  expect(configOf(['--profile', 'lan'])).toMatchObject({ socketTimeoutMs: 2_000, orderHeartbeatMs: 50 });
});

test('[CF10] what is not given follows from what is', () => {
  const usual = configOf(['--port', '9005', '--bootstrap-peers', 'b.local:9000,[fe80::1]:9001']);
  const free = configOf(['--port', '0', '--ingest-port', 'any']);
  const wild = configOf(['--host', '0.0.0.0', '--insecure', '--ingest-port', '0']);
  const quick = configOf(['--heartbeat-interval-ms', '100']);

  expect(usual).toMatchObject({ webApiPort: 10_005, advertiseHost: '127.0.0.1', expectNodes: 3 });
  expect(usual.bootstrapPeers).toEqual([
    { host: 'b.local', port: 9000 },
    { host: 'fe80::1', port: 9001 },
  ]);
  expect(free).toMatchObject({ port: 0, webApiPort: 0, ingestPort: 0 });
  expect(wild).toMatchObject({ advertiseHost: null, ingestPort: null, insecure: true });
  expect(quick.probeTimeoutMs).toBe(50);
});

test('[CF9] what has no effect is noted and does no harm', () => {
  const { notes } = loadedOf(['--outbox-max-age-ms', '60000', '--ingest-ack', 'committed'], {
    SENSORS: '1',
    SENSOR_0_TYPE: 'boolean',
    SENSOR_0_MAX: '3',
    SENSOR_1_TYPE: 'wave',
  });

  expect(notes).toEqual([
    'OUTBOX_MAX_AGE_MS = "60000" (flag --outbox-max-age-ms) has no effect in this version',
    'SENSOR_0_MAX (environment) is not used: a sensor of that type has no MAX',
    'SENSOR_1_TYPE (environment) is not used: SENSORS is 1',
  ]);
});

test('[CF11] the description shows each value and where it came from', () => {
  const { settings } = loadedOf(['--port', '9001', '--profile', 'wan'], { SITE: 'hall-3' });

  const lines = describe(settings)
    .split('\n')
    .map((line) => line.replace(/ {2,}/, '  '));

  expect(lines).toContain('PORT = 9001  (flag --port)');
  expect(lines).toContain('SITE = hall-3  (environment)');
  expect(lines).toContain('SOCKET_TIMEOUT = 10  (profile wan)');
  expect(lines).toContain('WEB_API_PORT = 10001  (default)');
  expect(lines).toHaveLength(Object.keys(OPTIONS).length);
});

test('[CF11] a secret is masked wherever it is shown', () => {
  const loaded = loadConfig([], { CLUSTER_KEY: 'open sesame' });
  const problems = problemsOf([], { CLUSTER_KEY: `open sesame ${'!'.repeat(2_000)}` });

  const shown = loaded.ok ? describe(loaded.value.settings) : '';
  expect(shown).toContain('CLUSTER_KEY = ********');
  expect(problems.join()).toContain('CLUSTER_KEY = "********" (environment)');
  expect(shown + problems.join()).not.toContain('sesame');
});

function write(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function loadedOf(args: readonly string[], environment: { [name: string]: string } = {}): Loaded {
  const loaded = loadConfig(args, environment);
  if (!loaded.ok) throw new Error(loaded.problem.join('\n'));
  return loaded.value;
}

function configOf(args: readonly string[], environment: { [name: string]: string } = {}): Config {
  return loadedOf(args, environment).config;
}

function problemsOf(
  args: readonly string[],
  environment: { [name: string]: string } = {},
): readonly string[] {
  const loaded = loadConfig(args, environment);
  return loaded.ok ? [] : loaded.problem;
}
