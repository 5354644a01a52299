import { beforeEach, expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import type { PeerId } from '../model/ids.ts';
import { type Device, type DeviceSpec, deviceName, deviceOf, deviceValue, parseSpec } from './device.ts';
import { Devices } from './devices.ts';

let hub: MemoryHub;
let devices: Devices;

beforeEach(() => {
  hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => 1_700_000_000_000, changesKept: 16 });
  devices = new Devices(hub);
});

test('[AC2] a device is found by its token, under its own name or none, and by nothing else', async () => {
  const { device, token } = await added('bed1');
  const { token: other } = await added('bed2');
  const shown = (given: string, name: string | null) =>
    devices.find({ id: given.slice(4, 20), token: given, name })?.name ?? null;

  expect(shown(token, null)).toBe('bed1');
  expect(shown(token, 'bed1')).toBe('bed1');
  expect(shown(token, 'bed2')).toBeNull();
  expect(shown(`${token.slice(0, 21)}${other.slice(21)}`, null)).toBeNull();
  expect(shown('sen_0000000000000000_x', null)).toBeNull();
  expect(JSON.stringify([...hub.reserved()])).not.toContain(token.slice(21));
  expect(device.publish).toEqual(['bed1/#']);
});

test('[AC2][AC7] a device that was removed is let in no more, whatever is written of it later, and who listens is told', async () => {
  const { device, token } = await added('bed1');
  const told: string[] = [];
  devices.onRevoked((id) => told.push(id));

  const removed = await devices.remove('bed1', 'kim');
  // Another node whose clock runs ahead writes the device once more.
  await hub.submit(
    [{ sensor: deviceName(device.id), value: deviceValue(device), tsMs: 1_800_000_000_000 }],
    'stored',
  );

  expect(removed.ok && removed.value.map(({ id }) => id)).toEqual([device.id]);
  expect(told).toEqual([device.id]);
  expect(devices.find({ id: device.id, token, name: null })).toBeNull();
  expect(devices.all()).toEqual([]);
});

test('[AC2] a name is given once at a time, and free again after its removal', async () => {
  const first = await added('bed1');
  const again = await devices.add(spec({ name: 'bed1' }), 'kim');
  await devices.remove('bed1', 'kim');
  const second = await added('bed1');

  expect(again.ok).toBe(false);
  expect(second.token).not.toBe(first.token);
  expect(devices.find({ id: first.device.id, token: first.token, name: null })).toBeNull();
  expect((await devices.remove('attic', 'kim')).ok).toBe(false);
});

test('[AC1] what is kept of devices is among no sensors and no changes', async () => {
  await added('bed1');

  expect([...hub.latest()]).toEqual([]);
  expect(hub.changes(0, 10).changes).toEqual([]);
  expect([...hub.reserved()].length).toBe(2);
});

test('[AC2] a device comes back from its register as it was, and one that cannot be read lets nobody in', () => {
  const device: Device = {
    ...spec({ name: 'plug', publish: ['tele/plug/#'], subscribe: ['cmnd/plug/#'], ratePerS: 2.5 }),
    id: '0123456789abcdef',
    hash: 'ab'.repeat(32),
  };
  const value = deviceValue(device);

  expect(deviceOf(device.id, value)).toEqual(device);
  const spoilt = [
    { hash: '' },
    { hash: 'AB' },
    { role: 'king' },
    { publish: '[1]' },
    { name: '' },
    { rate: -1 },
  ];
  for (const change of spoilt) expect(deviceOf(device.id, { ...bare(value), ...change })).toBeNull();
  expect(deviceOf(device.id, 'hello')).toBeNull();
});

test.each([
  [{ name: '../x' }, 'a name is'],
  [{ name: 'x', role: 'king' }, 'a role is one of'],
  [{ name: 'x', ratePerS: 0 }, 'a rate is'],
  [{ name: 'x', bytesPerDay: -1 }, 'a quota is'],
  [{ name: 'x', publish: 'x/#' }, 'a list of texts'],
  [{ name: 'x', role: 'reader', publish: ['x'] }, 'only a device has topics'],
])('[AC12] a device that makes no sense is refused in one sentence: %j', (asked, why) => {
  const parsed = parseSpec(asked);

  expect(!parsed.ok && parsed.problem.replace("device's ", '')).toContain(why);
});

function spec(asked: Partial<DeviceSpec> & { readonly name: string }): DeviceSpec {
  const parsed = parseSpec(asked);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

async function added(name: string) {
  const result = await devices.add(spec({ name }), 'kim');
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}

function bare(value: ReturnType<typeof deviceValue>): {
  readonly [field: string]: string | number | boolean;
} {
  return typeof value === 'object' ? value : {};
}
