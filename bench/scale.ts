// Clusters of a thousand whole peers in virtual time beside what they must hold: how soon an update is known
// everywhere, what is sent, how soon a lost node is noticed and a split healed, and how long all that takes here.
// `npm run bench -- scale`; BENCH_NODES=200 and BENCH_TURNS=1 for a quick look, BENCH_ONLY=convergence,heal for
// some of it.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fleetOptionsOf, type Knobs } from '../src/sim/scale/knobs.ts';
import { COLD_START, measureColdStart } from '../src/sim/scale/measure/cold-start.ts';
import { CONVERGENCE, measureConvergence } from '../src/sim/scale/measure/convergence.ts';
import { DETECTION, measureDetection } from '../src/sim/scale/measure/detection.ts';
import { FALSE_DEATHS, measureFalseDeaths } from '../src/sim/scale/measure/false-deaths.ts';
import { GHOSTS, measureGhosts } from '../src/sim/scale/measure/ghosts.ts';
import { HEAL, measureHeal } from '../src/sim/scale/measure/heal.ts';
import { LATE_JOINER, measureLateJoiner } from '../src/sim/scale/measure/late-joiner.ts';
import { measureTraffic, type Traffic } from '../src/sim/scale/measure/traffic.ts';
import { median, quantile } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';

const NODES = nodesOf();
/** What small clusters are measured with, whatever the large ones have. */
const SMALL_NODES = 100;
const TURNS = turnsOf(3);
const SEEDS = Array.from({ length: TURNS }, (_, at) => at + 1);
const ONLY = process.env.BENCH_ONLY?.split(',');
const isWhole = NODES >= 1_000;
const WHAT_WIDTH = 44;

/** What a large cluster needs of the engine: a heap, and space for what is young, or it is copied again and again. */
const ROOM = ['--max-old-space-size=20000', '--max-semi-space-size=128'];

// The engine takes them at its start alone.
if (!ROOM.every((flag) => process.execArgv.includes(flag))) {
  const command = [...process.execArgv, ...ROOM, fileURLToPath(import.meta.url)];
  process.exit(spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1);
}

/** What must hold, what was measured, and with which knobs. */
type Row = readonly [what: string, target: string, measured: string, knobs: string];

const parts: { readonly [name: string]: () => Iterable<Row> } = {
  convergence,
  traffic,
  detection,
  deaths,
  heal,
  joining,
  ghosts,
  speed,
};

console.log(machineText());
console.log(
  `${NODES} nodes, seeds 1 to ${TURNS}, latency 0.5 to 2 ms, all joined and linked unless it says otherwise`,
);
console.log(
  'bytes: as encoded, with frame headers and datagram envelopes, without IP and TCP; per node, sent\n',
);
for (const [name, rowsOf] of Object.entries(parts)) {
  if (ONLY !== undefined && !ONLY.includes(name)) continue;
  const startMs = performance.now();
  // Each row as soon as it is known: a large cluster takes minutes for one.
  for (const [what, target, measured, knobs] of rowsOf()) {
    console.log(`${what.padEnd(WHAT_WIDTH)}  ${measured} (at 1000: ${target}; ${knobs})`);
  }
  console.log(`(${name}: ${seconds(performance.now() - startMs)} of wall time, ${loadText()})\n`);
}

function knobsOf(seed: number, other: Partial<Knobs> = {}): Knobs {
  return { seed, nodes: NODES, lossPercent: 0, intervalMs: 1_000, fanout: 3, ...other };
}

function* convergence(): Iterable<Row> {
  for (const [lossPercent, target] of [
    [0, '≤ 4 median, ≤ 5 p99'],
    [20, '≤ 7 p99'],
    [50, '≤ 18 p99'],
  ] as const) {
    const runs = SEEDS.map((seed) => measureConvergence(knobsOf(seed, { lossPercent }), CONVERGENCE));
    const rounds = runs.flatMap(({ tookMs, intervalMs }) => tookMs.map((ms) => ms / intervalMs));
    const missed = runs.reduce((sum, run) => sum + run.missed, 0);
    yield [
      `one update known everywhere, ${lossPercent} % lost`,
      `${target} rounds`,
      `${digits(median(rounds))} median, ${digits(quantile(rounds, 0.99))} p99, ${rounds.length} updates, ${missed} missed`,
      'fanout 3, interval 1 s',
    ];
  }
}

