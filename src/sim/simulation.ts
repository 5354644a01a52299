// Many runs, one a seed. Any of them can be had again from its line. SPEC rules SM1, SM19.

import { Random } from '../kit/random.ts';
import { type FaultChoice, faultsText } from './faults.ts';
import type { Mutation } from './mutations.ts';
import { runScenario, type ScenarioCounts, type ScenarioResult } from './scenario.ts';
import type { Problem } from './world.ts';

export interface SimulationOptions {
  /** The first one; the others follow. */
  readonly seed: number;
  readonly seeds: number;
  /** Each seed draws its own size from here, most of them small. */
  readonly nodes: { readonly min: number; readonly max: number };
  readonly virtualMs: number;
  readonly faults: FaultChoice;
  readonly codec: boolean;
  /** Keeps the story of each failed run, and of the only one. */
  readonly story: boolean;
  readonly mutation: Mutation | null;
}

export interface Failure {
  readonly seed: number;
  readonly nodes: number;
  readonly problems: readonly Problem[];
  /** What runs it again. */
  readonly replay: string;
}

export interface SimulationResult {
  readonly ok: boolean;
  readonly seeds: number;
  /** Seeds that were run a second time to see that they do the same. */
  readonly repeated: number;
  readonly failures: readonly Failure[];
  readonly virtualMs: number;
  readonly slowestSettledMs: number;
  readonly counts: ScenarioCounts;
  /** Of all hashes: one number for the whole simulation. */
  readonly hash: string;
  readonly story: readonly string[];
}

/** More failures say nothing more. */
const FAILURES_MAX = 20;
const REPEAT_EVERY = 100;

export interface SimulationProgress {
  readonly done: number;
  readonly seeds: number;
  readonly failures: number;
}

/** Runs seed after seed; each step of the iteration is one seed, so that the caller can show how far it is. */
export function* simulation(options: SimulationOptions): Generator<SimulationProgress, SimulationResult> {
  const failures: Failure[] = [];
  const total = {
    steps: 0,
    messages: 0,
    bytes: 0,
    facts: 0,
    readings: 0,
    records: 0,
    answered: 0,
    starts: 0,
  };
  let virtualMs = 0;
  let slowestSettledMs = 0;
  let repeated = 0;
  let done = 0;
  let hash = '';
  let story: readonly string[] = [];
  while (done < options.seeds && failures.length < FAILURES_MAX) {
    const result = runSeed(options, options.seed + done);
    const problems = [...result.problems];
    if (done % REPEAT_EVERY === 0) {
      repeated++;
      problems.push(...differentAgain(options, result));
    }
    done++;
    if (problems.length > 0) failures.push(failureOf(options, result, problems));
    if (options.story && (problems.length > 0 || options.seeds === 1)) story = result.story;
    for (const name of COUNTS) total[name] += result.counts[name];
    virtualMs += result.virtualMs;
    slowestSettledMs = Math.max(slowestSettledMs, result.settledAfterMs ?? 0);
    hash = done === 1 ? result.hash : chained(hash, result.hash);
    yield { done, seeds: options.seeds, failures: failures.length };
  }
  const ok = failures.length === 0;
  return { ok, seeds: done, repeated, failures, virtualMs, slowestSettledMs, counts: total, hash, story };
}

/** The whole simulation at once. */
export function simulate(
  options: SimulationOptions,
  progress: (progress: SimulationProgress) => void,
): SimulationResult {
  const running = simulation(options);
  for (;;) {
    const { done, value } = running.next();
    if (done) return value;
    progress(value);
  }
}

export function replayCommand(
  options: Pick<SimulationOptions, 'virtualMs' | 'faults' | 'codec'>,
  seed: number,
  nodes: number,
): string {
  const codec = options.codec ? ' --codec' : '';
  const faults = faultsText(options.faults);
  return `sensorium simulate --seed ${seed} --nodes ${nodes} --for ${options.virtualMs / 1000} --faults ${faults}${codec}`;
}

/** Most seeds are small, where more of them can be run; a few are as large as allowed. */
export function nodesOf(seed: number, range: { readonly min: number; readonly max: number }): number {
  const unit = new Random(seed ^ 0x5eed).unit();
  return range.min + Math.floor(unit ** 6 * (range.max - range.min + 1));
}

const COUNTS = ['steps', 'messages', 'bytes', 'facts', 'readings', 'records', 'answered', 'starts'] as const;

function runSeed(options: SimulationOptions, seed: number): ScenarioResult {
  const { virtualMs, faults, codec, story, mutation } = options;
  return runScenario({
    seed,
    nodes: nodesOf(seed, options.nodes),
    virtualMs,
    faults,
    codec,
    story,
    mutation,
    order: mutation === null ? 'drawn' : 'off',
  });
}

function differentAgain(options: SimulationOptions, result: ScenarioResult): Problem[] {
  const again = runSeed(options, result.seed);
  if (again.hash === result.hash) return [];
  const what = `the second run's hash is ${again.hash}, the first one's ${result.hash}`;
  return [{ checker: 'the same seed does the same', atMs: result.virtualMs, peer: null, what }];
}

function failureOf(
  options: SimulationOptions,
  result: ScenarioResult,
  problems: readonly Problem[],
): Failure {
  const { seed, nodes } = result;
  return { seed, nodes, problems, replay: replayCommand(options, seed, nodes) };
}

/** A text of the same length that depends on both. */
function chained(a: string, b: string): string {
  let chained = '';
  for (let at = 0; at < a.length; at += 4) {
    const sum = Number.parseInt(a.slice(at, at + 4), 16) * 31 + Number.parseInt(b.slice(at, at + 4), 16);
    chained += (sum & 0xffff).toString(16).padStart(4, '0');
  }
  return chained;
}
