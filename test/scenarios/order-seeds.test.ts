// A fixed set of seeds of the order, each another kind of bad day. `npm run soak` draws new ones; a seed that ever
// failed is pinned here with a sentence.

import { expect, test } from 'vitest';
import { type OrderSimulationOptions, simulateOrder } from '../../src/sim/order/simulation.ts';

const OPTIONS: OrderSimulationOptions = {
  seed: 1,
  seeds: 240,
  nodes: { min: 1, max: 7 },
  virtualMs: 5_000,
  faults: 'all',
  only: null,
  codec: false,
  disk: 'mixed',
  story: false,
  mutation: null,
};

test('[SM43][SM46][SM47][SM48][SM49][SM50][SM51][SM52][SM53][SM54][SM55][SM56][SM57][SM60][SM61][SM62][SM64][SM65] short runs pass with all faults', () => {
  const result = simulateOrder(OPTIONS);

  expect(result.failures).toEqual([]);
  expect(result.counts.committed).toBeGreaterThan(1_000);
  expect(result.counts.elections).toBeGreaterThan(200);
});

test('[SM43] minutes of five machines pass with all faults', () => {
  const result = simulateOrder({
    ...OPTIONS,
    seed: 10_001,
    seeds: 20,
    nodes: { min: 5, max: 5 },
    virtualMs: 60_000,
  });

  expect(result.failures).toEqual([]);
});

/** Each found something once, while the protocol was being written. */
const PINNED: readonly (readonly [string, number, number, number?])[] = [
  ['an answer to what a peer had asked before it was restarted said where to read now', 7_000_279, 60_000, 5],
  ['a vote of the later disk counted for the former one while both stood in a joint view', 60, 5_000],
  ['a lost request made a storm of requests, each answered by all that follow it', 16, 5_000],
  ['a damaged follower was probed for ever at a place its log no longer reached', 718, 5_000],
  ['a leader whose disk was stuck was woken without end at one moment', 2_066, 5_000],
  ['a newcomer without anybody to ask was woken without end at one moment', 5_017, 60_000],
  ['a voter was let go while those who stayed were no quorum', 3_265, 5_000],
  ['a leader of a moment took a silent voter for present and let another go', 202, 5_000],
  [
    'a later part of an answer overtook the first, and a tail of nobody was taken for committed',
    1_000_969,
    60_000,
    5,
  ],
  [
    'the first base of a log met a full disk, and was not tried again when there was room',
    9_000_215,
    60_000,
    5,
  ],
  ['a learner that had stood for election as a voter refused its leader for ever', 20_016_313, 4_000, 3],
  ['who had no log asked one who had left the group, and was as far behind, for ever', 9_000_589, 60_000, 5],
  ['who was far behind asked everybody for ever but the one who had what it lacked', 1_000_354, 60_000, 5],
  ['who began anew behind a base forgot to ask the leader it had followed before', 62_001_280, 60_000, 5],
  ['the last record of an outbox was behind the place where reading went on', 60_000_167, 60_000, 5],
  [
    'a disk that had been lost was never woken again in the simulator, so a full one stayed full',
    64_000_743,
    60_000,
    5,
  ],
  [
    'a name of before had been retired meanwhile, and the records of the new one waited for its answer',
    67_001_181,
    60_000,
    5,
  ],
  [
    'who had a place in a view that nobody committed took itself for put out, and asked to leave',
    68_000_483,
    60_000,
    5,
  ],
  [
    'a machine that had not joined yet came back with a new disk, and the simulator counted on no quorum',
    69_046_992,
    3_000,
    3,
  ],
  ['bits had turned where no start looks, and who read them was not believed', 61_001_559, 60_000, 5],
];

for (const [what, seed, virtualMs, count] of PINNED) {
  test(`[SM43] seed ${seed}: ${what}`, () => {
    const nodes = count === undefined ? OPTIONS.nodes : { min: count, max: count };
    const result = simulateOrder({ ...OPTIONS, seed, seeds: 1, virtualMs, nodes });

    expect(result.failures).toEqual([]);
  });
}

test('[SM43] fifty machines, five of them voters, pass a short run', () => {
  const result = simulateOrder({ ...OPTIONS, seed: 40_001, seeds: 1, nodes: { min: 50, max: 50 } });

  expect(result.failures).toEqual([]);
});

test('[SM41] short runs pass with every message as bytes', () => {
  const result = simulateOrder({ ...OPTIONS, seed: 20_001, seeds: 30, codec: true });

  expect(result.failures).toEqual([]);
});

test('[SM42][SM58] short runs pass on disks of bytes, and minutes as well', () => {
  const short = simulateOrder({ ...OPTIONS, seed: 50_001, seeds: 24, disk: 'bytes' });
  const nodes = { min: 5, max: 5 };
  const long = simulateOrder({ ...OPTIONS, seed: 50_101, seeds: 2, disk: 'bytes', nodes, virtualMs: 60_000 });

  expect([...short.failures, ...long.failures]).toEqual([]);
});

test('[SM64] without faults all agree at once', () => {
  const result = simulateOrder({ ...OPTIONS, seed: 30_001, seeds: 10, faults: 'none' });

  expect(result.failures).toEqual([]);
  expect(result.slowestLedMs).toBeLessThan(1_000);
});