function* traffic(): Iterable<Row> {
  const loaded = (nodes: number, periodMs: number): Traffic[] =>
    SEEDS.map((seed) =>
      measureTraffic(fleetOptionsOf(knobsOf(seed, { nodes, intervalMs: 500, fanout: 1 })), {
        load: { sensorsPerNode: 8, periodMs },
        warmUpMs: 5_000,
        forMs: isWhole && nodes === NODES ? 5_000 : 20_000,
      }),
    );
  const idle = (nodes: number): Traffic[] =>
    SEEDS.map((seed) =>
      measureTraffic(fleetOptionsOf(knobsOf(seed, { nodes })), {
        load: null,
        warmUpMs: 10_000,
        forMs: 30_000,
      }),
    );
  const bytes = (runs: readonly Traffic[]) => median(runs.map((run) => run.bytesPerNodeSecond));
  const knobs = '8 sensors at 1 Hz, interval 0.5 s, fanout 1';

  yield ['under load, 100 nodes', '≤ 24 kB/s', `${kilo(bytes(loaded(SMALL_NODES, 1_000)))}/s`, knobs];
  const large = loaded(NODES, 1_000);
  yield [`under load, ${NODES} nodes`, '≤ 208 kB/s', `${kilo(bytes(large))}/s`, knobs];
  const staleMs = median(large.map(({ stalenessMs }) => stalenessMs.p99));
  yield ['  staleness of a pair, p99', '≤ 3.5 s', seconds(staleMs), knobs];
  const ratio = bytes(loaded(NODES, 100)) / bytes(large);
  yield ['  bytes at 10 Hz to those at 1 Hz', '< 1.6', ratio.toFixed(2), '8 sensors at 10 Hz, the same'];
  const idleKnobs = 'interval 1 s, fanout 3, probes on';
  yield ['idle, 100 nodes', '≤ 600 B/s', `${bytes(idle(SMALL_NODES)).toFixed(0)} B/s`, idleKnobs];
  const largeIdle = idle(NODES);
  const members = median(largeIdle.map(membershipShare));
  yield [
    `idle, ${NODES} nodes`,
    'report',
    `${bytes(largeIdle).toFixed(0)} B/s, of it membership ${members.toFixed(0)} B/s`,
    idleKnobs,
  ];
}

function membershipShare({ types, nodes, seconds }: Traffic): number {
  const names = ['PING', 'PONG', 'PING_REQUEST', 'PEER_LIST', 'JOIN_REQUEST'];
  const bytes = types.reduce((sum, type) => sum + (names.includes(type.type) ? type.bytes : 0), 0);
  return bytes / nodes / seconds;
}

function* detection(): Iterable<Row> {
  const crashes = isWhole ? 10 : DETECTION.crashes;
  const runs = SEEDS.map((seed) => measureDetection(knobsOf(seed), { ...DETECTION, crashes }));
  const first = runs.flatMap((run) => run.firstSuspicionMs);
  const dead = runs.flatMap((run) => run.allDeadMs);
  const missed = runs.reduce((sum, run) => sum + run.missed, 0);
  const knobs = 'power lost, probes each second';
  yield [
    'crash: first suspicion',
    '≤ 1.0 s median',
    `${seconds(median(first))} median, ${seconds(quantile(first, 0.99))} p99`,
    knobs,
  ];
  yield [
    'crash: all say dead',
    '≤ 8 s median (report the way to 6)',
    `${seconds(median(dead))} median, ${seconds(quantile(dead, 0.99))} p99, ${dead.length} crashes, ${missed} missed`,
    knobs,
  ];
}

function* deaths(): Iterable<Row> {
  const forMs = isWhole ? Math.ceil(1_000_000 / NODES / TURNS) * 1_000 : 60_000;
  for (const lostFrames of ['lost', 'late'] as const) {
    const runs = SEEDS.map((seed) =>
      measureFalseDeaths(knobsOf(seed, { lossPercent: 20 }), { ...FALSE_DEATHS, forMs, lostFrames }),
    );
    const knobs = lostFrames === 'lost' ? 'lost frames never come' : 'lost frames are repeated, as TCP does';
    yield ['false deaths at 20 % loss', '0 in 10⁶ node-seconds', deathsText(runs), knobs];
  }
  const paused = SEEDS.map((seed) =>
    measureFalseDeaths(knobsOf(seed), { ...FALSE_DEATHS, forMs: 120_000, pausingShare: 0.1 }),
  );
  yield [
    'deaths of healthy nodes while others pause',
    '0',
    deathsText(paused),
    '10 % pause 1 to 30 s, again and again',
  ];
  const oneWay = SEEDS.map((seed) =>
    measureFalseDeaths(knobsOf(seed), { ...FALSE_DEATHS, forMs: 120_000, oneWayLinks: 1 }),
  );
  yield [
    'a link that works one way',
    'no status flaps',
    deathsText(oneWay),
    'one direction of one link is cut',
  ];
}

