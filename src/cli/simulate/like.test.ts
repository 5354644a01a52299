import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureOutage } from '../../sim/order/outage.ts';
import { likenessOf } from './like.ts';

test('[OP11] a shipped topology is taken with its size, rates and mean faults', async () => {
  const site = await likenessOf('6', ['GOSSIP_SYNC_INTERVAL_MS=700']);

  expect(site.nodes).toBe(6);
  expect(site.sensorsPerNode).toBe(3);
  expect(site.latencyMs.max).toBeGreaterThan(60);
  expect(site.lossPercent).toBeCloseTo(1.38, 1);
  expect(site.options.replication.gossipIntervalMs).toBe(700);
});

test('[OP11] a file of options gives size, sensors, delays and knobs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-like-'));
  const file = join(directory, 'node.env');
  const options = {
    ...{ EXPECT_NODES: '4', PROFILE: 'wan', NETWORK_DELAY_MS: '20', NETWORK_PACKET_LOSS_PROB: '0.02' },
    ...{ SENSORS: '2', SENSOR_0_TYPE: 'noise', SENSOR_0_PERIOD_MS: '1000' },
    ...{ SENSOR_1_TYPE: 'noise', SENSOR_1_PERIOD_MS: '3000' },
  };
  writeFileSync(
    file,
    Object.entries(options)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );

  const site = await likenessOf(file, []);
  rmSync(directory, { recursive: true });

  expect(site).toMatchObject({
    nodes: 4,
    sensorsPerNode: 2,
    lossPercent: 2,
    latencyMs: { min: 20.5, max: 22 },
  });
  expect(site.periodMs).toBeCloseTo(1_500);
  expect(site.options.replication.gossipIntervalMs).toBe(5_000);
});

test('[OP11] what makes no sense is refused with what is allowed', async () => {
  await expect(likenessOf('/no/such/file', [])).rejects.toThrow('one of base, 6, 12, demo');
  await expect(likenessOf('base', ['FAST'])).rejects.toThrow('--set: it is NAME=VALUE');
  await expect(likenessOf('base', ['GOSSIP_SYNC_INTERVAL_MS=0'])).rejects.toThrow(
    'must be a whole number from 10',
  );
});

test('[OP11] an outage lasts at least as long as the leader may be silent, and longer where it may be longer', () => {
  const outage = (suspectMs: number) =>
    measureOutage({
      ...{ seed: 3, voters: 3, latencyMs: { min: 1, max: 5 }, ordering: { heartbeatMs: 50 } },
      election: { suspectMs, okMs: 300 },
    }) ?? 0;

  expect(outage(500)).toBeGreaterThan(400);
  expect(outage(2_000)).toBeGreaterThan(outage(500) + 1_000);
});
