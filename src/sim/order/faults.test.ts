import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { drawPlan, EVENT_FAMILIES, parseOrderFaults } from './faults.ts';
import { apart, bridge, chain, deaf, ring, star } from './partitions.ts';

const OPTIONS = { choice: 'all', virtualMs: 60_000, nodes: 5 } as const;

test('[SM43] the same seed draws the same events, and every family is drawn by some seed', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const plan = drawPlan(new Random(seed), OPTIONS);
    expect(drawPlan(new Random(seed), OPTIONS)).toEqual(plan);
    for (const { family } of plan.events) seen.add(family);
  }

  expect([...seen].sort()).toEqual([...EVENT_FAMILIES].sort());
});

test('[SM43] events come in the order of time, each with a number of its own', () => {
  const { events } = drawPlan(new Random(7), OPTIONS);

  expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at));
  expect(events.map(({ atMs }) => atMs)).toEqual([...events.map(({ atMs }) => atMs)].sort((a, b) => a - b));
});

test('[SM43] a list of families turns on exactly these, and none turns on nothing', () => {
  const { standing, events } = drawPlan(new Random(3), { ...OPTIONS, choice: ['crash', 'replay'] });
  const none = drawPlan(new Random(3), { ...OPTIONS, choice: 'none' });

  expect(standing).toEqual(['replay']);
  expect(new Set(events.map(({ family }) => family))).toEqual(new Set(['crash']));
  expect(none).toEqual({ standing: [], events: [] });
});

test('[SM43] an unknown family is refused with those that are known', () => {
  const refused = parseOrderFaults('crash,floods');

  expect(refused.ok ? '' : refused.problem).toContain('got "floods"');
});

test('[SM43] the partial partitions are what their names say', () => {
  expect(links(5, star(5, 0))).toEqual(['0-1', '0-2', '0-3', '0-4']);
  expect(links(4, chain(4, 1))).toEqual(['0-3', '1-2', '2-3']);
  expect(links(5, ring(5))).toEqual(['0-1', '0-4', '1-2', '2-3', '3-4']);
  expect(links(5, bridge(5, 0))).toEqual(['0-1', '0-2', '0-3', '0-4', '1-2', '3-4']);
  expect(links(4, apart(4, [0, 1]))).toEqual(['0-1', '2-3']);
  expect(deaf(3, 1)).toEqual([
    [0, 1],
    [2, 1],
  ]);
});

/** Pairs that still hear each other. */
function links(nodes: number, cuts: readonly (readonly [number, number])[]): string[] {
  const whole: string[] = [];
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) {
      if (!cuts.some(([from, to]) => from === a && to === b)) whole.push(`${a}-${b}`);
    }
  }
  return whole;
}
