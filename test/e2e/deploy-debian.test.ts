// The Debian package, built, unpacked and started from where it was unpacked.

import { spawn, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { ended, has } from './run.ts';
import { until } from './until.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const scratch = mkdtempSync(join(tmpdir(), 'sensorium-debian-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('[DE4] the Debian package holds all it should, and what it installs starts, is ready and ends on SIGTERM', async (context) => {
  if (!has('dpkg-deb')) context.skip('no program `dpkg-deb`');
  const root = join(scratch, 'root');
  const told = spawnSync(process.execPath, ['scripts/package-deb.mjs', '--fast', '--out', scratch], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const file = told.stdout.trim();
  const field = (name: string) =>
    spawnSync('dpkg-deb', ['--field', file, name], { encoding: 'utf8' }).stdout.trim();

  expect([told.status, told.stderr]).toEqual([0, '']);
  expect(spawnSync('dpkg-deb', ['--extract', file, root]).status).toBe(0);
  expect(spawnSync('dpkg-deb', ['--control', file, join(scratch, 'control')]).status).toBe(0);
  expect(field('Package')).toBe('sensorium');
  expect(field('Depends')).toContain('nodejs (>= 20.19)');
  expect(lstatSync(join(root, 'usr/bin/sensorium')).isSymbolicLink()).toBe(true);
  expect(statSync(join(root, 'etc/sensorium/sensorium.env')).mode & 0o007).toBe(0);
  expect(readFileSync(join(root, 'lib/systemd/system/sensorium.service'), 'utf8')).toContain(
    'ExecStart=/usr/bin/sensorium node\n',
  );
  expect(gunzipSync(readFileSync(join(root, 'usr/share/man/man1/sensorium.1.gz'))).toString()).toContain(
    '.TH SENSORIUM',
  );
  for (const name of SCRIPTS) {
    expect(spawnSync('sh', ['-n', join(scratch, 'control', name)], { encoding: 'utf8' }).stderr).toBe('');
  }

  const [port = 0, apiPort = 0] = await freePorts(2);
  const { PATH, HOME } = process.env;
  const node = spawn(join(root, 'usr/bin/sensorium'), ['node', '--until-stdin-ends'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...{ PATH, HOME, NODE_ID: 'ann', DATA_DIR: join(scratch, 'data') },
      ...{ DISCOVERY: 'off', MQTT_PORT: '0', INGEST_PORT: '0' },
      ...{ PORT: String(port), WEB_API_PORT: String(apiPort) },
    },
  });
  const over = ended(node);
  await until(
    'it is ready',
    async () => (await fetch(`http://127.0.0.1:${apiPort}/readyz`)).status,
    (status) => status === 200,
  );
  node.kill('SIGTERM');

  expect((await over).code).toBe(0);
});
