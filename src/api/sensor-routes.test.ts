import { expect, test } from 'vitest';
import type { KnownSensor, SensorRegistry } from '../hub/sensor-registry.ts';
import type { Alert } from '../model/alert.ts';
import type { LatestReading } from '../model/view.ts';
import { alertList, sensors } from './sensor-routes.ts';
import { apiOn, sensorId } from './testing.ts';

const OVEN = sensorId('hall/oven');

test('[RE6] the registry is shown a row a sensor, with what people call it', async () => {
  const { get, say } = await apiOn({ registry: registryWith(OVEN, true) });
  await say('hall/oven', 21.5, { unit: 'Cel', periodMs: 1_000 });
  await say('hall/door', true);

  const rows = sensors.parse(await (await get('/api/v1/sensors')).json());

  expect(rows.map(({ sensor }) => sensor)).toEqual(['hall/door', 'hall/oven']);
  expect(rows[1]).toEqual({
    sensor: 'hall/oven',
    name: 'The big oven',
    group: 'ovens',
    labels: { floor: '2' },
    kind: 'number',
    unit: 'Cel',
    origins: ['ann'],
    period_ms: 1_000,
    cadence_ms: 10_000,
    stale_after_ms: 30_000,
    stale: true,
    first_seen_ms: 5,
    last_seen_ms: 7,
  });
});

test.each([
  ['match=hall/%2B', ['hall/door', 'hall/oven']],
  ['match=attic/%23', []],
  ['group=ovens', ['hall/oven']],
  ['label=floor', ['hall/oven']],
  ['label=floor%3D2', ['hall/oven']],
  ['label=floor%3D3', []],
  ['stale=true', ['hall/oven']],
  ['stale=false', ['hall/door']],
])('[RE6] %s narrows the registry', async (query, wanted) => {
  const { get, say } = await apiOn({ registry: registryWith(OVEN, true) });
  await say('hall/oven', 21.5);
  await say('hall/door', true);

  const rows = sensors.parse(await (await get(`/api/v1/sensors?${query}`)).json());

  expect(rows.map(({ sensor }) => sensor)).toEqual(wanted);
});

test('[RE3] what the registry takes for silent is stale among the latest readings and in the metrics too', async () => {
  const { get, say } = await apiOn({ registry: registryWith(OVEN, true) });
  await say('hall/oven', 21.5);
  await say('hall/door', true);

  const latest = await (await get('/api/v1/latest')).json();
  const metrics = await (await get('/metrics')).text();

  expect(latest).toMatchObject([
    { sensor: 'hall/door', stale: false },
    { sensor: 'hall/oven', stale: true },
  ]);
  expect(metrics).toContain('sensorium_sensors_stale 1');
});

test('[AL8] alerts are shown with who has taken their latest change', async () => {
  const raised: Alert = {
    ...{ rule: 'too-hot', sensor: OVEN, field: '', severity: 'critical', state: 'raised', turn: 3 },
    ...{ raisedMs: 5, changedMs: 5, text: 'above 80', value: 81 },
    told: { ops: 'too-hot:3:raised:hall/oven', night: 'too-hot:2:cleared:hall/oven' },
  };
  const cleared: Alert = { ...raised, rule: 'cold', state: 'cleared', told: {} };
  const { get } = await apiOn({ alerts: () => [raised, cleared] });

  const all = alertList.parse(await (await get('/api/v1/alerts')).json());
  const some = alertList.parse(await (await get('/api/v1/alerts?state=cleared')).json());

  expect(all[0]).toMatchObject({ key: 'too-hot:3:raised:hall/oven', told: ['ops'], turn: 3, value: 81 });
  expect(some.map(({ rule }) => rule)).toEqual(['cold']);
});

function registryWith(silent: typeof OVEN, isOverdue: boolean): SensorRegistry {
  return {
    known: (latest: LatestReading): KnownSensor => {
      const { sensor } = latest.record;
      const description =
        sensor === silent ? { sensor, name: 'The big oven', group: 'ovens', labels: { floor: '2' } } : null;
      return {
        ...{ sensor, kind: 'number', description, cadenceMs: 10_000, staleAfterMs: 30_000 },
        ...{ isOverdue: sensor === silent && isOverdue, firstSeenMs: 5, lastSeenMs: 7 },
      };
    },
    isOverdue: ({ record }) => record.sensor === silent && isOverdue,
    describe: () => Promise.reject(new Error('nobody describes here')),
  };
}
