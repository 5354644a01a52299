// `sensorium simulate --order`: the history plane alone, with faults drawn from a seed; a seed that fails is made
// short and shown with the line that runs it again. SPEC rule SM44.

import { performance } from 'node:perf_hooks';
import type { DiskChoice } from '../../sim/order/disk-port.ts';
import { parseOrderFaults } from '../../sim/order/faults.ts';
import { isMutation, MUTATION_NAMES, type Mutation } from '../../sim/order/mutations.ts';
import { orderReportText } from '../../sim/order/report.ts';
import { runOrderScenario } from '../../sim/order/scenario.ts';
import { shrink } from '../../sim/order/shrink.ts';
import {
  type OrderProgress,
  type OrderSimulationOptions,
  orderReplayCommand,
  simulateOrder,
} from '../../sim/order/simulation.ts';
import { problemText } from '../../sim/order/stage.ts';
import { EXIT, Failure } from '../failure.ts';

export interface OrderFlags {
  readonly seed: number;
  readonly seeds: number;
  readonly nodes: { readonly min: number; readonly max: number };
  readonly virtualMs: number;
  /** As given: `all`, `none` or a list. */
  readonly faults: string;
  readonly codec: boolean;
  readonly disk: DiskChoice;
  readonly trace: boolean;
  readonly json: boolean;
  /** Only these of the drawn events happen. */
  readonly only: string | null;
  /** Which broken variant of the protocol runs. */
  readonly broken: string | null;
  readonly shrink: boolean;
}

export function simulateOrdering(flags: OrderFlags, progress: (progress: OrderProgress) => void): boolean {
  const options = optionsOf(flags);
  const startMs = performance.now();
  const result = simulateOrder(options, progress);
  const tookS = (performance.now() - startMs) / 1_000;

  if (flags.json) {
    console.log(JSON.stringify({ ...result, seconds: Number(tookS.toFixed(3)) }));
    return result.ok;
  }
  for (const line of result.story) console.log(line);
  console.log(orderReportText(result));
  console.log(`took ${tookS.toFixed(1)} s, ${(result.seeds / tookS).toFixed(1)} seeds a second`);
  const [failure] = result.failures;
  if (flags.shrink && failure !== undefined) tellShrunk({ ...options, ...failure });
  return result.ok;
}

function tellShrunk({
  seed,
  nodes,
  ...options
}: Omit<OrderSimulationOptions, 'nodes'> & { nodes: number }): void {
  const { virtualMs, faults, only, codec, disk, mutation } = options;
  const shrunk = shrink({ seed, nodes, virtualMs, faults, only, codec, disk, story: false, mutation });
  if (shrunk === null) return;
  const { events } = shrunk.result.plan;
  console.log(`shrunk by ${shrunk.runs} runs to ${events.length} events:`);
  for (const { id, family, atMs, a, b } of events) {
    console.log(`  ${id} ${family} at ${atMs.toFixed(0)} ms, machines ${a} and ${b}`);
  }
  for (const problem of shrunk.result.problems) console.log(`  ${problemText(problem)}`);
  console.log(`  replay: ${orderReplayCommand(shrunk.options)} --trace`);
  if (options.story) {
    for (const line of runOrderScenario({ ...shrunk.options, story: true }).story) console.log(line);
  }
}

function optionsOf(flags: OrderFlags): OrderSimulationOptions {
  const faults = parseOrderFaults(flags.faults);
  if (!faults.ok) throw new Failure(`--faults: ${faults.problem}`, EXIT.usage);
  return {
    seed: flags.seed,
    seeds: flags.seeds,
    nodes: flags.nodes,
    virtualMs: flags.virtualMs,
    faults: faults.value,
    only: onlyOf(flags.only),
    codec: flags.codec,
    disk: flags.disk,
    story: flags.trace,
    mutation: mutationOf(flags.broken),
  };
}

function onlyOf(text: string | null): ReadonlySet<number> | null {
  if (text === null) return null;
  if (text === 'none') return new Set();
  const ids = text.split(',').map(Number);
  if (ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return new Set(ids);
  throw new Failure(
    `--only: it is none, or a list of events as 3,5,8, got ${JSON.stringify(text)}`,
    EXIT.usage,
  );
}

function mutationOf(name: string | null): Mutation | null {
  if (name === null) return null;
  if (isMutation(name)) return name;
  throw new Failure(
    `--broken: it is one of ${MUTATION_NAMES.join(', ')}, got ${JSON.stringify(name)}`,
    EXIT.usage,
  );
}
