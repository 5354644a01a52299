import { beforeEach, expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import type { PeerId } from '../model/ids.ts';
import type { Credentials } from './credentials.ts';
import { parseSpec, type Role } from './device.ts';
import type { Added } from './devices.ts';
import type { Anonymous, From } from './gate.ts';
import { gateOf } from './testing.ts';

const HERE: From = { address: '127.0.0.1', origin: undefined };
const MAPPED: From = { address: '::ffff:127.0.0.1', origin: undefined };
const AWAY: From = { address: '10.0.0.7', origin: undefined };
const OWN_PAGE: From = { address: '::1', origin: 'http://localhost:8000' };
const FOREIGN_PAGE: From = { address: '127.0.0.1', origin: 'https://example.com' };
const SANDBOX: From = { address: '127.0.0.1', origin: 'null' };

let hub: MemoryHub;
beforeEach(() => {
  hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => 1_700_000_000_000, changesKept: 16 });
});

test.each([
  ['loopback', [true, true, false, true, false, false]],
  ['all', [true, true, true, true, true, true]],
  ['none', [false, false, false, false, false, false]],
] as const)('[AC10] without a token, %s lets in who it says', (anonymous: Anonymous, expected) => {
  const gate = gateOf(hub, anonymous);

  const entered = [HERE, MAPPED, AWAY, OWN_PAGE, FOREIGN_PAGE, SANDBOX].map((from) =>
    gate.enter('mqtt', null, from),
  );

  expect(entered.map(({ ok }) => ok)).toEqual(expected);
  for (const one of entered) if (!one.ok) expect(one.problem.code).toBe('unauthorized');
});

test('[AC3] who shows a token is let in as its device from anywhere, and not at all when it is not known', async () => {
  const gate = gateOf(hub, 'loopback');
  const shown = await added(gate, 'bed1', 'device');

  const entered = gate.enter('ingest', shown, AWAY);
  const stranger = gate.enter('ingest', { ...shown, token: shown.token.replace(/.$/, '!') }, HERE);
  await gate.devices.remove('bed1', 'kim');
  const removed = gate.enter('ingest', shown, HERE);

  expect(entered.ok && entered.value.device?.name).toBe('bed1');
  expect([stranger.ok, removed.ok]).toEqual([false, false]);
});

test('[AC11] a reader reads all, metrics what Prometheus reads, a device nothing; a reader writes nothing', async () => {
  const gate = gateOf(hub, 'loopback');
  const reader = await added(gate, 'grafana', 'reader');
  const metrics = await added(gate, 'prometheus', 'metrics');
  const device = await added(gate, 'bed1', 'device');
  const codes = (path: string) =>
    [reader, metrics, device, null].map((shown) => {
      const read = gate.read(path, shown, AWAY);
      return read.ok ? 'ok' : read.problem.code;
    });

  expect(codes('/api/v1/latest')).toEqual(['ok', 'forbidden', 'forbidden', 'unauthorized']);
  expect(codes('/metrics')).toEqual(['ok', 'ok', 'forbidden', 'unauthorized']);
  expect(codes('/metrics/sensors')).toEqual(['ok', 'ok', 'forbidden', 'unauthorized']);
  expect(codes('/metricsx')).toEqual(['ok', 'forbidden', 'forbidden', 'unauthorized']);
  expect(codes('/healthz')).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(gate.enter('mqtt', reader, HERE)).toMatchObject({ ok: false, problem: { code: 'forbidden' } });
});

test('[AC6] what a device has used counts for all its connections', async () => {
  const gate = gateOf(hub, 'none');
  const shown = await added(gate, 'bed1', 'device');

  const [first, second] = [gate.enter('mqtt', shown, AWAY), gate.enter('ingest', shown, AWAY)];

  expect(first.ok && first.value.take(1, 60)).toBeNull();
  expect(second.ok && second.value.take(1, 60)).toMatchObject({ bound: 'quota' });
});

test('[AC17] a token that has expired lets nobody in and says since when, and who is connected is ended once', async () => {
  const gate = gateOf(hub, 'all');
  const spec = parseSpec({ name: 'bed1', expiresMs: Date.now() + 3_600_000 });
  const over = parseSpec({ name: 'bed2', expiresMs: Date.UTC(2020, 0) });
  if (!spec.ok || !over.ok) throw new Error('a spec');
  const [good, expired] = [
    await gate.devices.add(spec.value, 'kim'),
    await gate.devices.add(over.value, 'kim'),
  ];
  if (!good.ok || !expired.ok) throw new Error('added');
  const ended: string[] = [];
  gate.devices.onRevoked((id) => ended.push(id));
  const enter = ({ device, token }: Added) =>
    gate.enter('mqtt', { id: device.id, token, name: device.name }, HERE);

  const entered = [enter(good.value), enter(expired.value)];
  gate.devices.expire(Date.now());
  gate.devices.expire(Date.now());

  expect(entered[0]?.ok).toBe(true);
  expect(entered[1]).toMatchObject({
    ok: false,
    problem: { code: 'unauthorized', detail: expect.stringContaining('expired at 2020-01-01') },
  });
  expect(ended).toEqual([expired.value.device.id]);
});

async function added(gate: ReturnType<typeof gateOf>, name: string, role: Role): Promise<Credentials> {
  const spec = parseSpec({ name, role, bytesPerDay: 100 });
  if (!spec.ok) throw new Error(spec.problem);
  const result = await gate.devices.add(spec.value, 'kim');
  if (!result.ok) throw new Error(result.problem);
  return { id: result.value.device.id, token: result.value.token, name: null };
}
