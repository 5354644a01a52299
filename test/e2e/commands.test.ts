import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './run.ts';
import { program, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
  await ann.write({ sensor: 'hall/temperature', value: 21.5, unit: 'Cel' });
  await bob.write({ sensor: 'hall/door', value: { open: true, by: 'cat' } });
  await until(
    'both have both',
    () => Promise.all([ann.state(), bob.state()]),
    (states) => states.every((state) => Object.keys(state).length === 2),
  );
});
afterAll(() => site.stop());

test('[CL1] help and version end with 0, wrong words with 2 and one line that says what is allowed', async () => {
  const [help, version, command, option, nodes, topology, extra] = await Promise.all(
    [
      ['--help'],
      ['--version'],
      ['fly'],
      ['status', '--fast'],
      ['demo', '--nodes', '99'],
      ['cluster', '7'],
      ['node', '--no-such-option', '1'],
    ].map((args) => run(args)),
  );

  expect([help?.code, version?.code]).toEqual([0, 0]);
  expect(help?.out).toContain('demo');
  expect(version?.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect([command, option, nodes, topology, extra].map((ran) => ran?.code)).toEqual([2, 2, 2, 2, 2]);
  expect(command?.err).toContain("unknown command 'fly'");
  expect(option?.err).toContain("unknown option '--fast'");
  expect(nodes?.err).toContain('a whole number from 1 to 32');
  expect(topology?.err).toContain('base, 6, 12, demo');
  expect(extra?.err).toContain('--no-such-option');
  for (const ran of [command, option, nodes, topology, extra]) {
    expect(ran?.err.trim().split('\n')).toHaveLength(1);
    expect(ran?.out).toBe('');
  }
});

test('[CL2] --print-config shows each value and where it came from, and starts nothing', async () => {
  const dataDir = join(site.directory, 'never');

  const { code, out, err } = await run(['node', '--print-config', '--web-api-port', '7777'], {
    DATA_DIR: dataDir,
    PORT: '7000',
  });

  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^PORT\s.*7000.*environment/m);
  expect(out).toMatch(/^WEB_API_PORT\s.*7777.*--web-api-port/m);
  expect(out).toMatch(/^HEARTBEAT_INTERVAL_MS\s.*1000.*default/m);
  expect(existsSync(dataDir)).toBe(false);
});

test('[CL4] status, get and members show what a node knows, as text or as JSON', async () => {
  const at = ['--node', ann.url()];
  const [status, statusJson, value, all, allJson, members, membersJson] = await Promise.all(
    [
      ['status'],
      ['status', '--json'],
      ['get', 'hall/temperature'],
      ['get', 'hall/#'],
      ['get', 'hall/+', '--json'],
      ['members'],
      ['members', '--json'],
    ].map((args) => run([...args, ...at])),
  );

  expect(status?.out).toContain('ann: 2 of 2 nodes alive, 0 suspected, 0 dead; 2 sensors, 0 stale');
  expect(JSON.parse(statusJson?.out ?? '')).toMatchObject({ node: 'ann', members: 2, alive: 2, sensors: 2 });
  expect(value?.out).toBe('21.5 Cel\n');
  expect(all?.out).toMatch(/hall\/door\s+open=true by=cat\s+bob/);
  expect(JSON.parse(allJson?.out ?? '')).toMatchObject([
    { sensor: 'hall/door' },
    { sensor: 'hall/temperature' },
  ]);
  expect(members?.out).toMatch(/^ann \*\s+alive/m);
  expect(members?.out).toContain(`127.0.0.1:${bob.ports.port}`);
  expect(JSON.parse(membersJson?.out ?? '')).toMatchObject([{ id: 'ann', self: true }, { id: 'bob' }]);
});

test('[CL4] what cannot be asked is one line and code 1: no node there, no such sensor, a wrong address', async () => {
  const [nobody, unknown, wrong] = await Promise.all([
    run(['status', '--node', 'http://127.0.0.1:1']),
    run(['get', 'attic', '--node', ann.url()]),
    run(['members', '--node', 'ann']),
  ]);

  expect([nobody.code, unknown.code, wrong.code]).toEqual([1, 1, 2]);
  expect(nobody.err).toBe('sensorium: no node answers at http://127.0.0.1:1\n');
  expect(unknown.err).toBe('sensorium: no such sensor here: "attic"\n');
  expect(wrong.err).toContain('--node is a URL like http://127.0.0.1:10000');
});

test.each([[[]], [['--json']]])('[CL4] tail shows each change as it arrives, %j', async (flags) => {
  const tail = program(['tail', '--match', 'roof/#', '--node', bob.url(), ...flags]);
  const lines: string[] = [];
  if (tail.stdout) createInterface({ input: tail.stdout }).on('line', (line) => lines.push(line));
  let value = 0;

  await until(
    'it shows one',
    async () => {
      await ann.write({ sensor: 'roof/wind', value: ++value, unit: 'm/s' });
      await ann.write({ sensor: 'cellar/damp', value });
      return lines.length;
    },
    (count) => count > 1,
  );
  tail.kill();

  for (const line of lines) {
    if (flags.length > 0) expect(JSON.parse(line)).toMatchObject({ sensor: 'roof/wind', origin: 'ann' });
    else expect(line).toMatch(/^\d{4}-\d\d-\d\dT\S+ {2}ann:roof\/wind {2}\d+ m\/s$/);
  }
});

test('[CL5] forget hides a sensor at every node until it speaks again, and needs a node of this machine', async () => {
  const here = ['--data-dir', site.directory];
  await ann.write({ sensor: 'shed/lamp', value: true });
  await until(
    'bob shows it',
    () => bob.state(),
    (state) => 'ann:shed/lamp' in state,
  );

  const several = await run(['forget', 'shed/lamp', ...here]);
  const unknown = await run(['forget', 'attic', ...here, '--node-id', 'bob']);
  const forgotten = await run(['forget', 'shed/lamp', 'attic', ...here, '--node-id', 'bob']);
  await until(
    'ann hides it',
    () => ann.state(),
    (state) => !('ann:shed/lamp' in state),
  );
  await ann.write({ sensor: 'shed/lamp', value: false });
  await until(
    'bob shows it again',
    () => bob.state(),
    (state) => state['ann:shed/lamp']?.value === false,
  );
  const json = await run(['forget', 'shed/lamp', ...here, '--node-id', 'ann', '--json']);
  const nobody = await run(['forget', 'shed/lamp', '--data-dir', join(site.directory, 'nowhere')]);

  expect([several.code, unknown.code, forgotten.code, json.code, nobody.code]).toEqual([2, 1, 0, 0, 2]);
  expect(several.err).toContain('give --node-id, one of ann, bob');
  expect(unknown.err).toBe('sensorium: no such sensor here: "attic"\n');
  expect(forgotten.out).toBe('forgotten: shed/lamp\nnot known here: attic\n');
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, forgotten: ['shed/lamp'] });
  expect(nobody.err).toContain('no running node keeps its data in');
});

test('[CL9] what somebody else wrote cannot move the cursor of a terminal, nor turn its text round', async () => {
  await ann.write({ sensor: 'cellar/note', value: 'a\u001b[2Jb\u009bc\u202ed', unit: '\u2067x' });

  const { out } = await run(['get', 'cellar/note', '--node', ann.url()]);

  expect(out).toBe('a?[2Jb?c?d ?x\n');
});
