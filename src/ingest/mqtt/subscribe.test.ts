import { afterEach, expect, test } from 'vitest';
import { parseSensorId } from '../../model/ids.ts';
import type { Value } from '../../model/reading.ts';
import { matchesTopic, parseFilter } from '../../model/topic-filter.ts';
import { stopBroker, type TestBroker, testBroker } from './testing.ts';

afterEach(stopBroker);

test('[MQ6] a filter takes in what the standard says', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['#', 'a/b', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['+', 'a', true],
    ['+', 'a/b', false],
    ['+/b', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['+/+', '/x', true],
    ['/+', '/x', true],
    ['#', '$SYS/broker', false],
    ['+/broker', '$SYS/broker', false],
    ['$SYS/#', '$SYS/broker', true],
    ['a/+/c', 'a/b/c', true],
    ['a/b', 'a/bc', false],
  ];

  const found = cases.map(([filter, topic]) => [filter, topic, matchesTopic(filter, topic)]);

  expect(found).toEqual(cases);
  for (const bad of ['', 'a#', '#/a', 'a+/b', '$share/g', '$share//a', '$share/g+/a']) {
    expect(parseFilter(bad).ok, bad).toBe(false);
  }
});

test('[MQ6] a client whose filters overlap gets a message once, at the highest quality it asked for', async () => {
  const site = await testBroker();
  const { client, untilHeard, heard } = await site.client();
  await client.subscribeAsync({ '#': { qos: 0 }, 'bed1/+': { qos: 1 } });

  await client.publishAsync('bed1/lamp/set', 'ON', { qos: 1 });
  await client.publishAsync('bed1/command', 'go', { qos: 2 });
  await client.publishAsync('bed1/end/set', 'x', { qos: 0 });
  await untilHeard(3);

  expect(heard.map(({ topic, packet }) => [topic, packet.qos])).toEqual([
    ['bed1/lamp/set', 0],
    ['bed1/command', 1],
    ['bed1/end/set', 0],
  ]);
});

test('[MQ6] topics that begin with $ are not for clients to publish to', async () => {
  const site = await testBroker();
  const { client } = await site.client({ protocolVersion: 5 });

  const refused = client.publishAsync('$SYS/broker/uptime', '0', { qos: 1 });

  await expect(refused).rejects.toThrow(/Not authorized/);
});

test('[MQ7] a session keeps what comes while its client is away', async () => {
  const site = await testBroker();
  const options = { clientId: 'panel', clean: false } as const;
  const first = await site.client(options);
  await first.client.subscribeAsync('hall/#', { qos: 1 });
  await first.client.endAsync();
  const { client } = await site.client();
  await client.publishAsync('hall/a/set', '1', { qos: 1 });
  await client.publishAsync('hall/b/set', '2', { qos: 1 });

  const again = await site.client(options);
  const heard = await again.untilHeard(2);

  expect(heard.map(({ topic }) => topic)).toEqual(['hall/a/set', 'hall/b/set']);
});

test('[MQ7] of two clients with one name the later stays', async () => {
  const site = await testBroker();
  const first = await site.client({ clientId: 'panel' });
  const closed = new Promise((resolve) => first.client.once('close', () => resolve('closed')));

  const second = await site.client({ clientId: 'panel' });

  expect(await closed).toBe('closed');
  expect(second.client.connected).toBe(true);
});

test('[MQ7] a message that has expired while the client was away is not sent, and the others say what is left', async () => {
  const site = await testBroker();
  const options = { clientId: 'panel', clean: false, protocolVersion: 5 } as const;
  const properties = { sessionExpiryInterval: 100 };
  const first = await site.client({ ...options, properties });
  await first.client.subscribeAsync('hall/#', { qos: 1 });
  await first.client.endAsync();
  const { client } = await site.client({ protocolVersion: 5 });
  await client.publishAsync('hall/a/set', '1', { qos: 1, properties: { messageExpiryInterval: 0 } });
  await client.publishAsync('hall/b/set', '2', { qos: 1, properties: { messageExpiryInterval: 60 } });

  const again = await site.client({ ...options, properties });
  const [message] = await again.untilHeard(1);

  expect(message?.topic).toBe('hall/b/set');
  expect(message?.packet.properties?.messageExpiryInterval).toBeGreaterThan(50);
});

test('[MQ8] the will of a client that is cut off is told, that of one that says goodbye is not', async () => {
  const site = await testBroker();
  const { client, untilHeard, heard } = await site.client();
  await client.subscribeAsync('wills/#', { qos: 1 });
  const polite = await site.client({ will: { topic: 'wills/polite', payload: Buffer.from('gone'), qos: 1 } });
  const cut = await site.client({ will: { topic: 'wills/cut', payload: Buffer.from('gone'), qos: 1 } });

  await polite.client.endAsync();
  cut.client.stream.destroy();
  await untilHeard(1);

  expect(heard.map(({ topic, payload }) => [topic, payload])).toEqual([['wills/cut', 'gone']]);
});

