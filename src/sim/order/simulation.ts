// Many runs of the order, one a seed. Any of them can be had again from its line. SPEC rules SM40, SM44.

import { Random } from '../../kit/random.ts';
import type { Problem } from '../world.ts';
import type { DiskChoice } from './disk-port.ts';
import { type OrderFaultChoice, orderFaultsText } from './faults.ts';
import type { Mutation } from './mutations.ts';
import { type OrderCounts, type OrderResult, runOrderScenario } from './scenario.ts';

export interface OrderSimulationOptions {
  /** The first one; the others follow. */
  readonly seed: number;
  readonly seeds: number;
  /** Each seed draws its own size from here, most of them of three to five. */
  readonly nodes: { readonly min: number; readonly max: number };
  readonly virtualMs: number;
  readonly faults: OrderFaultChoice;
  readonly only: ReadonlySet<number> | null;
  readonly codec: boolean;
  readonly disk: DiskChoice;
  readonly story: boolean;
  readonly mutation: Mutation | null;
}

export interface OrderFailure {
  readonly seed: number;
  readonly nodes: number;
  readonly problems: readonly Problem[];
  /** What runs it again. */
  readonly replay: string;
}

export interface OrderSimulationResult {
  readonly ok: boolean;
  readonly seeds: number;
  /** Seeds that were run a second time to see that they do the same. */
  readonly repeated: number;
  readonly failures: readonly OrderFailure[];
  readonly virtualMs: number;
  readonly slowestLedMs: number;
  readonly slowestSettledMs: number;
  readonly counts: OrderCounts;
  readonly story: readonly string[];
}

export interface OrderProgress {
  readonly done: number;
  readonly seeds: number;
  readonly failures: number;
}

const FAILURES_MAX = 20;
const REPEAT_EVERY = 100;

/** Runs seed after seed; each step of the iteration is one seed, so that the caller can show how far it is. */
export function* orderSimulation(
  options: OrderSimulationOptions,
): Generator<OrderProgress, OrderSimulationResult> {
  const failures: OrderFailure[] = [];
  const counts = { steps: 0, messages: 0, elections: 0, committed: 0, batches: 0, starts: 0 };
  let done = 0;
  let repeated = 0;
  let virtualMs = 0;
  let slowestLedMs = 0;
  let slowestSettledMs = 0;
  let story: readonly string[] = [];
  while (done < options.seeds && failures.length < FAILURES_MAX) {
    const seed = options.seed + done;
    const result = runSeed(options, seed);
    const problems = [...result.problems];
    if (done % REPEAT_EVERY === 0) {
      repeated++;
      problems.push(...differentAgain(options, result));
    }
    done++;
    if (problems.length > 0) failures.push(failureOf(options, result, problems));
    if (options.story && (problems.length > 0 || options.seeds === 1)) story = result.story;
    for (const name of COUNTS) counts[name] += result.counts[name];
    virtualMs += result.virtualMs;
    slowestLedMs = Math.max(slowestLedMs, result.ledAfterMs ?? 0);
    slowestSettledMs = Math.max(slowestSettledMs, result.settledAfterMs ?? 0);
    yield { done, seeds: options.seeds, failures: failures.length };
  }
  const ok = failures.length === 0;
  return { ok, seeds: done, repeated, failures, virtualMs, slowestLedMs, slowestSettledMs, counts, story };
}

/** The whole simulation at once. */
export function simulateOrder(
  options: OrderSimulationOptions,
  progress: (progress: OrderProgress) => void = () => {},
): OrderSimulationResult {
  const running = orderSimulation(options);
  for (;;) {
    const { done, value } = running.next();
    if (done) return value;
    progress(value);
  }
}

export interface ReplayOf {
  readonly seed: number;
  readonly nodes: number;
  readonly virtualMs: number;
  readonly faults: OrderFaultChoice;
  readonly only: ReadonlySet<number> | null;
  readonly codec: boolean;
  readonly disk: DiskChoice;
  readonly mutation: Mutation | null;
}

export function orderReplayCommand({
  seed,
  nodes,
  virtualMs,
  faults,
  only,
  codec,
  disk,
  mutation,
}: ReplayOf): string {
  const parts = [`sensorium simulate --order --seed ${seed} --nodes ${nodes} --for ${virtualMs / 1_000}`];
  parts.push(`--faults ${orderFaultsText(faults)}`);
  if (only !== null) parts.push(`--only ${[...only].join(',') || 'none'}`);
  if (codec) parts.push('--codec');
  if (disk !== 'mixed') parts.push(`--disk ${disk}`);
  if (mutation !== null) parts.push(`--broken '${mutation}'`);
  return parts.join(' ');
}

/** Three and five are what people run; some seeds are smaller, and some as large as allowed. */
export function orderNodesOf(seed: number, range: { readonly min: number; readonly max: number }): number {
  const random = new Random(seed ^ 0x0dde5);
  const usual = random.pick([3, 3, 3, 5, 5, 5, 4, 2, 1, 7, 6]);
  const nodes = random.chance(0.02) ? range.max : usual;
  return Math.min(range.max, Math.max(range.min, nodes));
}

const COUNTS = ['steps', 'messages', 'elections', 'committed', 'batches', 'starts'] as const;

function runSeed(options: OrderSimulationOptions, seed: number): OrderResult {
  const { virtualMs, faults, only, codec, disk, story, mutation } = options;
  const nodes = orderNodesOf(seed, options.nodes);
  return runOrderScenario({ seed, nodes, virtualMs, faults, only, codec, disk, story, mutation });
}

function differentAgain(options: OrderSimulationOptions, result: OrderResult): Problem[] {
  const again = runSeed(options, result.seed);
  if (again.hash === result.hash) return [];
  const what = `the second run's hash is ${again.hash}, the first one's ${result.hash}`;
  return [{ checker: 'the same seed does the same', atMs: result.virtualMs, peer: null, what }];
}

function failureOf(
  options: OrderSimulationOptions,
  { seed, nodes }: OrderResult,
  problems: readonly Problem[],
): OrderFailure {
  const { virtualMs, faults, only, codec, disk, mutation } = options;
  const replay = orderReplayCommand({ seed, nodes, virtualMs, faults, only, codec, disk, mutation });
  return { seed, nodes, problems, replay };
}