function deathsText(runs: readonly ReturnType<typeof measureFalseDeaths>[]): string {
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + of(run), 0);
  const nodeSeconds = sum((run) => run.nodeSeconds).toExponential(1);
  return `${sum((run) => run.healthyBuried)} in ${nodeSeconds} node-seconds, ${sum((run) => run.suspicionsOfHealthy)} suspicions`;
}

function* heal(): Iterable<Row> {
  const runs = SEEDS.map((seed) => measureHeal(knobsOf(seed), HEAL));
  const knobs = 'two halves for 60 s';
  yield ['a split heals: first contact', '≤ 5 s', times(runs.map((run) => run.firstContactMs)), knobs];
  yield ['  all alive', '≤ 15 s', times(runs.map((run) => run.allAliveMs)), knobs];
  yield [
    '  state equal',
    '≤ 20 s',
    times(runs.map((run) => run.stateEqualMs)),
    '10 nodes of each half wrote',
  ];
}

function* joining(): Iterable<Row> {
  const cold = SEEDS.map((seed) => measureColdStart(knobsOf(seed), COLD_START));
  const knobs = '3 seeds, all start within 1 s';
  yield ['cold start: all alive', '≤ 15 s', times(cold.map((run) => run.allAliveMs)), knobs];
  yield ['  all have the first reading of each', '≤ 15 s', times(cold.map((run) => run.stateEqualMs)), knobs];
  const late = SEEDS.map((seed) => measureLateJoiner(knobsOf(seed), LATE_JOINER));
  yield ['a late joiner has all', '≤ 2 s', times(late.map((run) => run.fullStateMs)), '8 sensors a node'];
  const share = median(late.map((run) => run.replicationBytes / run.stateBytes));
  const all = median(late.map((run) => run.receivedBytes));
  const size = median(late.map((run) => run.stateBytes));
  yield [
    '  for bytes of readings and digests',
    '≤ 1.2 × the state',
    `${share.toFixed(2)} ×`,
    `state ${kilo(size)}, with members ${kilo(all)}`,
  ];
}

function* ghosts(): Iterable<Row> {
  const seeds = isWhole ? 1_000 : 50;
  let remembered = 0;
  let apart = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const run = measureGhosts({ seed, nodes: 10, lossPercent: 0, intervalMs: 1_000, fanout: 3 }, GHOSTS);
    remembered += run.remembered;
    apart += run.pairsApart;
  }
  const measured = `${remembered} in ${seeds} seeds, ${apart} pairs apart`;
  yield [
    'ghosts after twice the grace',
    '0 in 1,000 seeds',
    measured,
    '10 nodes, 3 gone for good, 6 restarts, grace 20 s',
  ];
}

function* speed(): Iterable<Row> {
  const runs = [
    [NODES, 0, 'no readings, all defaults'],
    [NODES, 60, 'one reading a node every 60 s, all defaults'],
    [NODES, 10, 'one reading a node every 10 s, all defaults'],
    // What fits into the memory given; ten thousand do not.
    ...(isWhole ? [[4 * NODES, 0, 'no readings, all defaults'] as const] : []),
  ] as const;
  for (const [nodes, periodS, knobs] of runs) {
    const script = fileURLToPath(new URL('_speed.ts', import.meta.url));
    const command = [...ROOM, '--import', 'tsx', script, String(nodes), '60', String(periodS)];
    const { stdout, status } = spawnSync(process.execPath, command, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const target = nodes > NODES ? 'report' : '≤ 20 s';
    const measured = status === 0 ? stdout.trim() : '!!! it ended early: there is too little memory';
    yield [`${nodes} nodes, 60 virtual seconds`, target, measured, knobs];
  }
}

/** A thousand, or the environment's for a quick look. */
function nodesOf(): number {
  const asked = Number(process.env.BENCH_NODES);
  return Number.isInteger(asked) && asked > 1 ? asked : 1_000;
}

function times(values: readonly (number | null)[]): string {
  const inTime = values.filter((value) => value !== null);
  const late = values.length - inTime.length;
  const text = `${seconds(median(inTime))} median, ${seconds(Math.max(...inTime))} most`;
  return late === 0 ? text : `${text}, ${late} of ${values.length} not in time`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 1_000 ? 2 : 1)} s`;
}

function kilo(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}

function digits(value: number): string {
  return value.toFixed(1);
}
