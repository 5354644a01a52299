// `sensorium simulate`: thousands of small disasters in virtual time, and for each that goes wrong the line that
// shows it again; or, with --plot, large clusters measured and drawn. SPEC rules SM19, SM24.

import { performance } from 'node:perf_hooks';
import { type Command, Option } from 'commander';
import { type FaultChoice, parseFaults } from '../sim/faults.ts';
import { DISK_KINDS, type DiskChoice } from '../sim/order/disk-port.ts';
import { reportText } from '../sim/report.ts';
import { CURVES, type CurveName } from '../sim/scale/curves.ts';
import { type SimulationOptions, type SimulationProgress, simulate } from '../sim/simulation.ts';
import { EXIT, Failure } from './failure.ts';
import { advise } from './simulate/advice.ts';
import { type Sizes, sizes, wholeNumber, wholeNumbers } from './simulate/numbers.ts';
import { simulateOrdering } from './simulate/order.ts';
import { plot } from './simulate/plot.ts';

interface Flags {
  readonly seed: number;
  readonly seeds?: number;
  readonly nodes?: Sizes;
  readonly for: number;
  readonly faults: string;
  readonly codec: boolean;
  readonly trace: boolean;
  readonly order: boolean;
  readonly only?: string;
  readonly disk: DiskChoice;
  readonly broken?: string;
  readonly shrink: boolean;
  readonly json: boolean;
  readonly plot?: CurveName | 'all';
  readonly loss: readonly number[];
  readonly interval: readonly number[];
  readonly fanout: number;
  readonly sensors: number;
  readonly period: number;
  readonly out: string;
  readonly like?: string;
  readonly set: readonly string[];
}

/** With all the faults; larger clusters are measured without checkers. */
const CHECKED_NODES_MAX = 1_000;
const PLOTTED_NODES = [10, 30, 100, 300];
const PLOTTED_SEEDS = 3;
const ADVISED_SEEDS = 3;
const PROGRESS_EVERY_MS = 200;

export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description(
      'run whole clusters in virtual time, with faults drawn from a seed, and check what must hold; ' +
        'or, with --plot, measure large ones and draw curves',
    )
    .option('--seed <number>', 'the first seed', wholeNumber(0, Number.MAX_SAFE_INTEGER - 1_000_000_000), 1)
    .option(
      '--seeds <count>',
      `how many seeds, one after the other (default: 1, with --plot ${PLOTTED_SEEDS})`,
      wholeNumber(1, 1_000_000_000),
    )
    .option(
      '--nodes <count>',
      `nodes of a cluster: a number, or a range (default: 3-8); with --plot a list (default: ${PLOTTED_NODES})`,
      sizes,
    )
    .option(
      '--for <seconds>',
      'virtual time with faults, before all must come right',
      wholeNumber(1, 864_000),
      30,
    )
    .option('--faults <which>', 'all, none, or a list of families', 'all')
    .option('--codec', 'send every message as bytes through the codec', false)
    .option('--trace', 'print the story of a failed run, or of the only one', false)
    .option('--json', 'print the result as JSON', false)
    .option('--order', 'the history plane alone: elections, the one order, its views', false)
    .option('--only <events>', 'order: of the drawn events only these happen: none, or a list as 3,5,8')
    .addOption(
      new Option('--disk <kind>', 'order: as entries, by the storage engine on bytes, or some seeds the one')
        .choices([...DISK_KINDS])
        .default('mixed'),
    )
    .option('--broken <variant>', 'order: a variant of the protocol that is known to be wrong')
    .option('--shrink', 'order: make the first failed seed as short as it can be', false)
    .addOption(
      new Option(
        '--plot <what>',
        'measure instead: how soon an update is known everywhere (convergence), how old what a peer has is ' +
          '(staleness), what a node sends (bytes), how soon a lost node is noticed (detection)',
      ).choices([...CURVES, 'all']),
    )
    .option('--loss <percent,...>', 'plot: of datagrams and frames, for good', wholeNumbers(0, 90), [0])
    .option('--interval <ms,...>', 'plot: between two rounds of gossip', wholeNumbers(10, 60_000), [1_000])
    .option('--fanout <count>', 'plot: exchanges a round', wholeNumber(1, 64), 3)
    .option(
      '--sensors <count>',
      'plot: sensors of each node, for staleness and bytes',
      wholeNumber(1, 1_000),
      8,
    )
    .option('--period <ms>', 'plot: between two readings of a sensor', wholeNumber(10, 600_000), 1_000)
    .option('--out <directory>', 'plot: where WHAT.svg and WHAT.csv go', '.')
    .option(
      '--like <site>',
      'what would happen at a site: a file of options (.env or .json), the URL of a node, or a shipped topology',
    )
    .option(
      '--set <NAME=VALUE>',
      'like: and beside it with another knob; may be given several times',
      (text: string, former: readonly string[]) => [...former, text],
      [],
    )
    .action(async (flags: Flags) => {
      if (flags.like !== undefined) {
        const { like, set: sets, seed, seeds = ADVISED_SEEDS, json } = flags;
        return advise({ like, sets, seed, seeds, json });
      }
      if (flags.plot !== undefined) plotAll(flags, flags.plot);
      else if (flags.order) checkOrder(flags);
      else check(flags);
    });
}

