// Decimals on the topics of sensors take a shorter way than other publishes, and nobody is to notice.

import { afterEach, expect, test } from 'vitest';
import { SubmitRefused } from '../../hub/hub.ts';
import { parseSensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { OVERLOADED } from '../testing.ts';
import { type Level, NO_PROPERTIES, type Publish } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import { encodePacket } from './packet-writer.ts';
import { PlainPublish } from './plain-publish.ts';
import { stopBroker, testBroker } from './testing.ts';

afterEach(stopBroker);

test.each([3, 4, 5] as const)(
  '[MQ1] a decimal on a known topic is the same publish by the short way, however the stream is cut (level %i)',
  (level) => {
    const texts = ['1', '-2.50', 'on', '3e1', '{"value":4}', '5.0', ''];
    const publishes = ['bed1/t', 'bed1/u', 'büro/t', 'bed1/x'].flatMap((topic) =>
      texts.map((text, at) => publish(topic, text, at % 3 === 1 ? 300 + at : 0)),
    );
    const bytes = Buffer.concat(publishes.map((packet) => encodePacket(packet, level)));

    for (const step of [1, 3, 7, 64, bytes.length]) {
      const { read, short } = readBoth(bytes, level, step);
      expect(read).toEqual(publishes.map(({ topic, payload, packetId }) => [topic, `${payload}`, packetId]));
      expect(short).toBeGreaterThan(step === 1 ? 0 : 2);
    }
  },
);

test('[MQ2] no bytes are taken for a publish that are none', () => {
  const whole = encodePacket(publish('bed1/t', '21.5'), 4);
  const atQos1 = encodePacket(publish('bed1/t', '21.5', 7), 4);
  const plain = knowing('bed1/t');

  const wrong = [
    whole.subarray(0, whole.length - 1),
    patched(whole, 0, 0x31),
    patched(whole, 0, 0x38),
    patched(whole, 1, 0x80),
    patched(whole, 2, 0xff),
    patched(whole, 3, whole.length),
    patched(whole, 4, 0x00),
    patched(atQos1, atQos1.length - 5, 0x00),
    Buffer.from([0x30]),
    Buffer.alloc(0),
  ];

  expect(wrong.map((bytes) => plain.read(bytes, 0, 4))).toEqual(wrong.map(() => -1));
  expect([whole, atQos1].map((bytes) => plain.read(bytes, 0, 4))).toEqual([whole.length, atQos1.length]);
});

test('[MQ6] who subscribes or leaves changes who hears a topic that was seen before', async () => {
  const site = await testBroker();
  const other = await site.client();
  await other.client.subscribeAsync('hall/#');
  const late = await site.client();
  const { client } = await site.client();

  await client.publishAsync('bed1/t', '1', { qos: 1 });
  await client.publishAsync('bed1/t', '2', { qos: 1 });
  await late.client.subscribeAsync('bed1/#');
  await client.publishAsync('bed1/t', '3', { qos: 1 });
  await late.untilHeard(2);
  await late.client.unsubscribeAsync('bed1/#');
  await client.publishAsync('bed1/t', '4', { qos: 1 });
  await client.publishAsync('hall/t', '5', { qos: 1 });
  await other.untilHeard(1);

  // The first of them is what was retained.
  expect(late.heard.map(({ payload }) => payload)).toEqual(['2', '3']);
  expect(other.heard.map(({ payload }) => payload)).toEqual(['5']);
});

test.each(['stored', 'committed'] as const)(
  '[MQ3] decimals at QoS 1 are answered when they are %s, each, and not before',
  async (ack) => {
    const site = await testBroker({ ack });
    const { history } = site.hub;
    const { client } = await site.client();
    client.publish('bed1/t', '0', { qos: 0 });
    await site.hub.untilSubmitted(1);
    history.hold = ack === 'committed';
    site.hub.holdDisk();
    let answers = 0;

    const all = Array.from({ length: 300 }, (_, at) =>
      client.publishAsync('bed1/t', String(at), { qos: 1 }).then(() => {
        answers++;
      }),
    );
    await site.untilTaken(301);
    const beforeStored = answers;
    site.hub.releaseDisk();
    if (ack === 'committed') {
      await site.hub.untilSubmitted(301);
      await settled();
    }
    const beforeCommitted = answers;
    history.hold = false;
    await Promise.all(all);

    expect([beforeStored, beforeCommitted]).toEqual([0, 0]);
    expect(site.hub.submitted.slice(1).map(({ value }) => value)).toEqual([...all.keys()]);
  },
);

test('[MQ3] decimals at QoS 1 of which nobody can tell whether they are stored are not answered', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  await client.publishAsync('bed1/t', '0', { qos: 1 });
  site.hub.refusal = OVERLOADED;

  const published = client.publishAsync('bed1/t', '1', { qos: 1 }).then(
    () => 'answered',
    () => 'not answered',
  );
  await site.untilTaken(2);
  await settled();
  await stopBroker();

  expect(await published).toBe('not answered');
});

test('[MQ4] decimals at QoS 0 are passed on as they were written, in the order of their publisher', async () => {
  const site = await testBroker();
  const listener = await site.client();
  await listener.client.subscribeAsync('#', { qos: 1 });
  const { client } = await site.client();
  const said = ['20.50', '-3', 'on', '0.10', '21', '{"value":7}', '1e2', '22.0'];

  for (const text of ['1', ...said]) await client.publishAsync('bed1/t', text);
  const heard = await listener.untilHeard(1 + said.length);

  expect(heard.map(({ payload, packet }) => [payload, packet.qos, packet.retain])).toEqual(
    ['1', ...said].map((text) => [text, 0, false]),
  );
  expect(site.hub.submitted.map(({ value }) => value)).toEqual([1, 20.5, -3, 'on', 0.1, 21, 7, 100, 22]);
});

