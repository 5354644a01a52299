// The whole way from nothing to a device whose readings are seen at another machine, as people go it: every command is run
// on the machine it is meant for, what is printed is pasted into a shell, and everything goes by TLS.
//
//   ann: init ── invite ──▶ bob: join     cat: join        dan: a machine with devices, and no node
//   bob: device add ──▶ dan: mosquitto_pub by TLS ──▶ seen at cat by a command on dan, by https

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorityCertificate, pemOf } from '../../src/trust/certificate.ts';
import { drawnKey } from '../../src/trust/keys.ts';
import { Namespaces, whyNoNamespaces } from './namespaces.ts';
import { ended, has, type Ran } from './run.ts';
import { type Environment, program, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

/** What an operator is promised. */
const ONBOARDED_MS = 60_000;
const MQTT_PORT = '1883';
const HOSTS = ['ann', 'bob', 'cat', 'dan'];

const whyNot =
  whyNoNamespaces() ?? (has('mosquitto_pub') && has('curl') ? null : 'mosquitto_pub and curl are needed');
const hosts = whyNot === null ? new Namespaces(HOSTS, 2) : null;
const site = new Site(hosts?.places ?? new Map());
const running: ChildProcess[] = [];
let ann: SiteNode;
let bob: SiteNode;
let cat: SiteNode;
let token = '';
let tookMs = 0;
let tail = '';
let pasted: Ran = { code: null, out: '', err: '' };

beforeAll(async () => {
  if (hosts === null) return;
  const startMs = performance.now();
  await said('ann', 'init', '--site', site.name, ...own('ann'));
  ann = await started('ann', {});
  await said('bob', ...(await invited()), ...own('bob'));
  bob = await started('bob', { DEVICE_TLS: 'required' });
  await said('cat', ...(await invited()), ...own('cat'));
  cat = await started('cat', {});
  const { out } = await said('bob', 'device', 'add', 'bed1', ...own('bob'));
  token = /^ {2}(sen_\S+)$/m.exec(out)?.[1] ?? '';
  writeFileSync(
    file('site-ca.pem'),
    snippetIn(out, 'what a device trusts').split('\n').slice(1, -1).join('\n'),
  );
  follow();
  await until(
    'somebody follows at cat',
    async () => (await fetch(cat.url('/metrics'))).text(),
    (text) => /^sensorium_live_clients 1$/m.test(text),
  );
  pasted = await shell(
    'dan',
    `cd ${site.directory}\n${snippetIn(out, 'what')}\n${snippetIn(out, 'mosquitto_pub')}`,
  );
  await until(
    'what the device says is seen by way of cat',
    () => tail,
    (text) => text.includes('bed1/temperature'),
  );
  tookMs = performance.now() - startMs;
}, 150_000);

afterAll(async () => {
  for (const child of running) child.kill();
  await site.stop();
  hosts?.remove();
});

test.skipIf(whyNot !== null)(
  '[TR14][TR22] from nothing to a reading seen elsewhere, all by TLS, two commands for each further machine',
  async () => {
    const seen = await cat.state();

    console.log(`onboarding took ${(tookMs / 1_000).toFixed(1)} s`);
    expect(pasted).toMatchObject({ code: 0, err: '' });
    expect(seen['bob:bed1/temperature']?.value).toBe(21.5);
    // How long it takes on a machine with much else to do says nothing.
    const [load = 0] = loadavg();
    expect(load > 2 * availableParallelism() || tookMs < ONBOARDED_MS).toBe(true);
  },
);

test.skipIf(whyNot !== null)(
  '[TR17][TR18] curl and MQTT over WebSocket find each node at its addresses and by its name',
  async () => {
    const { apiPort, ingestPort } = ann.ports;
    const address = addressOf('ann');
    const curl = `curl -sS --cacert ${file('site-ca.pem')} -H 'Authorization: Bearer ${token}'`;
    const data = `-d '{"sensor": "bed1/t", "value": 3}'`;

    const asked = await shell(
      'dan',
      `${curl} ${data} https://${address}:${ingestPort}/ingest && ` +
        `${curl} --resolve ann:${apiPort}:${address} https://ann:${apiPort}/healthz`,
    );
    const ca = readFileSync(file('site-ca.pem'));
    const url = `wss://${hosts?.places.get('ann')?.testHost}:${MQTT_PORT}`;
    const client = await mqtt.connectAsync(
      url,
      { ca, username: 'bed1', password: token, reconnectPeriod: 0 },
      false,
    );
    await client.publishAsync('bed1/ws', '4', { qos: 1 });
    await client.endAsync();

    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('"accepted":1') });
    expect((await ann.state())['ann:bed1/ws']?.value).toBe(4);
  },
);

