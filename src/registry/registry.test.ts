import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { must } from '../kit/assert.ts';
import { recordingLog } from '../kit/testing.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { descriptionRegister } from './descriptions.ts';
import { Registry } from './registry.ts';

const OVEN = 'hall/oven' as SensorId;
const DOOR = 'hall/door' as SensorId;

let directory: string;
let nowMs: number;
let hub: MemoryHub;
let registry: Registry;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sensorium-registry-'));
  nowMs = 1_700_000_000_000;
  hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => nowMs, changesKept: 16 });
  registry = await started();
});

afterEach(async () => {
  await registry.stop();
  rmSync(directory, { recursive: true });
});

test('[RE1] [RE3] a sensor that is silent for three cadences is overdue, and speaks again', async () => {
  await speak(OVEN, 10_000, 6);
  const first = must(hub.latestOf(OVEN), 'it spoke').record.ingestTsMs - 50_000;

  const known = knownOf(OVEN);
  const before = registry.isOverdue(latestOf(OVEN), nowMs + 30_000);
  const after = [...registry.overdue(nowMs + 30_001, 0)];
  await speak(OVEN, 40_000, 1);

  expect(known).toMatchObject({
    kind: 'number',
    cadenceMs: 10_000,
    staleAfterMs: 30_000,
    firstSeenMs: first,
  });
  expect(before).toBe(false);
  expect(after).toEqual([{ sensor: OVEN, lastSeenMs: nowMs - 40_000, cadenceMs: 10_000 }]);
  expect([...registry.overdue(nowMs, 0)]).toEqual([]);
});

test('[RE3] a sensor without a cadence is stale after five minutes, and nobody is told of its silence', async () => {
  await speak(DOOR, 10_000, 2);

  const overdue = registry.isOverdue(latestOf(DOOR), nowMs + 300_001);

  expect(overdue).toBe(true);
  expect([...registry.overdue(nowMs + 1e9, 0)]).toEqual([]);
});

test('[RE3] what its origin declares makes a sensor stale, and is not enough to tell anybody of its silence', async () => {
  await hub.submit([{ sensor: DOOR, value: true, periodMs: 2_000 }], 'stored');

  registry = await restarted();

  expect(knownOf(DOOR)).toMatchObject({ cadenceMs: 2_000, staleAfterMs: 6_000 });
  expect(registry.isOverdue(latestOf(DOOR), nowMs + 6_001)).toBe(true);
  expect([...registry.overdue(nowMs + 1e9, 0)]).toEqual([]);
});

test('[RE4] a name, a group and labels are registers of their own, each change leaving the others as they were', async () => {
  await speak(OVEN, 10_000, 1);

  await registry.describe(OVEN, { name: 'The big oven', labels: { floor: '2', line: 'b' } });
  await registry.describe(OVEN, { group: 'ovens', labels: { line: '' } });

  expect(knownOf(OVEN).description).toEqual({
    sensor: OVEN,
    name: 'The big oven',
    group: 'ovens',
    labels: { floor: '2' },
  });
  expect([...hub.latest()].map(({ record }) => record.sensor)).toEqual([OVEN]);
});

test('[RE4] the last write wins, from whichever node it came, and what says nothing more is forgotten', async () => {
  await speak(OVEN, 10_000, 1);
  const register = descriptionRegister(OVEN);
  const aheadMs = Date.now() + 3_000;
  await hub.submit(
    [{ sensor: register, value: { sensor: OVEN, name: 'from bob' }, tsMs: aheadMs }],
    'stored',
  );

  const fromBob = knownOf(OVEN).description?.name;
  await registry.describe(OVEN, { name: 'from ann' });
  const fromAnn = knownOf(OVEN).description?.name;
  await registry.describe(OVEN, { name: '' });

  expect([fromBob, fromAnn, hub.latestOf(register)]).toEqual(['from bob', 'from ann', null]);
});

test.each([
  ['a sensor nobody knows', 'attic', { name: 'x' }, 'no such sensor here: "attic"'],
  ['a long name', OVEN, { name: 'x'.repeat(129) }, 'a name has at most 128 bytes'],
  ['a label with a space', OVEN, { labels: { 'my floor': '2' } }, 'a label is 1 to 56 of'],
  [
    'too many labels',
    OVEN,
    { labels: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`l${at}`, 'x'])) },
    `a sensor has at most ${LIMITS.labelsPerSensorMax} labels`,
  ],
])('[RE4] %s is refused with what is allowed', async (_, sensor, change, why) => {
  await speak(OVEN, 10_000, 1);

  await expect(registry.describe(sensor as SensorId, change)).rejects.toThrow(why);
});

test('[RE5] what was learned is there after a restart, and a file that makes no sense is learned anew', async () => {
  await speak(OVEN, 10_000, 6);
  const before = knownOf(OVEN);

  registry = await restarted();
  const after = knownOf(OVEN);
  await registry.stop();
  writeFileSync(
    join(directory, 'registry.jsonl'),
    '{"sensorium":"registry","format":1}\n["hall/oven",1]\nx\n',
  );
  registry = await started();

  expect(after).toEqual(before);
  expect(knownOf(OVEN)).toMatchObject({ cadenceMs: null });
});

test('[RE1] a sensor that is forgotten leaves the registry, and begins anew when it speaks', async () => {
  await speak(OVEN, 10_000, 6);

  await hub.forget([OVEN]);
  hub.announce({
    ...{ type: 'registers-changed', origin: hub.self, identity: hub.identity, source: 'local_sensor' },
    ...{ from: hub.self, records: [{ kind: 'tombstone', n: 99, sensor: OVEN, lwwTsMs: nowMs }] },
  });
  const forgotten = registry.counters().registry_sensors;
  await speak(OVEN, 10_000, 1);

  expect(forgotten).toBe(0);
  expect(knownOf(OVEN)).toMatchObject({ cadenceMs: null, firstSeenMs: nowMs });
});

function started(): Promise<Registry> {
  return Registry.start(hub, recordingLog(), join(directory, 'registry.jsonl'));
}

async function restarted(): Promise<Registry> {
  await registry.stop();
  return started();
}

async function speak(sensor: SensorId, everyMs: number, times: number): Promise<void> {
  for (let at = 0; at < times; at++) {
    nowMs += everyMs;
    await hub.submit([{ sensor, value: 21.5 }], 'stored');
  }
}

function latestOf(sensor: SensorId) {
  return must(hub.latestOf(sensor), 'the sensor has spoken');
}

function knownOf(sensor: SensorId) {
  return registry.known(latestOf(sensor), nowMs);
}
