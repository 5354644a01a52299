import { afterEach, expect, test } from 'vitest';
import { SubmitRefused } from '../../hub/hub.ts';
import { OVERLOADED } from '../testing.ts';
import { stopBroker, testBroker } from './testing.ts';

afterEach(stopBroker);

test('[MQ3] a publish at QoS 1 is acknowledged when the disk has its reading, and not before', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  site.hub.holdDisk();
  let isAnswered = false;

  const published = client.publishAsync('bed1/temperature', '21.5', { qos: 1 }).then(() => {
    isAnswered = true;
  });
  await site.hub.untilSubmitted(1);
  const before = isAnswered;
  site.hub.releaseDisk();
  await published;

  expect(before).toBe(false);
  expect(site.hub.submitted.map(({ sensor, value }) => [sensor, value])).toEqual([
    ['bed1/temperature', 21.5],
  ]);
});

test('[MQ3] a publish at QoS 2 that comes twice is one reading', async () => {
  const site = await testBroker();
  const { client } = await site.client();

  await client.publishAsync('bed1/temperature', '1', { qos: 2 });
  await client.publishAsync('bed1/temperature', '2', { qos: 2, dup: true });

  expect(site.hub.submitted.map(({ value }) => value)).toEqual([1, 2]);
});

test('[MQ3] where a commit is asked for, the acknowledgement waits for it', async () => {
  const site = await testBroker({ ack: 'committed' });
  const { client } = await site.client();
  let isAnswered = false;

  const published = client.publishAsync('bed1/temperature', '21.5', { qos: 1 }).then(() => {
    isAnswered = true;
  });
  await site.hub.untilSubmitted(1);
  await new Promise((resume) => setImmediate(resume));
  const before = isAnswered;
  const identity = site.hub.identity;
  site.hub.announce({ type: 'own-committed', identity, upto: 1 });
  await published;

  expect(before).toBe(false);
});

test('[MQ1] a topic alias stands for its topic, and one that was never told ends the connection', async () => {
  const site = await testBroker();
  const { client } = await site.client({ protocolVersion: 5 });
  await client.publishAsync('bed1/temperature', '1', { qos: 1, properties: { topicAlias: 3 } });

  await client.publishAsync('', '2', { qos: 1, properties: { topicAlias: 3 } });
  const closed = new Promise((resolve) => client.once('close', () => resolve('closed')));
  client.stream.write(Buffer.from([0x30, 0x06, 0, 0, 3, 0x23, 0, 9]));

  expect(await closed).toBe('closed');
  expect(site.hub.submitted.map(({ sensor, value }) => [sensor, value])).toEqual([
    ['bed1/temperature', 1],
    ['bed1/temperature', 2],
  ]);
});

test('[MQ4] subscribers hear of a reading when it is stored, and in the order of its publisher', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  const listener = await site.client();
  await listener.client.subscribeAsync('#', { qos: 1 });
  site.hub.holdDisk();

  const published = [
    client.publishAsync('bed1/temperature', '21.5', { qos: 1 }),
    client.publishAsync('bed1/lamp/set', 'ON', { qos: 1 }),
  ];
  await site.hub.untilSubmitted(1);
  const before = listener.heard.length;
  site.hub.releaseDisk();
  await Promise.all(published);
  const heard = await listener.untilHeard(2);

  expect(before).toBe(0);
  expect(heard.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['bed1/temperature', '21.5'],
    ['bed1/lamp/set', 'ON'],
  ]);
});

test('[MQ4] a message behind a reading that is being stored waits for it, and is not refused for having none', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  const listener = await site.client();
  await listener.client.subscribeAsync('#', { qos: 1 });
  site.hub.holdDisk();

  const reading = client.publishAsync('bed1/temperature', '21.5', { qos: 1 });
  await site.hub.untilSubmitted(1);
  const message = client.publishAsync('bed1/lamp/set', 'ON', { qos: 1 });
  await client.publishAsync('bed1/lamp/set', 'OFF', { qos: 0 });
  await site.untilTaken(3);
  const before = listener.heard.length;
  site.hub.releaseDisk();
  await Promise.all([reading, message]);
  const heard = await listener.untilHeard(3);

  expect(before).toBe(0);
  expect(heard.map(({ payload }) => payload)).toEqual(['21.5', 'ON', 'OFF']);
  expect(site.refusals.all()).toEqual([]);
});

