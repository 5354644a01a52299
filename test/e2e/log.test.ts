import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ended, has } from './run.ts';
import { allAlive, PROGRAM, Site } from './site.ts';
import type { LogLine } from './site-node.ts';
import { until } from './until.ts';

const site = new Site();
afterAll(() => site.stop());

test('[HO6] with LOG_LEVEL=DEMO a node tells the story of its cluster and nothing else', async () => {
  const ann = await site.start('ann', [], { LOG_LEVEL: 'DEMO' });
  const bob = await site.start('bob', ['ann']);
  await ann.write({ sensor: 'door', value: 1 });
  await allAlive([ann, bob]);
  await bob.kill('SIGTERM');

  await until(
    'ann says so',
    () => ann.lines,
    (lines) => lines.some(({ msg }) => msg === 'bob is left'),
  );

  const said = ann.lines.map(({ msg }) => msg);
  expect(said[0]).toBe('ready');
  expect(said).toContain('bob joined');
  expect(said).not.toContain('read API listening');
  await ann.kill();
});

test('[HO7] on a pipe each line is JSON with level, time and node, and LOG_FILE gets the same', async () => {
  const file = join(site.directory, 'cat.log');
  writeFileSync(file, 'of an earlier life\n');

  const cat = await site.start('cat', [], { LOG_FILE: file });
  await cat.kill('SIGTERM');
  const kept = readFileSync(file, 'utf8').trim().split('\n');
  const again = await site.start('cat', [], { LOG_FILE: file, CLEAR_LOG: 'true' });
  await again.kill('SIGTERM');
  const cleared = readFileSync(file, 'utf8').trim().split('\n');

  expect(kept[0]).toBe('of an earlier life');
  expect(kept.slice(1).map((line) => JSON.parse(line) as LogLine)).toEqual(cat.lines);
  for (const line of cat.lines) {
    expect(line).toMatchObject({ level: expect.any(String), node: 'cat', time: expect.any(String) });
  }
  expect(cleared.map((line) => JSON.parse(line) as LogLine)).toEqual(again.lines);
});

test('[HO7] on a terminal a line is text', async (context) => {
  if (!has('script')) context.skip('no program `script`, which makes a terminal');
  const { port, apiPort, ingestPort } = await site.portsOf('dan');
  const command = [process.execPath, PROGRAM, 'node', '--port', `${port}`, '--web-api-port', `${apiPort}`];
  const flags = [
    '--ingest-port',
    `${ingestPort}`,
    '--mqtt-port',
    '0',
    '--node-id',
    'dan',
    '--data-dir',
    site.directory,
    '--no-discovery',
  ];
  const terminal = spawn('script', ['-qec', [...command, ...flags].join(' '), '/dev/null'], {
    env: { PATH: process.env.PATH, TERM: 'xterm', SITE: site.name },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  context.onTestFinished(() => void terminal.kill());
  let out = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const end = ended(terminal);

  await until(
    'it is ready',
    () => out,
    (text) => text.includes('ready'),
  );
  // Ctrl-C, as a person types it.
  terminal.stdin.write('\u0003');

  await end;
  expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}dan {2}ready port=\d+/m);
  expect(out).not.toContain('{"level"');
});
