// Seeds that once failed, each with what it was. New ones are found by `npm run soak`.

import { expect, test } from 'vitest';
import type { FaultChoice } from '../../src/sim/faults.ts';
import { runScenario } from '../../src/sim/scenario.ts';

interface Pinned {
  readonly seed: number;
  readonly nodes: number;
  readonly rules: string;
  readonly was: string;
  readonly order?: 'on';
  readonly faults?: FaultChoice;
  readonly virtualMs?: number;
}

const PINNED: readonly Pinned[] = [
  {
    seed: 120_231,
    nodes: 5,
    rules: '[RP13]',
    was: 'a delta kept for the next one to ask still held what a tombstone of another stream had beaten',
  },
  {
    seed: 130_928,
    nodes: 3,
    rules: '[RP16]',
    was: 'who had never heard of a stream did not notice that its tombstones had been dropped',
  },
  {
    seed: 216_964,
    nodes: 7,
    rules: '[RP15]',
    was: 'of two with as much of a stream one had dropped a tombstone and the other not yet',
  },
  {
    seed: 217_192,
    nodes: 4,
    rules: '[RP15]',
    was: 'a tombstone dropped in one life stood in the way of older readings again in the next',
  },
  {
    seed: 10,
    nodes: 4,
    faults: ['crash', 'backup', 'power', 'loss', 'partition'],
    rules: '[SM8]',
    was: 'the ledger took a tombstone of a life that a backup undid for one that counts',
  },
  {
    seed: 4_069,
    nodes: 12,
    order: 'on',
    rules: '[OR41]',
    was: 'twelve with slow disks outbid each other for ever and founded no group',
  },
  {
    seed: 906_486,
    nodes: 3,
    order: 'on',
    rules: '[OR25]',
    was: 'a lost disk had drawn a higher identity than the next one, which never got its place in the group',
  },
  {
    seed: 921_521,
    nodes: 7,
    order: 'on',
    rules: '[OR36]',
    was: 'a newcomer asked all it had links to for a place, and the leader was none of them',
  },
  {
    seed: 905_183,
    nodes: 3,
    order: 'on',
    rules: '[PR16]',
    was: 'a reading at the disk while its node took another name was never ordered, by the one name or the other',
  },
  {
    seed: 921_312,
    nodes: 3,
    virtualMs: 30_000,
    rules: '[RP16]',
    was: 'a peer whose disk was lost twice kept of its first life what its second had forgotten',
  },
];

for (const { seed, nodes, rules, was, order = 'off', faults = 'all', virtualMs = 60_000 } of PINNED) {
  test(`[SM16]${rules} seed ${seed}: ${was}`, () => {
    const { problems } = runScenario({
      seed,
      nodes,
      virtualMs,
      faults,
      codec: false,
      story: false,
      mutation: null,
      order,
    });

    expect(problems).toEqual([]);
  });
}
