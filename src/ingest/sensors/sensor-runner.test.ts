import { afterEach, expect, test } from 'vitest';
import type { SensorOptions } from '../../config/sensors.ts';
import type { Log } from '../../kit/log.ts';
import { Random } from '../../kit/random.ts';
import { recordingLog, silentLog } from '../../kit/testing.ts';
import { annsHub, OVERLOADED, type RecordingHub } from '../testing.ts';
import { HostSource } from './host-source.ts';
import { LibraryProbe } from './library-probe.ts';
import { SensorLoop } from './sensor-loop.ts';
import { SensorRunner } from './sensor-runner.ts';
import type { SensorSource } from './source.ts';
import { sensorOf } from './testing.ts';

const FIELDS = ['cpu_load_pct', 'memory_used_pct', 'disk_used_pct', 'net_rx_bytes_s', 'net_tx_bytes_s'];

let running: { stop(): Promise<void> } | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

test('[IN14] a finite test submits its readings at its own times, and then nothing', async () => {
  const finite = sensorOf({
    type: 'finite_test',
    seed: 7,
    maxUpdates: 5,
    startTsMs: 1_000,
    periodMs: 2,
    unit: 'Cel',
  });
  const stories = [];

  for (let start = 0; start < 2; start++) {
    const hub = await run([finite]);
    await hub.untilSubmitted(5);
    await running?.stop();
    stories.push(hub.submitted);
  }

  expect(stories[0]).toEqual(stories[1]);
  expect(stories[0]).toMatchObject(
    [1_000, 1_002, 1_004, 1_006, 1_008].map((tsMs) => ({
      sensor: 'finite_test@0',
      tsMs,
      unit: 'Cel',
      periodMs: 2,
    })),
  );
  expect(stories[0]).toHaveLength(5);
});

test('[IN17] a finite test misses no reading while the hub refuses', async () => {
  const hub = annsHub();
  const log = recordingLog();
  hub.refusal = OVERLOADED;
  const finite = sensorOf({ type: 'finite_test', seed: 7, maxUpdates: 3, startTsMs: 0, periodMs: 1 });

  await run([finite], hub, log);
  await until(() => log.lines.some(({ message }) => message === 'sensor reading refused'));
  hub.refusal = null;
  await hub.untilSubmitted(3);

  expect(new Set(hub.submitted.map(({ tsMs }) => tsMs))).toEqual(new Set([0, 1, 2]));
});

test('[IN17] a refused reading of another sensor is dropped, and said once', async () => {
  const hub = annsHub();
  const log = recordingLog();
  hub.refusal = OVERLOADED;

  await run([sensorOf({ type: 'boolean', pTrue: 1, periodMs: 1 })], hub, log);
  await until(() => log.lines.length > 1);
  await periodsPass(30);
  hub.refusal = null;
  await hub.untilSubmitted(1);

  expect(log.lines.slice(1)).toEqual([
    {
      level: 'warn',
      message: 'sensor reading refused',
      fields: { sensor: 'boolean@0', why: 'too many submits are waiting for the disk' },
    },
  ]);
});

test('[IN17] a reading carries the moment of sampling and arrives after its latency', async () => {
  const hub = await run([
    sensorOf({ type: 'climate', periodMs: 60_000, latencyMs: 60, latencyJitterMs: 10 }),
  ]);

  await hub.untilSubmitted(1);

  const delayMs = Date.now() - (hub.submitted[0]?.tsMs ?? 0);
  expect(delayMs).toBeGreaterThanOrEqual(48);
  expect(hub.submitted[0]?.value).toHaveProperty('temperature_c');
});

test('[IN16] periods follow each other on a schedule that does not drift', async () => {
  const startedAtMs = performance.now();
  const hub = await run([sensorOf({ type: 'boolean', pTrue: 1, periodMs: 10 })]);

  await hub.untilSubmitted(30);

  const elapsedMs = performance.now() - startedAtMs;
  // Thirty readings are twenty-nine periods; a schedule that adds its own lateness would take longer each time.
  expect(elapsedMs).toBeGreaterThanOrEqual(285);
});

