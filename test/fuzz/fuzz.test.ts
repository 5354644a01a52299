// A slice of the fuzzing that `npm run soak -- --fuzz` does for long: every decoder, from its corpus on, a while.

import { expect, test } from 'vitest';
import { corpusOf } from './corpus.ts';
import { edgeTargets } from './edge-targets.ts';
import { Fuzzer, type Target } from './fuzzer.ts';
import { peerTargets } from './peer-targets.ts';
import { peopleTargets } from './people-targets.ts';

const SEED = 20_260_101;
const RUNS = 400;
const TARGETS = [...peerTargets(), ...edgeTargets(), ...peopleTargets()];
const NEVER_MS = Number.POSITIVE_INFINITY;

test.each(TARGETS.map((target) => [target.name, target] as const))(
  '[AC13] whatever bytes it is given, the decoder of %s answers',
  (_, target) => {
    const fuzzer = new Fuzzer(target, corpusOf(target.name), SEED, NEVER_MS);

    fuzzer.run(RUNS);

    expect(fuzzer.runs).toBeGreaterThanOrEqual(RUNS + target.seeds.length);
    expect(fuzzer.outcomes).toBeGreaterThan(1);
  },
);

test('[AC13] a decoder that throws is found, with the input that shows it', () => {
  const brittle: Target = {
    name: 'brittle',
    seeds: [Uint8Array.from([1, 2, 3, 4])],
    words: [],
    decode: (bytes) => {
      if (bytes[0] === 0xff) throw new Error('out of bounds');
      return `${bytes.length % 5}`;
    },
  };

  expect(() => new Fuzzer(brittle, [], SEED, NEVER_MS).run(RUNS)).toThrow(/brittle threw on ff/);
  expect(TARGETS.length).toBeGreaterThan(25);
});
