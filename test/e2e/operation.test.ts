// The commands of those who run a site, beside a site that runs.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flagOf } from '../../src/config/option.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { ERROR_CODES } from '../../src/wire/messages.ts';
import { ended, has, run } from './run.ts';
import { PROGRAM, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PLANTED = 'pl4nted-s3cret-of-the-site';

const site = new Site();
const scratch = mkdtempSync(join(tmpdir(), 'sensorium-operation-'));
const options = join(scratch, 'node.env');
const log = join(scratch, 'node.log');
let ann: SiteNode;
let bob: SiteNode;
let stopBobs = async () => {};

beforeAll(async () => {
  writeFileSync(options, 'LOG_LEVEL=INFO\nZONE=a\n');
  ann = await site.start('ann', ['bob'], { LOG_FILE: log });
  const bobs = new Site(new Map(), ['--env-file', options]);
  stopBobs = () => bobs.stop();
  const shared = { SITE: site.name, BOOTSTRAP_PEERS: `127.0.0.1:${ann.ports.port}`, EXPECT_NODES: '2' };
  bob = await bobs.start('bob', [], shared);
  await ann.write({ sensor: 'hall/secret-reading', value: 987_654 });
  await until(
    'there is a quorum',
    () => view(ann),
    ({ quorum }) => quorum,
  );
});
afterAll(async () => {
  await site.stop();
  await stopBobs();
  rmSync(scratch, { recursive: true, force: true });
});

test('[OP1] config check and show say what a node would make of its options, with secrets masked', async () => {
  const secret = { MQTT_BRIDGE_URL: `mqtt://ann:${PLANTED}@localhost:1883` };
  const [fine, wrong, shown, json] = await Promise.all([
    run(['config', 'check', '--port', '9100'], secret),
    run(['config', 'check', '--prot', '9100', '--phi-threshold-dead', 'x']),
    run(['config', 'show', '--env-file', options], secret),
    run(['config', 'show', '--json', '--port', '9100']),
  ]);

  expect([fine.code, wrong.code, shown.code, json.code]).toEqual([0, 2, 0, 0]);
  expect(fine.out).toMatch(/^ok: \d+ options make sense together$/m);
  expect(wrong.err).toContain('did you mean --port?');
  expect(wrong.err).toContain('PHI_THRESHOLD_DEAD');
  expect(shown.out).toMatch(/^ZONE = a .*node\.env:2/m);
  expect(shown.out + fine.out).not.toContain(PLANTED);
  expect(JSON.parse(json.out)).toContainEqual({ name: 'PORT', text: '9100', from: 'flag --port' });
});

test('[OP2] SIGHUP takes up what can be, names what waits, and changes nothing over a mistake', async () => {
  const heard = (taken: string, waiting: string) => (lines: readonly object[]) =>
    lines.some((line) => isLike(line, { msg: 'configuration read again', taken, after_a_restart: waiting }));

  writeFileSync(options, 'LOG_LEVEL=ERROR\nZONE=b\n');
  process.kill(bob.pid, 'SIGHUP');
  await until('it is taken up', () => bob.lines, heard('LOG_LEVEL', 'ZONE'));
  writeFileSync(options, 'LOG_LEVEL=LOUD\n');
  process.kill(bob.pid, 'SIGHUP');
  await until(
    'the mistake is told',
    () => bob.lines,
    (lines) => lines.some(({ problem }) => String(problem).includes('LOG_LEVEL = "LOUD"')),
  );
  writeFileSync(options, 'LOG_LEVEL=INFO\nZONE=a\n');
  process.kill(bob.pid, 'SIGHUP');
  await until('it is as it was', () => bob.lines, heard('LOG_LEVEL', ''));

  expect(bob.child.exitCode).toBeNull();
});

test('[HO12] SIGHUP goes on in a log file of that name after another program has moved it', async () => {
  renameSync(log, `${log}.moved`);

  process.kill(ann.pid, 'SIGHUP');

  await until(
    'it is there again',
    () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    (text) => text.includes('configuration read again'),
  );
  expect(readFileSync(`${log}.moved`, 'utf8')).toContain('"msg":"ready"');
});

test('[OP3] [OP4] status and top show the site as one node sees it, on a pipe and in a terminal', async (context) => {
  const at = ['--node', ann.url()];
  const [status, once, lines, nobody] = await Promise.all([
    run(['status', ...at]),
    run(['top', ...at]),
    run(['top', '--json', '--count', '2', '--every', '0.2', ...at]),
    run(['top', '--node', 'http://127.0.0.1:1']),
  ]);

  expect(status.out).toMatch(/^(ann|bob) leads; \d+ readings committed, \d+ waiting here$/m);
  expect(once.out).toContain('2 of 2 nodes alive');
  expect(once.out).toMatch(/bob\s+alive\s+(leader|voter)/);
  expect(once.out).toContain('hall/secret-reading');
  const [first, second] = lines.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({ sensors: 1, rates: null });
  expect(second).toMatchObject({ sensors: 1, rates: { committed_per_s: expect.any(Number) } });
  expect([nobody.code, nobody.err]).toEqual([1, 'sensorium: no node answers at http://127.0.0.1:1\n']);

  if (!has('script')) context.skip('no program `script`, which makes a terminal');
  const command = `${process.execPath} ${PROGRAM} top --count 2 --every 0.2 ${at.join(' ')}`;
  const terminal = await ended(
    spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  expect(terminal.out).toContain('\u001b[?1049h');
  expect(terminal.out).toContain('leader');
  expect(terminal.out.trimEnd().endsWith('\u001b[?1049l')).toBe(true);
});

test('[OP5] doctor is content with a site that is well, and says of one that is not what is wrong and what to do', async () => {
  const taken = createServer();
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const [free = 0, api = 0, ingest = 0] = await freePorts(3);
  const own = { SITE: site.name, NODE_ID: 'ann', DATA_DIR: site.directory, DISCOVERY: 'off', MQTT_PORT: '0' };

  const [well, ill, json] = await Promise.all([
    run(['doctor', '--port', String(ann.ports.port), '--web-api-port', String(ann.ports.apiPort)], own),
    run(['doctor', '--port', String(port), '--web-api-port', String(api), '--ingest-port', String(ingest)], {
      ...own,
      BOOTSTRAP_PEERS: `127.0.0.1:${free},no-such-host.invalid:9000`,
    }),
    run(
      ['doctor', '--json', '--node', bob.url(), '--port', String(free), '--web-api-port', String(api)],
      own,
    ),
  ]);
  taken.close();

  expect(well.code, well.out).toBe(0);
  expect(well.out).toMatch(/ok +ports +in use by ann, which runs/);
  expect(well.out).toMatch(/ok +quorum/);
  expect(well.out).toContain(', 0 wrong');
  expect(ill.code).toBe(1);
  expect(ill.out).toMatch(new RegExp(`WRONG +ports +PORT ${port} cannot be used at 127.0.0.1: EADDRINUSE`));
  expect(ill.out).toMatch(
    /WRONG +seed +no-such-host.invalid:9000 has no address here\n +Correct BOOTSTRAP_PEERS/,
  );
  expect(ill.out).toMatch(new RegExp(`note +seed +127.0.0.1:${free} does not answer: ECONNREFUSED`));
  expect(ill.out).toMatch(/note +node +none answers/);
  expect(JSON.parse(json.out)).toContainEqual(expect.objectContaining({ about: 'members', state: 'fine' }));
});

test('[OP6] bundle has what helps and no secret, whatever form it takes, and no reading', async () => {
  const file = join(scratch, 'bundle.tar.gz');
  const planted = join(scratch, 'planted.log');
  writeFileSync(
    planted,
    `{"msg":"bridge lost","url":"mqtt://ann:${PLANTED}@h","key":"${PLANTED}"}\npassword=${PLANTED}\n`,
  );
  const environment = {
    MQTT_BRIDGE_URL: `mqtt://ann:${PLANTED}@localhost:1883`,
    CLUSTER_KEY: PLANTED,
    LOG_FILE: planted,
    DATA_DIR: site.directory,
    DISCOVERY: 'off',
  };

  const { code, out, err } = await run(['bundle', '--out', file, '--node', ann.url()], environment);
  const listed = spawnSync('tar', ['-tzf', file], { encoding: 'utf8' });
  const texts = spawnSync('tar', ['-xzOf', file], { encoding: 'utf8', maxBuffer: 64_000_000 }).stdout;

  expect([code, err, out]).toEqual([0, '', `${file}\n`]);
  expect(listed.status).toBe(0);
  const names = [
    'about.json',
    'config.txt',
    'doctor.txt',
    'files.txt',
    'log.txt',
    'node/members.json',
    'node/metrics.txt',
  ];
  for (const name of names) expect(listed.stdout).toContain(`sensorium-bundle/${name}\n`);
  expect(texts).toContain('bridge lost');
  expect(texts).toContain('"ann"');
  expect(texts).toContain('MQTT_BRIDGE_URL = ********');
  expect(texts).not.toContain(PLANTED);
  expect(texts).not.toContain('987654');
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('[OP7] the completion of bash completes commands, what follows them, and options of a node', async () => {
  const { out } = await run(['completion', 'bash']);
  const script = join(scratch, 'completion.bash');
  writeFileSync(script, out);
  const completed = (...words: readonly string[]) => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const asked = `. '${script}'; COMP_WORDS=(sensorium ${line}); COMP_CWORD=${words.length}; _sensorium; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', asked], { encoding: 'utf8' }).stdout.trim().split(' ');
  };
  const [zsh, fish, other] = await Promise.all([
    run(['completion', 'zsh']),
    run(['completion', 'fish']),
    run(['completion', 'tcsh']),
  ]);

  expect(completed('dem')).toEqual(['demo']);
  expect(completed('order', 't')).toEqual(['transfer']);
  expect(completed('drill', 'pa')).toEqual(['pause-leader', 'partition']);
  expect(completed('node', '--gossip-sync')).toEqual(['--gossip-sync-interval-ms']);
  expect(completed('config', 'check', '--por')).toEqual(['--port']);
  for (const { out: text } of [zsh, fish]) expect(text).toContain('gossip-sync-interval-ms');
  expect(other.code).toBe(2);
});

test('[OP8] the manual page names every command and option, and is a page that man shows without a complaint', async (context) => {
  const [{ out: page }, { out: help }] = await Promise.all([run(['man']), run(['--help'])]);
  const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '');

  expect(commands.length).toBeGreaterThan(15);
  for (const name of commands.filter((name) => name !== 'help')) expect(page).toContain(`sensorium ${name}`);
  for (const { name } of Object.values(OPTIONS)) expect(page).toContain(flagOf(name).replaceAll('-', '\\-'));
  if (!has('groff')) context.skip('no program `groff`');
  const shown = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' });
  expect([shown.status, shown.stderr]).toEqual([0, '']);
});

test('[OP9] service install writes a unit that systemd understands, and keeps the options that are there', async () => {
  const root = join(scratch, 'root');

  const first = await run(['service', 'install', '--root', root]);
  const envFile = join(root, 'etc/sensorium/sensorium.env');
  writeFileSync(envFile, 'SITE=mine\n');
  const second = await run(['service', 'install', '--root', root, '--user', 'sensor']);
  const unit = readFileSync(join(root, 'etc/systemd/system/sensorium.service'), 'utf8');

  expect([first.code, second.code]).toEqual([0, 0]);
  expect(readFileSync(envFile, 'utf8')).toBe('SITE=mine\n');
  for (const line of ['Type=notify', 'WatchdogSec=30', 'User=sensor', 'RestartPreventExitStatus=2']) {
    expect(unit.split('\n')).toContain(line);
  }
  if (!has('systemd-analyze')) return;
  const verified = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', join(root, 'etc/systemd/system/sensorium.service')],
    {
      encoding: 'utf8',
    },
  );
  expect(verified.stderr).not.toMatch(/Unknown|Failed to parse|Invalid/);
});

test('[OP9] a node tells systemd that it is ready, that it lives, and that it stops', async (context) => {
  for (const tool of ['systemd-notify', 'python3']) if (!has(tool)) context.skip(`no program \`${tool}\``);
  const socket = join(scratch, 'notify');
  const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  createInterface({ input: listener.stdout }).on('line', (line) => said.push(line));
  await until(
    'it listens',
    () => existsSync(socket),
    (there) => there,
  );

  const cat = await site.start('cat', [], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' });
  await until(
    'ready',
    () => said,
    (lines) => lines.includes('READY=1'),
  );
  await until(
    'it lives',
    () => said.filter((line) => line === 'WATCHDOG=1').length,
    (times) => times > 1,
  );
  await cat.kill('SIGTERM');
  await until(
    'it stops',
    () => said,
    (lines) => lines.includes('STOPPING=1'),
  );
  listener.kill();

  expect(said.indexOf('READY=1')).toBeLessThan(said.indexOf('WATCHDOG=1'));
});

test('[OP11] simulate --like asks a node that runs how large its site is, and compares with another knob', async () => {
  const args = [
    'simulate',
    '--like',
    ann.url(),
    '--set',
    'HEARTBEAT_INTERVAL_MS=2000',
    '--seeds',
    '1',
    '--json',
  ];
  const [{ code, out, err }, wrong] = await Promise.all([
    run(args),
    run(['simulate', '--like', join(scratch, 'none')]),
  ]);

  expect([code, err]).toEqual([0, '']);
  const [asItIs, slower] = JSON.parse(out);
  expect(asItIs).toMatchObject({ nodes: 2, set: [] });
  expect(slower).toMatchObject({ nodes: 2, set: ['HEARTBEAT_INTERVAL_MS=2000'] });
  expect(medianOf(slower, 'and dead at all')).toBeGreaterThan(medianOf(asItIs, 'and dead at all'));
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('one of base, 6, 12, demo');
});

test('[OP10] every code a peer answers with is explained to operators', () => {
  const page = readFileSync(join(ROOT, 'docs/OPERATING.md'), 'utf8');
  const section = page.slice(page.indexOf('## What peers refuse'));

  const explained = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);

  expect(explained).toEqual([...ERROR_CODES]);
});

/** Prints each line of each datagram that comes in. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    for line in s.recv(65536).decode().splitlines():
        print(line, flush=True)
`;

function medianOf(site: { forecast: { what: string; median: number }[] }, what: string): number {
  return site.forecast.find((one) => one.what === what)?.median ?? Number.NaN;
}

function view(node: SiteNode): Promise<{ readonly quorum: boolean }> {
  return node.get('/api/v1/view');
}

function isLike(line: object, wanted: { readonly [field: string]: string }): boolean {
  const fields = new Map<string, unknown>(Object.entries(line));
  return Object.entries(wanted).every(([field, value]) => fields.get(field) === value);
}
