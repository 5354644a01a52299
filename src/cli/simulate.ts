// `sensorium simulate`: thousands of small disasters in virtual time, and for each that goes wrong the line that
// shows it again. SPEC rule SM19.

import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError } from 'commander';
import { type FaultChoice, parseFaults } from '../sim/faults.ts';
import { reportText } from '../sim/report.ts';
import { type SimulationOptions, type SimulationProgress, simulate } from '../sim/simulation.ts';

interface Flags {
  readonly seed: number;
  readonly seeds: number;
  readonly nodes: { readonly min: number; readonly max: number };
  readonly for: number;
  readonly faults: FaultChoice;
  readonly codec: boolean;
  readonly trace: boolean;
  readonly json: boolean;
}

const NODES_MAX = 1_000;
const PROGRESS_EVERY_MS = 200;

export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description(
      'run whole clusters in virtual time, with faults drawn from a seed, and check what must hold',
    )
    .option('--seed <number>', 'the first seed', wholeNumber(0, Number.MAX_SAFE_INTEGER - 1_000_000_000), 1)
    .option('--seeds <count>', 'how many seeds, one after the other', wholeNumber(1, 1_000_000_000), 1)
    .option('--nodes <count>', 'nodes of a cluster: a number, or a range as 3-12', parseNodes, {
      min: 3,
      max: 8,
    })
    .option(
      '--for <seconds>',
      'virtual time with faults, before all must come right',
      wholeNumber(1, 864_000),
      30,
    )
    .option('--faults <which>', 'all, none, or a list of families', faultsOption, 'all')
    .option('--codec', 'send every message as bytes through the codec', false)
    .option('--trace', 'print the story of a failed run, or of the only one', false)
    .option('--json', 'print the result as JSON', false)
    .action((flags: Flags) => run(flags));
}

function run(flags: Flags): void {
  const options: SimulationOptions = {
    seed: flags.seed,
    seeds: flags.seeds,
    nodes: flags.nodes,
    virtualMs: flags.for * 1_000,
    faults: flags.faults,
    codec: flags.codec,
    story: flags.trace,
    mutation: null,
  };
  const startMs = performance.now();
  const result = simulate(options, progressLine(startMs));
  const tookS = (performance.now() - startMs) / 1_000;

  if (flags.json) {
    console.log(JSON.stringify({ ...result, seconds: Number(tookS.toFixed(3)) }));
  } else {
    for (const line of result.story) console.log(line);
    console.log(reportText(options, result));
    console.log(`took ${tookS.toFixed(1)} s, ${(result.seeds / tookS).toFixed(1)} seeds a second`);
  }
  process.exitCode = result.ok ? 0 : 1;
}

/** On a terminal one line that is written over; nothing elsewhere. */
function progressLine(startMs: number): (progress: SimulationProgress) => void {
  if (!process.stderr.isTTY) return () => {};
  let shownMs = startMs;
  return ({ done, seeds, failures }) => {
    const nowMs = performance.now();
    if (done < seeds && nowMs - shownMs < PROGRESS_EVERY_MS) return;
    shownMs = nowMs;
    const rate = ((done / (nowMs - startMs)) * 1_000).toFixed(0);
    const text = `${done} of ${seeds} seeds, ${rate} a second, ${failures} failed`;
    process.stderr.write(`\r\u001b[K${done < seeds ? text : ''}`);
  };
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };
}

function parseNodes(text: string): { min: number; max: number } {
  const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(text);
  const min = Number(match?.[1]);
  const max = Number(match?.[2] ?? match?.[1]);
  if (min >= 1 && min <= max && max <= NODES_MAX) return { min, max };
  throw new InvalidArgumentError(`It is a number from 1 to ${NODES_MAX}, or a range as 3-12.`);
}

function faultsOption(text: string): FaultChoice {
  const faults = parseFaults(text);
  if (faults.ok) return faults.value;
  throw new InvalidArgumentError(faults.problem);
}