test('[MQ9] what came in is passed on to other nodes, and what they pass on reaches clients here', async () => {
  const site = await testBroker();
  const { client, untilHeard } = await site.client();
  await client.subscribeAsync('hall/#');
  await client.publishAsync('hall/lamp/set', 'ON', { qos: 1 });
  await untilHeard(1);
  await new Promise((resume) => setImmediate(resume));

  const [passed] = site.hub.passedOn;
  const messages = passed === undefined ? [] : [{ ...passed, topic: 'hall/other/set' }];
  site.hub.announce({ type: 'messages-received', from: site.hub.self, messages });
  const heard = await untilHeard(2);

  expect(heard.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['hall/lamp/set', 'ON'],
    ['hall/other/set', 'ON'],
  ]);
});

test('[MQ9] a reading of another input reaches subscribers as well, and one that came by MQTT only once', async () => {
  const site = await testBroker();
  const { client, untilHeard, heard } = await site.client();
  await client.subscribeAsync('#');

  await write(site, 'bed1/http', 20);
  await untilHeard(1);
  await client.publishAsync('bed1/mqtt', '21', { qos: 1 });
  await write(site, 'bed1/http', 22);
  await untilHeard(3);

  expect(heard.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['bed1/http', '20'],
    ['bed1/mqtt', '21'],
    ['bed1/http', '22'],
  ]);
});

test('[MQ10] other nodes are told what is wanted here, and when it is not any more', async () => {
  const site = await testBroker();
  const { client } = await site.client();

  await client.subscribeAsync(['bed1/#', '$SYS/broker/uptime', '$share/crew/hall/+']);
  const wanted = site.hub.wanted;
  await client.unsubscribeAsync('bed1/#');
  await client.subscribeAsync('bed2/#');

  expect(wanted).toEqual(['bed1/#', '$share/crew/hall/+']);
  expect([...site.hub.wanted].sort()).toEqual(['$share/crew/hall/+', 'bed2/#']);
});

test('[MQ10] of a shared subscription each message goes to one client, in turns', async () => {
  const site = await testBroker();
  const one = await site.client();
  const two = await site.client();
  for (const { client } of [one, two]) await client.subscribeAsync('$share/crew/jobs/#', { qos: 1 });

  for (let job = 0; job < 6; job++) await one.client.publishAsync('jobs/set', String(job), { qos: 1 });
  await one.untilHeard(3);
  await two.untilHeard(3);

  const all = [...one.heard, ...two.heard].map(({ payload }) => payload).sort();
  expect(all).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('[MQ11] who subscribes gets the latest of each sensor, with what is known of it', async () => {
  const site = await testBroker();
  await write(site, 'bed1/temperature', 21.5, 'Cel');
  await write(site, 'bed1/climate', { a: 1, b: 'x' });
  await write(site, 'bed2/temperature', 19);

  const { client, untilHeard } = await site.client({ protocolVersion: 5 });
  await client.subscribeAsync('bed1/+');
  const heard = await untilHeard(2);
  await client.subscribeAsync('$sensorium/last/bed2/#');
  const last = (await untilHeard(3))[2];

  const [temperature, climate] = heard;
  expect([temperature?.payload, temperature?.packet.retain]).toEqual(['21.5', true]);
  expect(temperature?.packet.properties?.userProperties).toMatchObject({
    origin: 'ann',
    n: '1',
    unit: 'Cel',
  });
  expect(JSON.parse(climate?.payload ?? '')).toEqual({ a: 1, b: 'x' });
  expect(last?.topic).toBe('$sensorium/last/bed2/temperature');
  expect(JSON.parse(last?.payload ?? '')).toMatchObject({
    value: 19,
    origin: 'ann',
    commit: 'committed',
    seq: 3,
  });
});

test('[MQ11] more retained values than may wait for a client arrive all the same', async () => {
  const site = await testBroker();
  const readings = Array.from({ length: 3_000 }, (_, at) => ({ sensor: sensorOf(`many/${at}`), value: at }));
  await site.hub.submit(readings, 'stored');

  const { client, untilHeard } = await site.client();
  await client.subscribeAsync('many/#', { qos: 1 });

  expect(await untilHeard(3_000)).toHaveLength(3_000);
});

test("[MQ11] the node counts under Mosquitto's names", async () => {
  const site = await testBroker();
  const { client, untilHeard } = await site.client();

  await client.subscribeAsync('$SYS/broker/clients/connected');
  const [connected] = await untilHeard(1);

  expect(connected?.payload).toBe('1');
});

test('[MQ16] the same port speaks MQTT over WebSocket', async () => {
  const site = await testBroker();
  const web = await site.client({ url: `ws://127.0.0.1:${site.port}/mqtt`, protocolVersion: 5 });
  await web.client.subscribeAsync('bed1/#');
  const { client } = await site.client();

  await client.publishAsync('bed1/temperature', '21.5', { qos: 1 });
  const [heard] = await web.untilHeard(1);
  const page = await fetch(`http://127.0.0.1:${site.port}/`);

  expect(heard?.payload).toBe('21.5');
  expect(page.status).toBe(426);
});

async function write(site: TestBroker, sensor: string, value: Value, unit?: string): Promise<void> {
  await site.hub.submit([{ sensor: sensorOf(sensor), value, ...(unit && { unit }) }], 'stored');
}

function sensorOf(text: string) {
  const sensor = parseSensorId(text);
  if (!sensor.ok) throw new Error(sensor.problem);
  return sensor.value;
}
