import { expect, test } from 'vitest';
import { reportText } from './report.ts';
import { runScenario } from './scenario.ts';
import { nodesOf, replayCommand, type SimulationOptions, simulate } from './simulation.ts';

const OPTIONS: SimulationOptions = {
  seed: 1,
  seeds: 3,
  nodes: { min: 2, max: 4 },
  virtualMs: 20_000,
  faults: 'all',
  codec: false,
  story: false,
  mutation: null,
};

test('[SM1] two runs of one seed have one hash, and two seeds have two', () => {
  const scenario = { ...OPTIONS, nodes: 3, seed: 5, order: 'on' } as const;

  const first = runScenario(scenario);
  const again = runScenario(scenario);
  const other = runScenario({ ...scenario, seed: 6 });

  expect(again.hash).toBe(first.hash);
  expect(again.counts).toEqual(first.counts);
  expect(other.hash).not.toBe(first.hash);
  expect(first.counts.messages).toBeGreaterThan(100);
});

test('[SM1] who watches does not change what happens: with a story the hash is the same', () => {
  const scenario = { ...OPTIONS, nodes: 3, seed: 5, order: 'on' } as const;

  const silent = runScenario(scenario);
  const told = runScenario({ ...scenario, story: true });

  expect(told.hash).toBe(silent.hash);
  expect(told.story.length).toBeGreaterThan(10);
  expect(silent.story).toEqual([]);
});

test('[SM3] with the codec every message crosses as bytes, and the peers do the same as without', () => {
  const scenario = { ...OPTIONS, nodes: 3, seed: 7, order: 'on' } as const;

  const plain = runScenario(scenario);
  const coded = runScenario({ ...scenario, codec: true });

  expect(coded.problems).toEqual([]);
  expect(coded.hash).toBe(plain.hash);
  expect(coded.counts.bytes).toBeGreaterThan(10_000);
  expect(plain.counts.bytes).toBe(0);
});

test('[SM19] a simulation says how far it is and what came of it', () => {
  const heard: number[] = [];

  const result = simulate(OPTIONS, ({ done }) => heard.push(done));

  expect(heard).toEqual([1, 2, 3]);
  expect(result).toMatchObject({ ok: true, seeds: 3, repeated: 1, failures: [] });
  expect(reportText(OPTIONS, result)).toContain('all of them passed');
});

test('[SM19] a failed seed is reported with the line that runs it again', () => {
  const options: SimulationOptions = { ...OPTIONS, mutation: 'says everything many times' };

  const result = simulate(options, () => {});

  const [failure] = result.failures;
  expect(result.ok).toBe(false);
  expect(failure?.problems.length).toBeGreaterThan(0);
  expect(failure?.replay).toBe(replayCommand(options, failure?.seed ?? 0, failure?.nodes ?? 0));
  expect(reportText(options, result)).toContain(`replay: ${failure?.replay}`);
});

test('[SM19] the line names all that a run depends on', () => {
  const line = replayCommand({ virtualMs: 30_000, faults: ['loss', 'crash'], codec: true }, 17, 5);

  expect(line).toBe('sensorium simulate --seed 17 --nodes 5 --for 30 --faults loss,crash --codec');
});

test('[SM19] most seeds are small and some are as large as allowed', () => {
  const sizes = Array.from({ length: 2_000 }, (_, seed) => nodesOf(seed, { min: 3, max: 50 }));

  expect(Math.min(...sizes)).toBe(3);
  expect(Math.max(...sizes)).toBe(50);
  expect(sizes.filter((size) => size <= 8).length).toBeGreaterThan(1_000);
});
