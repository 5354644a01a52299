// `npm run soak -- --fuzz [--for 10m] [--only NAME,…] [--seed N] [--keep]`: every decoder in turn, each for so long. Ends
// with 1 and the input at the first broken promise; `--keep` adds what was found to the corpus.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { durationMs } from '../duration.ts';
import { corpusOf, keep } from './corpus.ts';
import { edgeTargets } from './edge-targets.ts';
import { Fuzzer, type Target } from './fuzzer.ts';
import { peerTargets } from './peer-targets.ts';
import { peopleTargets } from './people-targets.ts';

const TURN = 500;
/** Of an input of at most 16 KiB, whatever else the machine does. */
const ANSWER_MS_MAX = 5_000;
/** What a decoder may leave behind: caches within their bounds. */
const GROWTH_BYTES_MAX = 200_000_000;

const { values } = parseArgs({
  options: {
    fuzz: { type: 'boolean' },
    for: { type: 'string', default: '10m' },
    only: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const forMs = durationMs(values.for);
const all = [...peerTargets(), ...edgeTargets(), ...peopleTargets()];
const named = values.only?.split(',') ?? all.map(({ name }) => name);
const unknown = named.filter((name) => !all.some((target) => target.name === name));
if (unknown.length > 0) {
  console.error(`no decoder ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
for (const target of all) if (named.includes(target.name)) fuzz(target);

function fuzz(target: Target): void {
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const fuzzer = new Fuzzer(target, corpusOf(target.name), seed, ANSWER_MS_MAX);
  const endMs = performance.now() + forMs;
  const before = process.memoryUsage().heapUsed;
  try {
    while (performance.now() < endMs) fuzzer.run(TURN);
  } catch (cause) {
    console.error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`);
    if (cause instanceof Error && cause.cause instanceof Error) console.error(cause.cause.stack);
    process.exit(1);
  }
  const grown = process.memoryUsage().heapUsed - before;
  const { runs, outcomes, slowestMs } = fuzzer;
  console.log(
    `${target.name}: ${runs} inputs, ${outcomes} outcomes, slowest ${slowestMs.toFixed(1)} ms, heap ${(grown / 1e6).toFixed(0)} MB`,
  );
  if (grown > GROWTH_BYTES_MAX) {
    console.error(`${target.name}: the heap grew by ${grown} bytes`);
    process.exit(1);
  }
  if (values.keep) keep(target.name, fuzzer.found.values());
}
