import { expect, test } from 'vitest';
import type { FaultChoice } from './faults.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { runScenario } from './scenario.ts';

const SEEDS_MAX = 40;

const seeds = Array.from({ length: SEEDS_MAX }, (_, seed) => seed + 1);

for (const name of Object.keys(MUTATIONS).filter(isMutation)) {
  test(`[SM18] a peer that ${name} is caught within ${SEEDS_MAX} seeds`, () => {
    const caught = seeds.find((seed) => run(seed, name).problems.length > 0);

    expect(caught).toBeDefined();
  });
}

test(`[SM18] sound peers pass the same ${SEEDS_MAX} seeds`, () => {
  const problems = seeds.flatMap((seed) => run(seed, null).problems);

  expect(problems).toEqual([]);
});

/** Only a cluster that falls apart and nothing else shows who does not look for lost members. */
function faultsFor(mutation: Mutation | null): FaultChoice {
  return mutation === 'stops dialling' ? ['partition'] : 'all';
}

function run(seed: number, mutation: Mutation | null) {
  return runScenario({
    seed,
    nodes: 4,
    virtualMs: 30_000,
    faults: faultsFor(mutation),
    codec: false,
    story: false,
    mutation,
    order: 'off',
  });
}

function isMutation(name: string): name is Mutation {
  return name in MUTATIONS;
}
