// The commands that the README tells to point at a node, word for word but for the ports.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { ended, has } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

/** What the output of each must show, in the README's order; empty for those that say nothing. */
const SHOWN = ['"accepted":1', '', '', '20.5', '"last":21.5', 'sensor="weather/place=roof",field="humidity"'];

const site = new Site();
let ann: SiteNode;
let mqttPort = 0;

beforeAll(async () => {
  [mqttPort = 0] = await freePorts(1);
  ann = await site.start('ann', [], { MQTT_PORT: String(mqttPort) });
});
afterAll(() => site.stop());

test('[WS20] each line of the README that points something at a node does what it says', async (context) => {
  for (const tool of ['curl', 'mosquitto_pub', 'mosquitto_sub']) {
    if (!has(tool)) context.skip(`no program \`${tool}\``);
  }
  const lines = linesUnder('### Point what you have at it');

  expect(lines).toHaveLength(SHOWN.length);
  for (const [at, line] of lines.entries()) {
    const ran = await until(
      line,
      () => ended(spawn('bash', ['-c', withPorts(line)], { stdio: ['ignore', 'pipe', 'pipe'] })),
      // What was stored a moment ago may not have its place in the history yet.
      ({ code, out }) => code === 0 && out.includes(SHOWN[at] ?? ''),
    );
    expect(ran.code, line).toBe(0);
  }
});

function linesUnder(heading: string): readonly string[] {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = readme.slice(readme.indexOf(`${heading}\n`));
  const block = /```\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  return block.split('\n').filter((line) => line !== '');
}

function withPorts(line: string): string {
  const { apiPort, ingestPort } = ann.ports;
  return line
    .replace(':8086', `:${ingestPort}`)
    .replace(':10000', `:${apiPort}`)
    .replace('-p 1883', `-p ${mqttPort}`);
}
