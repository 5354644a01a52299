import { expect, test } from 'vitest';
import { type Loaded, loadConfig } from './config.ts';
import { OPTIONS } from './options.ts';
import { changesBetween, RELOADED } from './reload.ts';

test('[OP2] of what has changed it is said what takes effect at once and what waits for the next start', () => {
  const before = loadedWith({ LOG_LEVEL: 'INFO', SITE: 'a', SENSORS: '1', SENSOR_0_TYPE: 'climate' });
  const after = loadedWith({ LOG_LEVEL: 'DEBUG', SITE: 'b', HISTORY_MAX_AGE_MS: '600000' });

  const { taken, waiting } = changesBetween(before, after);

  expect(taken).toEqual(['LOG_LEVEL', 'HISTORY_MAX_AGE_MS']);
  expect(waiting).toContain('SITE');
  expect(waiting).toContain('SENSORS');
  expect(waiting).toContain('SENSOR_0_TYPE');
});

test('[OP2] that a secret has changed is said without naming it', () => {
  const before = loadedWith({ MQTT_BRIDGE_URL: 'mqtt://u:old@h' });
  const after = loadedWith({ MQTT_BRIDGE_URL: 'mqtt://u:new@h' });

  expect(changesBetween(before, after)).toEqual({ taken: [], waiting: ['an option that is not shown'] });
  expect(changesBetween(before, before)).toEqual({ taken: [], waiting: [] });
});

test('[OP2] what takes effect at once is in the table of options', () => {
  const names = Object.values(OPTIONS).map(({ name }) => name);

  expect(names).toEqual(expect.arrayContaining([...RELOADED]));
});

function loadedWith(environment: { readonly [name: string]: string }): Loaded {
  const loaded = loadConfig([], environment);
  if (!loaded.ok) throw new Error(loaded.problem.join('\n'));
  return loaded.value;
}