function plotAll(flags: Flags, what: CurveName | 'all'): void {
  const nodes = flags.nodes ?? { kind: 'list', sizes: PLOTTED_NODES };
  if (nodes.kind === 'range')
    throw new Failure('--nodes: with --plot it is a list as 10,100,1000', EXIT.usage);
  if ((nodes.sizes[0] ?? 0) < 2) throw new Failure('--nodes: a plotted cluster has at least 2', EXIT.usage);
  for (const one of what === 'all' ? CURVES : [what]) {
    plot(
      {
        what: one,
        nodes: nodes.sizes,
        lossPercents: flags.loss,
        intervalsMs: flags.interval,
        fanout: flags.fanout,
        load: { sensorsPerNode: flags.sensors, periodMs: flags.period },
        seed: flags.seed,
        seeds: flags.seeds ?? PLOTTED_SEEDS,
      },
      flags.out,
    );
  }
}

function checkOrder(flags: Flags): void {
  const isOk = simulateOrdering(
    {
      seed: flags.seed,
      seeds: flags.seeds ?? 1,
      nodes: checkedNodes(flags.nodes ?? { kind: 'range', min: 1, max: 7 }),
      virtualMs: flags.for * 1_000,
      faults: flags.faults,
      codec: flags.codec,
      disk: flags.disk,
      trace: flags.trace,
      json: flags.json,
      only: flags.only ?? null,
      broken: flags.broken ?? null,
      shrink: flags.shrink,
    },
    progressLine(performance.now()),
  );
  process.exitCode = isOk ? 0 : 1;
}

function check(flags: Flags): void {
  const options: SimulationOptions = {
    seed: flags.seed,
    seeds: flags.seeds ?? 1,
    nodes: checkedNodes(flags.nodes ?? { kind: 'range', min: 3, max: 8 }),
    virtualMs: flags.for * 1_000,
    faults: faultsOption(flags.faults),
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

function checkedNodes(nodes: Sizes): { readonly min: number; readonly max: number } {
  const [min, max] = nodes.kind === 'range' ? [nodes.min, nodes.max] : [nodes.sizes[0], nodes.sizes.at(-1)];
  const isOne = nodes.kind === 'range' || nodes.sizes.length === 1;
  if (isOne && min !== undefined && max !== undefined && max <= CHECKED_NODES_MAX) return { min, max };
  throw new Failure(
    `--nodes: without --plot it is a number from 1 to ${CHECKED_NODES_MAX}, or a range as 3-12`,
    EXIT.usage,
  );
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

function faultsOption(text: string): FaultChoice {
  const faults = parseFaults(text);
  if (faults.ok) return faults.value;
  throw new Failure(`--faults: ${faults.problem}`, EXIT.usage);
}