test('[MQ5] decimals of one client that come together are stored together, and counted one by one', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  site.hub.holdDisk();

  for (let value = 0; value < 1_000; value++) client.publish(`bed${value % 3}/t`, String(value));
  await site.untilTaken(1_000);
  site.hub.releaseDisk();
  await site.hub.untilSubmitted(1_000);
  await client.publishAsync('bed1/t', '-1', { qos: 1 });

  expect(site.hub.submitted.map(({ value }) => value)).toEqual([...Array(1_000).keys(), -1]);
  expect(site.broker.counters()).toMatchObject({
    mqtt_messages_received_total: 1_001,
    mqtt_readings_accepted_total: 1_001,
  });
});

test('[MQ5] each decimal that is never taken is refused with a reason', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  await client.publishAsync('bed1/t', '1', { qos: 0 });
  await site.hub.untilSubmitted(1);
  site.hub.refusal = new SubmitRefused('too many sensors', false);

  for (const text of ['2', '3.50', '4']) client.publish('bed1/t', text);
  await site.untilTaken(4);
  await client.publishAsync('bed1/t', '5', { qos: 1 }).catch(() => {});
  site.hub.refusal = null;
  await client.publishAsync('bed1/t', '6', { qos: 1 });

  expect(site.hub.submitted.map(({ value }) => value)).toEqual([1, 6]);
  expect(site.refusals.all()).toMatchObject([{ input: 'mqtt', reason: 'not_taken', count: 4 }]);
});

test('[MQ5] of decimals that come together only the one that is too much is refused', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  const submit = site.hub.submit.bind(site.hub);
  site.hub.submit = async (readings, ...given) => {
    if (readings.some(({ value }) => value === 13)) throw new SubmitRefused('too many sensors', false);
    return submit(readings, ...given);
  };
  await client.publishAsync('bed1/t', '-1', { qos: 1 });

  for (const qos of [0, 1] as const) {
    for (let value = 0; value < 40; value++) client.publish('bed1/t', String(value), { qos });
  }
  await client.publishAsync('bed1/t', '40', { qos: 1 });

  const taken = [...Array(40).keys()].filter((value) => value !== 13);
  const submitted = site.hub.submitted.map(({ value }) => Number(value));
  expect(submitted.sort((a, b) => a - b)).toEqual([-1, ...taken.flatMap((value) => [value, value]), 40]);
  expect(site.refusals.all()).toMatchObject([{ reason: 'not_taken', count: 2 }]);
});

test('[MQ13] a number is read by the profile of its topic, also where the topic was seen before', async () => {
  const site = await testBroker({ profiles: [{ filter: 'quiet/#', profile: 'none' }] });
  const { client } = await site.client();
  const topics = ['hall/t', 'heater/set', 'node/sensor/t/state', 'zigbee2mqtt/t', 'quiet/t'];

  for (const text of ['1', '2']) {
    for (const topic of topics) await client.publishAsync(topic, text, { qos: 0 });
  }
  await client.publishAsync('end', '3', { qos: 1 });

  expect(site.hub.submitted.map(({ sensor, value }) => [sensor, value])).toEqual([
    ['hall/t', 1],
    ['node/sensor/t', 1],
    ['hall/t', 2],
    ['node/sensor/t', 2],
    ['end', 3],
  ]);
});

test('[MQ15] a sensor that is described after it was seen has its unit from then on', async () => {
  const site = await testBroker();
  const { client } = await site.client();
  const config = JSON.stringify({ name: 'T', state_topic: 'hall/t', unit_of_measurement: '°C' });

  await client.publishAsync('hall/t', '1', { qos: 0 });
  await client.publishAsync('homeassistant/sensor/t/config', config, { qos: 1 });
  await client.publishAsync('hall/t', '2', { qos: 0 });
  await client.publishAsync('hall/t', '3', { qos: 1 });

  expect(site.hub.submitted.filter(({ sensor }) => sensor === 'hall/t').map(({ unit }) => unit)).toEqual([
    undefined,
    'Cel',
    'Cel',
  ]);
});

/** What was answered by then has had its turns of the event loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resume) => setImmediate(resume));
}

/** All publishes by whichever way, and how many came by the short one. */
function readBoth(bytes: Buffer, level: Level, step: number) {
  const reader = new PacketReader(LIMITS.mqttPacketBytesMax);
  reader.level = level;
  const plain = knowing('bed1/t', 'bed1/u');
  const read: (readonly [string, string, number])[] = [];
  let short = 0;
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step));
    for (;;) {
      if (reader.takePlain(plain)) {
        short++;
        const { value, places } = plain.decimal;
        read.push([plain.sensor, value.toFixed(places), plain.packetId]);
        continue;
      }
      const cut = reader.take();
      if (!cut.ok || cut.value?.type !== 'publish') break;
      read.push([cut.value.topic, `${cut.value.payload}`, cut.value.packetId]);
    }
  }
  return { read, short };
}

function knowing(...topics: readonly string[]): PlainPublish {
  const plain = new PlainPublish();
  for (const topic of topics) {
    const sensor = parseSensorId(topic);
    if (sensor.ok) plain.topics.learn(sensor.value);
  }
  return plain;
}

function publish(topic: string, text: string, packetId = 0): Publish {
  const payload = Buffer.from(text);
  const flags = { qos: packetId === 0 ? 0 : 1, retain: false, dup: false, packetId } as const;
  return { type: 'publish', topic, payload, ...flags, properties: NO_PROPERTIES };
}

function patched(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = byte;
  return copy;
}
