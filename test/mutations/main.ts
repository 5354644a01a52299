// `npm run soak -- --mutations [--for 10m] [--seed 1] [--only NAME,…]`: each broken variant of the order in random
// seeds, until one of them catches it or its time is over. Ends with 1 when one that random seeds must find was not
// found: a simulator that lets it pass is not trusted with the protocol either. SPEC rule SM45.

import { parseArgs } from 'node:util';
import { MUTATION_NAMES, type Mutation } from '../../src/sim/order/mutations.ts';
import { runOrderScenario } from '../../src/sim/order/scenario.ts';
import { orderNodesOf } from '../../src/sim/order/simulation.ts';
import { durationMs } from '../duration.ts';

const NODES = { min: 2, max: 7 };
/** Five seconds each: most of these faults show early or never. */
const SCENARIO = {
  virtualMs: 5_000,
  faults: 'all',
  only: null,
  codec: false,
  disk: 'mixed',
  story: false,
} as const;
/** What random seeds show hardly ever, or not at all: their scripts alone catch them. */
const SCRIPT_ONLY: readonly Mutation[] = [
  'takes over a tail below its floor',
  'does not check what it is sent',
  'takes any answer for one to its question',
  'says OK with a damaged log',
  'says it knows a format that it does not',
];

const { values } = parseArgs({
  options: {
    mutations: { type: 'boolean' },
    for: { type: 'string', default: '10m' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const forMs = durationMs(values.for);
const named = values.only?.split(',') ?? MUTATION_NAMES.filter((name) => !SCRIPT_ONLY.includes(name));
const chosen = MUTATION_NAMES.filter((name) => named.includes(name));
if (chosen.length < named.length) {
  console.error(`--only takes some of: ${MUTATION_NAMES.join(', ')}`);
  process.exit(2);
}

console.log('| broken so that it | seeds | seconds of processor | caught by |\n|---|---|---|---|');
const missed = chosen.filter((mutation) => !isCaught(mutation));
if (missed.length > 0) {
  console.error(`not caught within ${values.for}: ${missed.join(', ')}`);
  process.exit(1);
}

/** Prints the line of the table. */
function isCaught(mutation: Mutation): boolean {
  const startMs = processorMs();
  let seed = Number(values.seed);
  let caughtBy: string | undefined;
  for (; caughtBy === undefined && processorMs() - startMs < forMs; seed++) {
    const nodes = orderNodesOf(seed, NODES);
    const { problems } = runOrderScenario({ ...SCENARIO, seed, nodes, mutation });
    caughtBy = problems[0]?.checker;
  }
  const seconds = ((processorMs() - startMs) / 1_000).toFixed(1);
  console.log(`| ${mutation} | ${seed - Number(values.seed)} | ${seconds} | ${caughtBy ?? 'nothing'} |`);
  return caughtBy !== undefined;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
