import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import type { SensorOptions } from './sensors.ts';

test('[CF8] a sensor has its id, its common parameters and those of its type', () => {
  const sensors = sensorsOf({
    SENSORS: '2',
    SENSOR_0_TYPE: 'numeric',
    SENSOR_0_NAME: 'temperature',
    SENSOR_0_PERIOD_MS: '2000',
    SENSOR_0_UNIT: '°C',
    SENSOR_0_MIN: '10',
    SENSOR_0_MAX: '35',
    SENSOR_0_LATENCY_MS: '30',
    SENSOR_0_LATENCY_JITTER_MS: '20.5',
    SENSOR_1_TYPE: 'Categorical',
    SENSOR_1_VALUES: 'open, closed',
  });

  expect(sensors).toEqual([
    {
      index: 0,
      id: 'temperature@0',
      type: 'numeric',
      periodMs: 2_000,
      unit: '°C',
      latencyMs: 30,
      latencyJitterMs: 20.5,
      min: 10,
      max: 35,
    },
    {
      index: 1,
      id: 'sensor_1@1',
      type: 'categorical',
      periodMs: 1_000,
      unit: '',
      latencyMs: 0,
      latencyJitterMs: 0,
      values: ['open', 'closed'],
    },
  ]);
});

test.each<[string, { [name: string]: string }, object]>([
  ['boolean', {}, { pTrue: 0.5 }],
  ['incremental', {}, { start: 0, stepPct: 1 }],
  ['trend', { SLOPE: '1.2', NOISE: '0.8', START: '30' }, { start: 30, slope: 1.2, noise: 0.8 }],
  ['spike', {}, { baseline: 0, spikeHeight: 10, pSpike: 0.2 }],
  ['wave', {}, { amplitude: 1, frequencyHz: 1 }],
  ['noise', {}, { base: 0, noise: 1 }],
  ['finite_test', { MAX_UPDATES: '60', START_TS_MS: '5' }, { seed: 0, maxUpdates: 60, startTsMs: 5 }],
  ['climate', {}, { periodMs: 15_000 }],
  ['host', {}, { periodMs: 5_000 }],
])('[CF8] %s has its parameters and defaults', (type, parameters, expected) => {
  const named = Object.entries(parameters).map(([name, text]) => [`SENSOR_0_${name}`, text]);

  const sensors = sensorsOf({ SENSORS: '1', SENSOR_0_TYPE: type, ...Object.fromEntries(named) });

  expect(sensors[0]).toMatchObject({ type, ...expected });
});

test('[CF8] SENSOR_INTERVAL_SECONDS is the period of climate sensors that have none', () => {
  const sensors = sensorsOf({
    SENSORS: '2',
    SENSOR_INTERVAL_SECONDS: '0.5',
    SENSOR_0_TYPE: 'climate',
    SENSOR_1_TYPE: 'climate',
    SENSOR_1_PERIOD_MS: '70',
  });

  expect(sensors.map(({ periodMs }) => periodMs)).toEqual([500, 70]);
});

test('[CF8] every missing and wrong parameter is a problem', () => {
  const loaded = loadConfig([], {
    SENSORS: '5',
    SENSOR_0_TYPE: 'numeric',
    SENSOR_0_MIN: 'low',
    SENSOR_1_TYPE: 'fusion',
    SENSOR_2_TYPE: 'finite_test',
    SENSOR_3_TYPE: 'wave',
    SENSOR_3_PERIOD_MS: '0',
    SENSOR_3_NAME: 'a+b',
    SENSOR_3_UNIT: '°°°°°°°°°°°°°°°°°°',
    SENSOR_4_TYPE: 'wave',
    SENSOR_4_UNIT: '°°°°°°°°°°°°°°°°°°',
  });

  expect(loaded).toEqual({
    ok: false,
    problem: [
      'SENSOR_0_MIN = "low" (environment): must be a number from -1e+100 to 1e+100',
      'SENSOR_0_MAX is not set: must be a number from -1e+100 to 1e+100',
      'SENSOR_1_TYPE = "fusion" (environment): must be one of numeric, boolean, categorical, incremental, trend, spike, wave, noise, finite_test, climate, host',
      'SENSOR_2_MAX_UPDATES is not set: must be a whole number from 1 to 1000000000',
      'SENSOR_2_START_TS_MS is not set: must be a whole number from 0 to 8640000000000000',
      'SENSOR_3_PERIOD_MS = "0" (environment): must be a whole number from 1 to 86400000',
      'SENSOR_3_NAME = "a+b" (environment): a sensor id has no control characters, no + or #, no space at its ends, got "a+b@3"',
      'SENSOR_4_UNIT = "°°°°°°°°°°°°°°°°°°" (environment): must be at most 32 bytes',
    ],
  });
});

function sensorsOf(environment: { [name: string]: string }): readonly SensorOptions[] {
  const loaded = loadConfig([], environment);
  if (!loaded.ok) throw new Error(loaded.problem.join('\n'));
  return loaded.value.config.sensors;
}
