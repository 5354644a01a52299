import { expect, test } from 'vitest';
import { Discovered } from './discovered.ts';
import { Profiles } from './profiles.ts';

const BUILT_IN = new Profiles([]);

test('[MQ13] by default a number, true, false, a known word or a JSON object is a reading of its topic', () => {
  const found = ['21.50', ' -3e2 ', 'true', 'OFF', '{"a":1,"b":{"c":"x"},"d":null,"e":[1]}'].map((payload) =>
    valuesOf(BUILT_IN, 'bed1/thing', payload),
  );

  expect(found).toEqual([
    [['bed1/thing', 21.5]],
    [['bed1/thing', -300]],
    [['bed1/thing', true]],
    [['bed1/thing', 'OFF']],
    [['bed1/thing', { a: 1, 'b.c': 'x' }]],
  ]);
});

test('[MQ13] an object with a value may say its time and unit, as over HTTP', () => {
  const understood = BUILT_IN.read(
    'bed1/t',
    Buffer.from('{"value": 21.5, "ts": 1700000000000, "unit": "Cel"}'),
  );

  expect(understood).toEqual({
    kind: 'readings',
    readings: [{ sensor: 'bed1/t', value: 21.5, tsMs: 1_700_000_000_000, unit: 'Cel' }],
  });
});

test('[MQ13] no topic of commands or descriptions is a sensor', () => {
  const topics = [
    'lamp/set',
    'zigbee2mqtt/lamp/set',
    'zigbee2mqtt/bridge/devices',
    'cmnd/plug/POWER',
    'homeassistant/sensor/x/config',
    'node/light/lamp/command',
  ];

  expect(topics.map((topic) => BUILT_IN.read(topic, Buffer.from('1')).kind)).toEqual(
    topics.map(() => 'message'),
  );
});

test('[MQ13] what devices of a family say is read leaf by leaf, with the units they have', () => {
  const zigbee = { temperature: 21.5, humidity: 40, update: { state: 'idle' }, device: { ieeeAddr: '0x1' } };
  const tasmota = { Time: '2024-01-01T00:00:00', AM2301: { Temperature: 20.5 }, TempUnit: 'C' };

  expect(valuesOf(BUILT_IN, 'zigbee2mqtt/kitchen', JSON.stringify(zigbee))).toEqual([
    ['zigbee2mqtt/kitchen/temperature', 21.5, 'Cel'],
    ['zigbee2mqtt/kitchen/humidity', 40, '%'],
  ]);
  expect(valuesOf(BUILT_IN, 'zigbee2mqtt/kitchen/availability', 'online')).toEqual([
    ['zigbee2mqtt/kitchen/availability', 'online'],
  ]);
  expect(valuesOf(BUILT_IN, 'tele/plug/SENSOR', JSON.stringify(tasmota))).toEqual([
    ['tele/plug/AM2301/Temperature', 20.5, 'Cel'],
  ]);
  expect(valuesOf(BUILT_IN, 'tele/plug/LWT', 'Online')).toEqual([['tele/plug/LWT', 'Online']]);
  expect(valuesOf(BUILT_IN, 'pump/sensor/flow/state', '3.2')).toEqual([['pump/sensor/flow', 3.2]]);
});

test("[MQ13] the operator's rules come first, and the first that fits counts", () => {
  const profiles = new Profiles([
    { filter: 'zigbee2mqtt/quiet', profile: 'none' },
    { filter: 'doors/#', profile: 'plain' },
    { filter: 'doors/front', profile: 'none' },
    { filter: 'plc/#', profile: 'leaves' },
  ]);

  expect(profiles.read('zigbee2mqtt/quiet', Buffer.from('{"a":1}')).kind).toBe('message');
  expect(valuesOf(profiles, 'doors/front', 'ajar since noon')).toEqual([['doors/front', 'ajar since noon']]);
  expect(valuesOf(profiles, 'plc/1', '{"tank":{"level":3},"pump":true}')).toEqual([
    ['plc/1/tank/level', 3],
    ['plc/1/pump', true],
  ]);
});

test('[MQ14] free text, bytes and lists are nothing that is known', () => {
  const kinds = ['it squeaks', '\u0000\u0001', '[1,2]', '{}', '{"a":null}'].map(
    (payload) => BUILT_IN.read('bed1/thing', Buffer.from(payload)).kind,
  );

  expect(kinds).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
});

test('[MQ15] a description gives unit, name and class, with long names or short ones', () => {
  const discovered = new Discovered();
  const long = {
    name: 'Kitchen',
    state_topic: 'zigbee2mqtt/kitchen',
    unit_of_measurement: '°C',
    device_class: 'temperature',
    value_template: '{{ value_json.temperature }}',
  };
  const short = { '~': 'pump/sensor/flow', name: 'Flow', stat_t: '~/state', unit_of_meas: 'l/s' };

  discovered.learn('homeassistant/sensor/0x1/temperature/config', Buffer.from(JSON.stringify(long)));
  discovered.learn('homeassistant/sensor/flow/config', Buffer.from(JSON.stringify(short)));
  discovered.learn('homeassistant/sensor/broken/config', Buffer.from('{'));

  expect(discovered.of('zigbee2mqtt/kitchen/temperature')).toEqual({
    name: 'Kitchen',
    unit: 'Cel',
    deviceClass: 'temperature',
  });
  expect(discovered.of('pump/sensor/flow')).toMatchObject({ name: 'Flow', unit: 'l/s' });
});

function valuesOf(profiles: Profiles, topic: string, payload: string): unknown[] {
  const understood = profiles.read(topic, Buffer.from(payload));
  if (understood.kind !== 'readings') return [understood.kind];
  return understood.readings.map(({ sensor, value, unit }) =>
    unit === undefined ? [sensor, value] : [sensor, value, unit],
  );
}