test('[MQ5] publishes of many clients that come together are few submits', async () => {
  const site = await testBroker();
  const clients = await Promise.all(Array.from({ length: 10 }, () => site.client()));
  let submits = 0;
  const submit = site.hub.submit.bind(site.hub);
  site.hub.submit = (...given) => {
    submits++;
    return submit(...given);
  };

  const all = clients.flatMap(({ client }, at) =>
    Array.from({ length: 20 }, (_, turn) => client.publishAsync(`bed${at}/t`, String(turn), { qos: 1 })),
  );
  await Promise.all(all);

  expect(site.hub.submitted).toHaveLength(200);
  expect(submits).toBeLessThan(150);
});

test('[MQ5] what the node does not take for now waits and is not lost', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  site.hub.refusal = OVERLOADED;

  const published = client.publishAsync('bed1/temperature', '21.5', { qos: 1 });
  await new Promise((resume) => setImmediate(resume));
  site.hub.refusal = null;
  await published;

  expect(site.hub.latestOf(site.hub.submitted[0]?.sensor ?? ('' as never))?.record.value).toBe(21.5);
});

test('[MQ5] a reading that is never taken is refused with a reason, and the client stays', async () => {
  const site = await testBroker();
  const { client } = await site.client({ protocolVersion: 5 });
  site.hub.refusal = new SubmitRefused('too many sensors', false);

  const refused = await client.publishAsync('bed1/temperature', '1', { qos: 1 }).then(
    () => 'taken',
    (error: unknown) => String(error),
  );
  site.hub.refusal = null;
  await client.publishAsync('bed1/temperature', '2', { qos: 1 });

  expect(refused).toMatch(/Quota exceeded|151/);
  expect(site.hub.submitted.map(({ value }) => value)).toEqual([2]);
});

test('[MQ12] a retained message that is no reading is kept, apart from the sensors, and an empty one takes it away', async () => {
  const site = await testBroker();
  const { client } = await site.client({ protocolVersion: 5 });
  const options = { qos: 1, retain: true, properties: { contentType: 'text/plain' } } as const;
  await client.publishAsync('hall/note', 'the key is at the desk', options);

  const late = await site.client({ protocolVersion: 5 });
  await late.client.subscribeAsync('hall/#');
  const [kept] = await late.untilHeard(1);
  await client.publishAsync('hall/note', '', { qos: 1, retain: true });
  const later = await site.client();
  await later.client.subscribeAsync('hall/#');
  await later.client.publishAsync('hall/note', 'again', { qos: 1 });
  const [next] = await later.untilHeard(1);

  expect([kept?.payload, kept?.packet.retain, kept?.packet.properties?.contentType]).toEqual([
    'the key is at the desk',
    true,
    'text/plain',
  ]);
  expect([...site.hub.latest()]).toEqual([]);
  expect([next?.payload, next?.packet.retain]).toEqual(['again', false]);
});

test('[MQ12] an empty retained message forgets the sensor of its topic', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  await client.publishAsync('bed1/temperature', '21.5', { qos: 1 });

  await client.publishAsync('bed1/temperature', '', { qos: 1, retain: true });

  expect([...site.hub.latest()]).toEqual([]);
});

test('[MQ12] what is too large to be retained is refused and counted', async () => {
  const site = await testBroker();
  const { client } = await site.client({ protocolVersion: 5 });

  const refused = client.publishAsync('hall/photo', Buffer.alloc(30_000, 0xff), { qos: 1, retain: true });

  await expect(refused).rejects.toThrow(/Quota exceeded/);
  expect(site.refusals.all()).toMatchObject([{ input: 'mqtt', reason: 'not_retained', count: 1 }]);
});

test("[MQ13] a reading that was taken out of a message is told on its sensor's topic as well", async () => {
  const site = await testBroker();
  const listener = await site.client();
  await listener.client.subscribeAsync('zigbee2mqtt/#');
  const { client } = await site.client();

  await client.publishAsync('zigbee2mqtt/kitchen', '{"temperature":21.5,"on":true}', { qos: 1 });
  const heard = await listener.untilHeard(3);

  expect(heard.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['zigbee2mqtt/kitchen', '{"temperature":21.5,"on":true}'],
    ['zigbee2mqtt/kitchen/temperature', '21.5'],
    ['zigbee2mqtt/kitchen/on', 'true'],
  ]);
});

test('[MQ14] what nobody can read is passed on and shown with the reason', async () => {
  const site = await testBroker();
  const listener = await site.client();
  await listener.client.subscribeAsync('#');
  const { client } = await site.client();

  await client.publishAsync('hall/door', 'it squeaks', { qos: 1 });
  await client.publishAsync('hall/door', 'it squeaks more', { qos: 1 });
  await listener.untilHeard(2);

  expect(site.hub.submitted).toEqual([]);
  expect(site.inbox.all()).toMatchObject([
    { input: 'mqtt', topic: 'hall/door', count: 2, lastPayload: 'it squeaks more' },
  ]);
});
