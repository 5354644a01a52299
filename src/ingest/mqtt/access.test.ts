// Who may come in by MQTT, and what for.

import { once } from 'node:events';
import type { IClientOptions, MqttClient } from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parseSpec } from '../../access/device.ts';
import { stopBroker, type TestBroker, testBroker } from './testing.ts';

const MQTT5 = { protocolVersion: 5 } as const;

afterEach(stopBroker);

test.each([4, 5] as const)(
  '[AC3][AC10] a client without a token, or with a wrong one, is not admitted, and it is counted (level %i)',
  async (protocolVersion) => {
    const broker = await testBroker({ anonymous: 'none' });
    const token = await added(broker, { name: 'bed1' });

    const refused = [
      await codeOf(broker, { protocolVersion }),
      await codeOf(broker, { protocolVersion, username: 'bed2', password: token }),
      await codeOf(broker, { protocolVersion, username: 'bed1', password: token.replace(/.{4}$/, 'AAAA') }),
    ];
    const { client } = await broker.client({ protocolVersion, username: 'bed1', password: token });

    expect(refused).toEqual(refused.map(() => (protocolVersion === 5 ? 0x86 : 4)));
    expect(client.connected).toBe(true);
    expect(counted(broker)).toEqual({ unauthorized: 3 });
  },
);

test('[AC4] what a device publishes beyond its topics reaches nobody, is answered so, and the allowed reaches all', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'bed1' });
  const watcher = await broker.client({ clientId: 'watcher' });
  await watcher.client.subscribeAsync('#', { qos: 1 });
  const before = broker.hub.submitted.length;
  const { client } = await broker.client({ ...MQTT5, username: 'bed1', password: token });
  const old = await broker.client({ username: 'bed1', password: token });

  const denied = await client
    .publishAsync('bed2/t', '1', { qos: 1 })
    .catch((error: { code: number }) => error.code);
  await client.publishAsync('bed2/t', '1', { qos: 0 });
  await old.client.publishAsync('bed2/t', '1', { qos: 1, retain: true });
  await client.publishAsync('bed1/t', '2', { qos: 1 });

  await watcher.untilHeard(1);
  expect(denied).toBe(0x87);
  expect(watcher.heard.map(({ topic, payload }) => [topic, payload])).toEqual([['bed1/t', '2']]);
  expect(broker.hub.submitted.slice(before)).toEqual([{ sensor: 'bed1/t', value: 2 }]);
  expect(counted(broker)).toEqual({ not_permitted: 3 });
});

test('[AC4] a topic on which others sent numbers before is as closed to a device as any', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'bed1' });
  const anyone = await broker.client();
  const device = await broker.client({ username: 'bed1', password: token });
  const before = broker.hub.submitted.length;

  await anyone.client.publishAsync('bed2/t', '1', { qos: 0 });
  await anyone.client.publishAsync('bed2/t', '2', { qos: 1 });
  await device.client.publishAsync('bed2/t', '3', { qos: 0 });
  await device.client.publishAsync('bed1/t', '4', { qos: 1 });

  expect(broker.hub.submitted.slice(before).map(({ value }) => value)).toEqual([1, 2, 4]);
  expect(counted(broker)).toEqual({ not_permitted: 1 });
});

test('[AC4] a will beyond its topics keeps a device out', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'bed1' });
  const will = { topic: 'bed2/status', payload: Buffer.from('gone'), qos: 0 as const, retain: false };

  const code = await codeOf(broker, { ...MQTT5, username: 'bed1', password: token, will });

  expect(code).toBe(0x87);
});

test('[AC5] a device subscribes to what its patterns take in, and to nothing else', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'plug', subscribe: ['cmnd/plug/#'] });
  const { client, heard, untilHeard } = await broker.client({ ...MQTT5, username: 'plug', password: token });

  const codes: (number | undefined)[] = [];
  for (const filter of ['cmnd/plug/+', '$share/s/cmnd/plug/x', '#', 'cmnd/+/POWER', '$SYS/#', '$share/s/#']) {
    codes.push(await grantedTo(client, filter));
  }
  const other = await broker.client();
  await other.client.publishAsync('secret/door', 'open', { qos: 1 });
  await other.client.publishAsync('cmnd/plug/POWER', 'toggle', { qos: 1 });

  await untilHeard(1);
  expect(codes).toEqual([1, 1, 0x87, 0x87, 0x87, 0x87]);
  expect(heard.map(({ topic }) => topic)).toEqual(['cmnd/plug/POWER']);
  expect(counted(broker)).toEqual({ not_permitted: 4 });
});

test('[AC6] beyond its rate a publish is answered 0x97 by MQTT 5, and ends the connection by 3.1.1', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'fast', ratePerS: 0.001 });
  const { client } = await broker.client({ ...MQTT5, username: 'fast', password: token });
  await client.publishAsync('fast/t', '1', { qos: 1 });
  const taken = broker.hub.submitted.length;

  const code = await client
    .publishAsync('fast/t', '2', { qos: 1 })
    .catch((error: { code: number }) => error.code);
  const old = await broker.client({ username: 'fast', password: token });
  const closed = closedOf(old.client);
  old.client.publish('fast/t', '3', { qos: 1 });
  await closed;

  expect(code).toBe(0x97);
  expect(broker.hub.submitted.length).toBe(taken);
  expect(counted(broker)).toEqual({ rate_exceeded: 2 });
});