test('[IN16] periods missed while the process was busy are not made up for', async () => {
  const periodMs = 20;
  const hub = await run([sensorOf({ type: 'boolean', pTrue: 1, periodMs })]);
  await hub.untilSubmitted(2);

  const before = hub.submitted.length;
  const stallUntilMs = performance.now() + 20 * periodMs;
  while (performance.now() < stallUntilMs);
  await hub.untilSubmitted(before + 3);
  const [first = 0, second = 0, third = 0] = hub.submitted.slice(before).map(({ tsMs }) => tsMs ?? 0);

  // One late reading, then the schedule again: at most one of the gaps is short.
  expect(third - first).toBeGreaterThanOrEqual(periodMs - 3);
  expect(third - second).toBeGreaterThan(0);
});

test('[IN16] a sensor whose readings cannot get away skips periods instead of piling them up', async () => {
  const hub = annsHub();
  hub.holdDisk();
  await run([sensorOf({ type: 'boolean', pTrue: 1, periodMs: 1 })], hub);

  await hub.untilSubmitted(256);
  await periodsPass(50);
  const held = hub.submitted.length;
  hub.releaseDisk();
  await hub.untilSubmitted(257);

  expect(held).toBe(256);
});

test('[IN17] a source that fails is said once, and asked again', async () => {
  const hub = annsHub();
  const log = recordingLog();
  let asked = 0;
  const source: SensorSource = {
    sample: () => {
      if (asked++ < 3) throw new Error('no such device');
      return { value: asked };
    },
  };

  running = new SensorLoop(hub, log, sensorOf({ type: 'host', periodMs: 1 }), source, new Random(1));
  await hub.untilSubmitted(1);

  expect(hub.submitted[0]).toMatchObject({ sensor: 'host@0', value: 4 });
  expect(log.lines).toEqual([
    { level: 'warn', message: 'sensor cannot be read', fields: { sensor: 'host@0', why: 'no such device' } },
  ]);
});

test("[IN15] a host sensor says this machine's load in one record", async () => {
  const hub = await run([sensorOf({ type: 'host', periodMs: 50 })]);

  await hub.untilSubmitted(2);

  for (const { value } of hub.submitted.slice(0, 2)) expectHostRecord(value);
});

test('[IN15] the library for other systems says the same fields', async () => {
  const source = new HostSource(await LibraryProbe.open());

  const { value } = await source.sample();

  expectHostRecord(value);
});

test('[IN12] a runner that stops leaves nothing under way', async () => {
  const hub = await run([
    sensorOf({ type: 'boolean', pTrue: 1, periodMs: 1 }),
    sensorOf({ type: 'climate', periodMs: 1, latencyMs: 500 }),
  ]);
  await hub.untilSubmitted(5);

  await running?.stop();
  const count = hub.submitted.length;
  await periodsPass(30);

  expect(hub.submitted).toHaveLength(count);
});

async function run(
  sensors: readonly SensorOptions[],
  hub: RecordingHub = annsHub(),
  log: Log = silentLog,
): Promise<RecordingHub> {
  running = await SensorRunner.start(hub, log, sensors);
  return hub;
}

/** Long enough for a sensor with a period of 1 ms to do what it must not do. */
function periodsPass(count: number): Promise<void> {
  const endMs = performance.now() + count;
  return until(() => performance.now() >= endMs);
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 5_000) throw new Error('did not happen');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function expectHostRecord(value: unknown): void {
  const record: { readonly [field: string]: number } = { ...(value as object) };
  expect(Object.keys(record).filter((field) => field !== 'temperature_c')).toEqual(FIELDS);
  for (const field of FIELDS) expect(record[field], field).toBeGreaterThanOrEqual(0);
  for (const field of FIELDS.slice(0, 3)) expect(record[field], field).toBeLessThanOrEqual(100);
  expect(record.memory_used_pct).toBeGreaterThan(0);
}
