// Clusters of up to two hundred whole peers, joined and measured in virtual time: a small and quick part of what
// `npm run bench -- scale` measures at a thousand.

import { expect, test } from 'vitest';
import { fleetOptionsOf, type Knobs } from '../../src/sim/scale/knobs.ts';
import { COLD_START, measureColdStart } from '../../src/sim/scale/measure/cold-start.ts';
import { CONVERGENCE, measureConvergence } from '../../src/sim/scale/measure/convergence.ts';
import { DETECTION, measureDetection } from '../../src/sim/scale/measure/detection.ts';
import { FALSE_DEATHS, measureFalseDeaths } from '../../src/sim/scale/measure/false-deaths.ts';
import { GHOSTS, measureGhosts } from '../../src/sim/scale/measure/ghosts.ts';
import { HEAL, measureHeal } from '../../src/sim/scale/measure/heal.ts';
import { LATE_JOINER, measureLateJoiner } from '../../src/sim/scale/measure/late-joiner.ts';
import { measureTraffic } from '../../src/sim/scale/measure/traffic.ts';
import { spreadOf } from '../../src/sim/scale/quantiles.ts';

const LOAD = { load: { sensorsPerNode: 4, periodMs: 1_000 }, warmUpMs: 3_000, forMs: 5_000 };

test('[SM20] the same seed and options measure the same, and another seed something else', () => {
  const [one, again, other] = [1, 1, 2].map((seed) =>
    measureTraffic(fleetOptionsOf(knobs(20, { seed })), LOAD),
  );

  expect(again).toEqual(one);
  expect(other?.types).not.toEqual(one?.types);
});

test('[SM22] messages that cross as bytes give the same measurement as messages by reference', () => {
  const options = fleetOptionsOf(knobs(20, { lossPercent: 10 }));

  const byReference = measureTraffic(options, LOAD);
  const asBytes = measureTraffic({ ...options, codec: true }, LOAD);

  expect(asBytes).toEqual(byReference);
  expect(byReference.readings).toBe(400);
});

test('[SM22] of one message in ten the bytes are about those of all', () => {
  const options = fleetOptionsOf(knobs(50));

  const all = measureTraffic(options, LOAD);
  const some = measureTraffic({ ...options, sizeEvery: 10 }, LOAD);

  expect(some.messagesPerNodeSecond).toBe(all.messagesPerNodeSecond);
  expect(some.bytesPerNodeSecond / all.bytesPerNodeSecond).toBeGreaterThan(0.9);
  expect(some.bytesPerNodeSecond / all.bytesPerNodeSecond).toBeLessThan(1.1);
});

test('[SM20] a cluster that begins joined is at rest: nobody has news, and all have what all have', () => {
  const { types, stalenessMs } = measureTraffic(fleetOptionsOf(knobs(100)), {
    load: null,
    warmUpMs: 0,
    forMs: 5_000,
  });

  const spoken = types.map(({ type }) => type);
  expect(spoken).not.toContain('SENSOR_UPDATE');
  expect(spoken).not.toContain('HELLO');
  expect(stalenessMs.max).toBe(0);
});

test('[SM23] what nobody can know in time is missed, and in no median', () => {
  const result = measureConvergence(knobs(10), { updates: 3, restRounds: 1, giveUpRounds: 0 });

  expect(result).toMatchObject({ tookMs: [], missed: 3 });
});

test('[RP28][SM23] one update is known to 100 peers within four rounds, half of the time', () => {
  const { tookMs, intervalMs, missed } = measureConvergence(knobs(100), { ...CONVERGENCE, updates: 7 });

  expect(missed).toBe(0);
  expect(spreadOf(tookMs).median / intervalMs).toBeLessThanOrEqual(4);
});

test('[MB4][SM23] a machine that loses power is suspected within two periods and dead everywhere within eight seconds', () => {
  const { firstSuspicionMs, allDeadMs, missed, falseDeaths } = measureDetection(knobs(150), DETECTION);

  expect(missed).toBe(0);
  expect(falseDeaths).toBe(0);
  expect(spreadOf(firstSuspicionMs).max).toBeLessThanOrEqual(2_000);
  expect(spreadOf(allDeadMs).median).toBeLessThanOrEqual(8_000);
});

for (const lostFrames of ['lost', 'late'] as const) {
  test(`[MB14][SM23] nobody who runs is called dead though 20 % of all is ${lostFrames}`, () => {
    const options = { ...FALSE_DEATHS, forMs: 60_000, lostFrames };

    const { deathsOfHealthy, nodeSeconds } = measureFalseDeaths(knobs(100, { lossPercent: 20 }), options);

    expect(deathsOfHealthy).toBe(0);
    expect(nodeSeconds).toBe(6_000);
  });
}

test('[MB12][SM23] peers that stop for a while call nobody dead, and are called dead themselves', () => {
  const options = { ...FALSE_DEATHS, forMs: 120_000, pausingShare: 0.1 };

  const { deathsOfHealthy, deathsOfPaused } = measureFalseDeaths(knobs(100), options);

  expect(deathsOfHealthy).toBe(0);
  expect(deathsOfPaused).toBeGreaterThan(0);
});

test('[MB15][SM23] a link that works one way makes nobody suspect', () => {
  const options = { ...FALSE_DEATHS, forMs: 120_000, oneWayLinks: 3 };

  const result = measureFalseDeaths(knobs(100), options);

  expect(result).toMatchObject({ suspicionsOfHealthy: 0, deathsOfHealthy: 0 });
});

test('[MB17][SM23] two halves that took each other for dead find each other again and have the same', () => {
  const result = measureHeal(knobs(60), HEAL);

  // Each of 30 says so of 30, on both sides.
  expect(result.pairsDead).toBe(1_800);
  expect(result.showsSame).toBe(true);
  expect(result.firstContactMs).toBeLessThanOrEqual(5_000);
  expect(result.stateEqualMs).toBeLessThanOrEqual(20_000);
});

test('[MB22][SM23] of nodes that are gone for good nobody speaks after twice the grace, in twenty clusters with churn', () => {
  const runs = Array.from({ length: 20 }, (_, at) => measureGhosts(knobs(10, { seed: at + 1 }), GHOSTS));

  expect(runs.reduce((sum, run) => sum + run.rememberedAtFirst, 0)).toBeGreaterThan(100);
  for (const run of runs) expect(run).toMatchObject({ remembered: 0, pairsApart: 0, goneForGood: 3 });
});

test('[MB1][SM23] a hundred peers that know three addresses are one cluster within fifteen seconds', () => {
  const { allAliveMs, stateEqualMs } = measureColdStart(knobs(100), COLD_START);

  expect(allAliveMs).toBeLessThanOrEqual(15_000);
  expect(stateEqualMs).toBeLessThanOrEqual(15_000);
});

test('[RP41][SM23] a late joiner has all within two seconds, for little more than it weighs', () => {
  const { fullStateMs, stateBytes, replicationBytes } = measureLateJoiner(knobs(200), LATE_JOINER);

  expect(fullStateMs).toBeLessThanOrEqual(2_000);
  expect(stateBytes).toBeGreaterThan(1_600);
  expect(replicationBytes / stateBytes).toBeLessThan(1.2);
});

function knobs(nodes: number, other: Partial<Knobs> = {}): Knobs {
  return { seed: 1, nodes, lossPercent: 0, intervalMs: 1_000, fanout: 3, ...other };
}