test.skipIf(whyNot !== null)(
  '[TR19][TR22] a device and a command that trust another authority do not come in, and it is counted',
  async () => {
    writeFileSync(file('other-ca.pem'), pemOf(authorityCertificate('other', drawnKey())));
    const before = await ann.state();
    const publish = `mosquitto_pub --cafile ${file('other-ca.pem')} -h ${addressOf('ann')} -p ${MQTT_PORT} -u bed1 -P ${token}`;

    const refused = await shell('dan', `${publish} -q 1 -t bed1/temperature -m 666`);
    const command = await onHost(
      'dan',
      ['get', 'bed1/t', '--node', `https://${addressOf('ann')}:${ann.ports.apiPort}`],
      {
        SENSORIUM_CA: file('other-ca.pem'),
      },
    );

    expect(refused.code).not.toBe(0);
    expect(command).toMatchObject({ code: 1, err: expect.stringContaining('is not trusted') });
    await until(
      'ann has counted it',
      () => ann.counter('mqtt_refused_tls_untrusted_total'),
      (count) => count === 1,
    );
    expect(await ann.state()).toEqual(before);
  },
);

test.skipIf(whyNot !== null)(
  '[TR20] where TLS is required a plain client from another machine is refused in one line, one of this machine is not',
  async () => {
    const { ingestPort, apiPort } = bob.ports;
    const reading = `-d '{"sensor": "bed1/plain", "value": 1}'`;
    const plain = `mosquitto_pub -h ${addressOf('bob')} -u bed1 -P ${token} -q 1 -t bed1/plain -m 1`;

    const device = await shell('dan', plain);
    const http = await shell(
      'dan',
      `curl -sS -w '%{http_code}' ${reading} http://${addressOf('bob')}:${ingestPort}/ingest`,
    );
    const here = await shell('bob', `curl -sS ${reading} http://127.0.0.1:${ingestPort}/ingest`);
    const metrics = await shell('bob', `curl -sS http://127.0.0.1:${apiPort}/metrics`);

    expect(device.code).not.toBe(0);
    expect(http.out).toMatch(/"code":"tls-required".*426$/s);
    expect(here.out).toContain('"accepted":1');
    expect(metrics.out).toMatch(/mqtt_refused_tls_required_total\S* 1$/m);
    expect(metrics.out).toMatch(/http_refused_tls_required_total\S* 1$/m);
    const lines = bob.lines.filter(({ reason }) => reason === 'tls_required');
    expect(lines).toMatchObject([{ level: 'warn', msg: 'input refused', input: 'mqtt' }]);
  },
);

test.skipIf(whyNot !== null)(
  '[TR21] a token that comes in clear over the network is told of and counted',
  async () => {
    const plain = await shell(
      'dan',
      `mosquitto_pub -h ${addressOf('ann')} -u bed1 -P ${token} -q 1 -t bed1/clear -m 1`,
    );

    expect(plain.code).toBe(0);
    expect(await ann.counter('tokens_in_clear_total')).toBe(1);
    expect(ann.lines.filter(({ msg }) => msg.startsWith('a token came'))).toMatchObject([
      { level: 'warn', device: 'bed1', listener: 'mqtt', from: addressOf('dan') },
    ]);
  },
);

function own(id: string): readonly string[] {
  return ['--node-id', id, '--data-dir', site.directory];
}

function file(name: string): string {
  return join(site.directory, name);
}

function addressOf(host: string): string {
  return hosts?.addressOf(host) ?? '';
}

function started(id: string, environment: Environment): Promise<SiteNode> {
  return site.start(id, [], { HOST: '0.0.0.0', MQTT_PORT, ANONYMOUS_WRITE: 'loopback', ...environment });
}

/** What `sensorium invite` says is to be typed. */
async function invited(): Promise<readonly string[]> {
  const { out } = await said('ann', 'invite', ...own('ann'));
  return /^ {2}sensorium (join \S+ \S+)$/m.exec(out)?.[1]?.split(' ') ?? [];
}

/** What stands below a heading of `sensorium device add`. */
function snippetIn(out: string, heading: string): string {
  return new RegExp(`^# ${heading}[^\\n]*\\n([\\s\\S]*?)\\n\\n`, 'm').exec(out)?.[1] ?? '';
}

/** Shows on dan what comes to cat, over https. */
function follow(): void {
  const node = `https://${addressOf('cat')}:${cat.ports.apiPort}`;
  const child = program(['tail', '--node', node], { SENSORIUM_CA: file('site-ca.pem') }, wrapperOf('dan'));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    tail += text;
  });
  running.push(child);
}

async function said(host: string, ...args: readonly string[]): Promise<Ran> {
  const ran = await onHost(host, args);
  if (ran.code !== 0) throw new Error(`${args.join(' ')} ended with ${ran.code}: ${ran.err}`);
  return ran;
}

function onHost(host: string, args: readonly string[], environment: Environment = {}): Promise<Ran> {
  return ended(program(args, environment, wrapperOf(host)));
}

function shell(host: string, script: string): Promise<Ran> {
  const [command = '', ...rest] = [...wrapperOf(host), 'bash', '-c', script];
  return ended(spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function wrapperOf(host: string): readonly string[] {
  return hosts?.places.get(host)?.wrapper ?? [];
}
