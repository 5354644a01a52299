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

test('[CT4] transfer, leave and remove are asked of the group, and what it answers is passed on', async () => {
  const done = [
    await ask({ act: 'transfer', to: 'bob' as PeerId }),
    await ask({ act: 'remove', peer: 'cat' as PeerId }),
    await ask({ act: 'leave' }),
  ];
  hub.history.refusal = 'ann does not lead';
  const refused = await ask({ act: 'transfer', to: 'bob' as PeerId });

  expect(done).toEqual(['transfer', 'remove', 'leave'].map((act) => ({ ok: true, done: act })));
  expect(hub.history.commands).toEqual([
    { kind: 'transfer', to: 'bob' },
    { kind: 'remove', peer: 'cat' },
    { kind: 'leave' },
  ]);
  expect(refused).toEqual({ ok: false, problem: 'ann does not lead' });
});

test('[CT5] a node is cut off from others only where it was started to be drilled', async () => {
  const cuts: (readonly PeerId[])[] = [];
  const path = join(directory, 'drilled.sock');
  const drilled = await ControlServer.start(hub, recordingLog(), path, { cut: (peers) => cuts.push(peers) });

  const taken = await askNode(path, { act: 'cut', peers: ['bob' as PeerId] });
  const refused = await ask({ act: 'cut', peers: [] });
  await drilled.stop();

  expect(taken).toEqual({ ok: true, done: 'cut' });
  expect(cuts).toEqual([['bob']]);
  expect(refused).toEqual({ ok: false, problem: 'this node takes no part in drills' });
});

test('[CT6] a node is made to send later only where it was started to be drilled', async () => {
  const delays: number[] = [];
  const path = join(directory, 'drilled.sock');
  const slow = (delayMs: number) => delays.push(delayMs);
  const drilled = await ControlServer.start(hub, recordingLog(), path, { slow });

  const taken = await askNode(path, { act: 'slow', delayMs: 250 });
  const tooMuch = await askNode(path, { act: 'slow', delayMs: 10_001 });
  const refused = await ask({ act: 'slow', delayMs: 250 });
  await drilled.stop();

  expect(taken).toEqual({ ok: true, done: 'slow' });
  expect(delays).toEqual([250]);
  expect(tooMuch).toEqual({ ok: false, problem: '"delayMs" is a number from 0 to 10000' });
  expect(refused).toEqual({ ok: false, problem: 'this node takes no part in drills' });
});

test('[CT3] a node id that is none is refused', async () => {
  expect(await ask({ act: 'remove', peer: 'No Node' as PeerId })).toMatchObject({
    ok: false,
    problem: expect.stringContaining('a node id is'),
  });
});

test('[CT3] nonsense is answered with what is allowed, and the next request is served', async () => {
  const lines = await exchange('nonsense\n{"act":"fly"}\n{"act":"forget","sensors":[]}\n', 3);

  expect(lines[0]).toContain('a request is one line of JSON');
  expect(lines[1]).toContain('the acts are');
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
