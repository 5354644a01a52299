import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { recordingLog } from '../kit/testing.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { askNode } from './control-client.ts';
import { ControlServer } from './control-server.ts';

const KITCHEN = 'kitchen' as SensorId;
let directory: string;
let hub: MemoryHub;
let control: ControlServer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sensorium-'));
  hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => 1_700_000_000_000, changesKept: 16 });
  writeFileSync(join(directory, 'control.sock'), 'left behind');
  control = await ControlServer.start(hub, recordingLog(), join(directory, 'control.sock'));
});

afterEach(async () => {
  await control.stop();
  rmSync(directory, { recursive: true });
});

test('[CT1] the control socket is open to its own user alone', () => {
  expect(statSync(join(directory, 'control.sock')).mode & 0o777).toBe(0o600);
});

test('[CT2] forget hides a sensor and says which of the named ones it did not know', async () => {
  await hub.submit([{ sensor: KITCHEN, value: 21 }], 'stored');

  const answer = await ask({ act: 'forget', sensors: [KITCHEN, 'attic' as SensorId] });

  expect(answer).toMatchObject({ ok: true, forgotten: [KITCHEN], unknown: ['attic'] });
  expect(hub.latestOf(KITCHEN)).toBeNull();
});

test('[CT2] forgetting only what is unknown is refused and changes nothing', async () => {
  const answer = await ask({ act: 'forget', sensors: ['attic' as SensorId] });

  expect(answer).toEqual({ ok: false, problem: 'no such sensor here: "attic"' });
});

test('[CT3] nonsense is answered with what is allowed, and the next request is served', async () => {
  const lines = await exchange('nonsense\n{"act":"fly"}\n{"act":"forget","sensors":[]}\n', 3);

  expect(lines[0]).toContain('a request is one line of JSON');
  expect(lines[1]).toContain('the only act is');
  expect(lines[2]).toContain('lists 1 to');
});

test('[CT3] a request without an end is refused at its limit', async () => {
  const lines = await exchange('x'.repeat(3_000_000), 1);

  expect(lines[0]).toContain('a request has at most');
});

function ask(request: Parameters<typeof askNode>[1]) {
  return askNode(join(directory, 'control.sock'), request);
}

function exchange(text: string, answers: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(directory, 'control.sock'));
    let heard = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      heard += chunk;
      const lines = heard.split('\n').filter((line) => line !== '');
      if (lines.length < answers) return;
      socket.destroy();
      resolve(lines);
    });
    socket.write(text);
  });
}
