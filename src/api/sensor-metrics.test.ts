import { expect, test } from 'vitest';
import { apiOn } from './testing.ts';

test('[AP27] each number of the latest readings is a sample, with its sensor, field, unit and origin', async () => {
  const { get, say } = await apiOn();
  await say('bed1/temperature', 21.5, { unit: 'Cel' });
  await say('door "a\\b"', true);
  await say('weather', { temp: -4, wet: false, note: 'snow' });
  await say('text', 'no number');

  const response = await get('/metrics/sensors');
  const lines = (await response.text()).split('\n');

  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(lines.filter((line) => line.startsWith('sensorium_sensor_value'))).toEqual([
    'sensorium_sensor_value{sensor="bed1/temperature",unit="Cel",origin="ann"} 21.5',
    'sensorium_sensor_value{sensor="door \\"a\\\\b\\"",origin="ann"} 1',
    'sensorium_sensor_value{sensor="weather",field="temp",origin="ann"} -4',
    'sensorium_sensor_value{sensor="weather",field="wet",origin="ann"} 0',
  ]);
  expect(lines.filter((line) => line.startsWith('sensorium_sensor_age_seconds'))).toHaveLength(4);
});

test('[AP27] only the sensors that match are told', async () => {
  const { get, say } = await apiOn();
  await say('bed1/temperature', 21.5);
  await say('bed2/humidity', 40);

  const text = await (await get('/metrics/sensors?match=%2B/humidity')).text();

  expect(text).toContain('bed2/humidity');
  expect(text).not.toContain('bed1/temperature');
});
