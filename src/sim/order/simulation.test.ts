import { expect, test } from 'vitest';
import { orderReportText } from './report.ts';
import { runOrderScenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import {
  type OrderSimulationOptions,
  orderNodesOf,
  orderReplayCommand,
  simulateOrder,
} from './simulation.ts';

const OPTIONS: OrderSimulationOptions = {
  seed: 1,
  seeds: 3,
  nodes: { min: 3, max: 5 },
  virtualMs: 3_000,
  faults: 'all',
  only: null,
  codec: false,
  disk: 'mixed',
  story: false,
  mutation: null,
};
const ONE = { ...OPTIONS, seed: 7, nodes: 3 };

test('[SM40] two runs of one seed have one hash, two seeds have two, and who watches changes nothing', () => {
  const first = runOrderScenario(ONE);
  const again = runOrderScenario({ ...ONE, story: true });
  const other = runOrderScenario({ ...ONE, seed: 8 });

  expect(again.hash).toBe(first.hash);
  expect(again.counts).toEqual(first.counts);
  expect(again.story.length).toBeGreaterThan(50);
  expect(other.hash).not.toBe(first.hash);
});

test('[SM41] with every message as bytes the machines do the same', () => {
  const plain = runOrderScenario(ONE);
  const coded = runOrderScenario({ ...ONE, codec: true });

  expect(coded.hash).toBe(plain.hash);
});

test('[SM43] a run without some of its events draws the others as they were', () => {
  const many = { ...ONE, seed: 16, virtualMs: 6_000 };
  const whole = runOrderScenario(many);
  const kept = whole.plan.events.filter(({ id }) => id % 2 === 0);
  const half = runOrderScenario({ ...many, only: new Set(kept.map(({ id }) => id)) });

  expect(kept.length).toBeGreaterThan(2);
  expect(half.plan.events).toEqual(kept);
});

test('[SM44] a failed seed is reported with the line that runs it again', () => {
  const options: OrderSimulationOptions = { ...OPTIONS, mutation: 'forgets its promises' };

  const result = simulateOrder(options);

  const [failure] = result.failures;
  expect(result.ok).toBe(false);
  expect(failure?.problems[0]?.checker).toBe('said is durable');
  expect(orderReportText(result)).toContain(`replay: ${failure?.replay}`);
});

test('[SM44] the line names all that a run depends on', () => {
  const line = orderReplayCommand({
    ...ONE,
    virtualMs: 5_000,
    faults: ['crash', 'replay'],
    only: new Set([3, 17]),
    codec: true,
    mutation: 'forgets its promises',
  });

  expect(line).toBe(
    "sensorium simulate --order --seed 7 --nodes 3 --for 5 --faults crash,replay --only 3,17 --codec --broken 'forgets its promises'",
  );
});

test('[SM44] a shrunk run fails the same checker with fewer events', () => {
  const failed = { ...ONE, mutation: 'keeps its identity when its disk is lost', virtualMs: 4_000 } as const;
  const seed = Array.from({ length: 60 }, (_, at) => at + 1).find((one) => {
    return runOrderScenario({ ...failed, seed: one }).problems.length > 0;
  });
  const whole = runOrderScenario({ ...failed, seed: seed ?? 0 });

  const shrunk = shrink({ ...failed, seed: seed ?? 0 });

  expect(shrunk?.result.problems[0]?.checker).toBe(whole.problems[0]?.checker);
  expect(shrunk?.result.plan.events.length).toBeLessThan(whole.plan.events.length);
});

test('[SM44] most groups are of three to five, and some as large as allowed', () => {
  const sizes = Array.from({ length: 2_000 }, (_, seed) => orderNodesOf(seed, { min: 1, max: 50 }));

  expect(Math.max(...sizes)).toBe(50);
  expect(sizes.filter((size) => size >= 3 && size <= 5).length).toBeGreaterThan(1_000);
});
