import { afterEach, expect, test } from 'vitest';
import { descriptionsOf } from './home-assistant.ts';
import { stopBroker, testBroker } from './testing.ts';

afterEach(stopBroker);

test('[MQ18] a sensor is described with its unit, and each field of a record by itself', () => {
  const [plain] = descriptionsOf('bed1/temperature', 21.5, 'Cel');
  const record = descriptionsOf('bed1/climate', { t: 21, open: true }, '');

  expect(plain?.topic).toMatch(
    /^homeassistant\/sensor\/sensorium\/sensorium_bed1_temperature_[0-9a-f]{8}\/config$/,
  );
  expect(plain?.config).toMatchObject({
    state_topic: 'bed1/temperature',
    unit_of_measurement: '°C',
    device_class: 'temperature',
  });
  expect(record.map(({ config }) => config.value_template)).toEqual([
    "{{ value_json['t'] }}",
    "{{ value_json['open'] }}",
  ]);
  expect(record.map(({ topic }) => topic.split('/')[1])).toEqual(['sensor', 'binary_sensor']);
});

test('[MQ18] who subscribes gets the descriptions of all sensors, and that of a new one when it comes', async () => {
  const site = await testBroker({ homeAssistant: true });
  const device = await site.client();
  await device.client.publishAsync('bed1/temperature', '21.5', { qos: 1 });

  const assistant = await site.client();
  await assistant.client.subscribeAsync('homeassistant/#');
  await assistant.untilHeard(1);
  await device.client.publishAsync('bed2/temperature', '22', { qos: 1 });
  await device.client.publishAsync('bed2/temperature', '23', { qos: 1 });
  const own = JSON.stringify({ state_topic: 'bed3/t', name: 'own' });
  await device.client.publishAsync('homeassistant/sensor/own/config', own, { qos: 1, retain: true });
  await device.client.publishAsync('bed3/t', '24', { qos: 1 });
  await device.client.publishAsync('homeassistant/end/set', 'x', { qos: 1 });
  const heard = await assistant.untilHeard(4);

  const described = heard.map(({ payload }) => /"state_topic":"([^"]+)"/.exec(payload)?.[1] ?? payload);
  expect(described).toEqual(['bed1/temperature', 'bed2/temperature', 'bed3/t', 'x']);
});

test('[MQ18] without the option nothing is described', async () => {
  const site = await testBroker();
  const device = await site.client();
  await device.client.publishAsync('bed1/temperature', '21.5', { qos: 1 });

  const assistant = await site.client();
  await assistant.client.subscribeAsync('homeassistant/#');
  await device.client.publishAsync('homeassistant/end/set', 'x', { qos: 1 });
  const heard = await assistant.untilHeard(1);

  expect(heard.map(({ payload }) => payload)).toEqual(['x']);
});