test('[AC7] a removed device is cut off at once, without its will and with what waited for it', async () => {
  const broker = await testBroker();
  const token = await added(broker, { name: 'bed1', subscribe: ['bed1/#'] });
  const watcher = await broker.client();
  await watcher.client.subscribeAsync('#');
  const will = { topic: 'bed1/status', payload: Buffer.from('gone'), qos: 0 as const, retain: false };
  const { client } = await broker.client({
    ...MQTT5,
    clientId: 'bed1',
    clean: false,
    username: 'bed1',
    password: token,
    properties: { sessionExpiryInterval: 60 },
    will,
  });
  await client.subscribeAsync('bed1/#', { qos: 1 });
  const closed = closedOf(client);

  await broker.gate.devices.remove('bed1', 'kim');
  await closed;
  await watcher.client.publishAsync('end', '1');

  await watcher.untilHeard(1);
  expect(watcher.heard.map(({ topic }) => topic)).toEqual(['end']);
  expect(await codeOf(broker, { ...MQTT5, username: 'bed1', password: token })).toBe(0x86);
  expect(broker.broker.exchange.sessions.find('bed1')).toBeNull();
});

test('[AC7] nobody takes the session of a device, and one begun without a token does not go on with one', async () => {
  const broker = await testBroker();
  const tokens = [await added(broker, { name: 'bed1' }), await added(broker, { name: 'bed2' })];
  const kept = { ...MQTT5, clean: false, properties: { sessionExpiryInterval: 60 } };
  const owner = await broker.client({
    ...kept,
    clientId: 'one',
    username: 'bed1',
    password: tokens[0] ?? '',
  });
  const anybody = await broker.client({ ...kept, clientId: 'two' });
  await anybody.client.subscribeAsync('#', { qos: 1 });
  await anybody.client.endAsync();

  const strangers = [
    await codeOf(broker, { ...kept, clientId: 'one' }),
    await codeOf(broker, { ...kept, clientId: 'one', username: 'bed2', password: tokens[1] ?? '' }),
  ];
  const later = await broker.client({
    ...kept,
    clientId: 'two',
    username: 'bed2',
    password: tokens[1] ?? '',
  });

  expect(strangers).toEqual([0x85, 0x85]);
  expect(owner.client.connected).toBe(true);
  expect(broker.broker.exchange.sessions.find('two')?.subscriptions.size).toBe(0);
  expect(later.client.connected).toBe(true);
});

test('[AC10] a page from elsewhere is not part of this machine', async () => {
  const broker = await testBroker();

  const codes = [];
  for (const origin of ['https://example.com', 'http://localhost:8080']) {
    const socket = new WebSocket(`ws://127.0.0.1:${broker.port}`, 'mqtt', { origin });
    await once(socket, 'open');
    socket.send(Buffer.from('101000044d5154540402003c000474657374', 'hex'));
    const [packet] = (await once(socket, 'message')) as [Buffer];
    socket.terminate();
    codes.push(packet[3]);
  }

  expect(codes).toEqual([4, 0]);
});

test('[AC1] what nodes keep for themselves is told to no subscriber', async () => {
  const broker = await testBroker();
  const { client, heard, untilHeard } = await broker.client();
  for (const filter of ['#', '$sensorium/#', '$sensorium/device/+', '$sensorium/last/#']) {
    await client.subscribeAsync(filter, { qos: 1 });
  }

  await added(broker, { name: 'bed1' });
  await client.publishAsync('end', '1');
  await untilHeard(2);

  expect([...new Set(heard.map(({ topic }) => topic))].sort()).toEqual(['$sensorium/last/end', 'end']);
});

async function added(broker: TestBroker, asked: { readonly [field: string]: unknown }): Promise<string> {
  const spec = parseSpec(asked);
  if (!spec.ok) throw new Error(spec.problem);
  const result = await broker.gate.devices.add(spec.value, 'kim');
  if (!result.ok) throw new Error(result.problem);
  return result.value.token;
}

/** The code that a SUBACK answers a filter with. */
function grantedTo(client: MqttClient, filter: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    client.subscribe(filter, { qos: 1 }, (_error, _granted, packet) => {
      const [code] = packet?.cmd === 'suback' ? packet.granted : [];
      resolve(typeof code === 'number' ? code : undefined);
    });
  });
}

function closedOf(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

/** With which a CONNECT is refused. */
async function codeOf(broker: TestBroker, options: IClientOptions): Promise<number | null> {
  return broker.client(options).then(
    () => null,
    (error: { readonly code: number }) => error.code,
  );
}

function counted(broker: TestBroker): { readonly [reason: string]: number } {
  return Object.fromEntries(broker.refusals.all().map(({ reason, count }) => [reason, count]));
}
