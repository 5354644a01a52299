// One run of the order from one seed: a safety phase full of faults, in which nothing wrong may ever happen, then a
// core of the machines is whole again, and everything must come right in time. SPEC rules SM40, SM43, SM64.

import { Random } from '../../kit/random.ts';
import type { Problem } from '../world.ts';
import { OrderChaos } from './chaos.ts';
import type { DiskChoice, DiskKind, OrderDiskOptions } from './disk-port.ts';
import { drawPlan, type FaultPlan, type OrderFaultChoice, type StandingFamily } from './faults.ts';
import { CALM_LINKS, type LinkOptions } from './links.ts';
import { drawCore, Liveness, leaderBoundMs } from './liveness.ts';
import type { Mutation } from './mutations.ts';
import { drawProducers, Producers } from './producers.ts';
import { CALM_STAGE, OrderStage } from './stage.ts';

export interface OrderScenarioOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How long the safety phase lasts, in virtual time. */
  readonly virtualMs: number;
  readonly faults: OrderFaultChoice;
  /** Of the drawn events only these happen; null: all of them. */
  readonly only: ReadonlySet<number> | null;
  readonly codec: boolean;
  readonly disk: DiskChoice;
  readonly story: boolean;
  readonly mutation: Mutation | null;
}

export interface OrderResult {
  readonly seed: number;
  readonly nodes: number;
  readonly problems: readonly Problem[];
  /** Of every effect of every machine. */
  readonly hash: string;
  readonly plan: FaultPlan;
  readonly virtualMs: number;
  readonly ledAfterMs: number | null;
  readonly settledAfterMs: number | null;
  readonly counts: OrderCounts;
  readonly story: readonly string[];
}

export interface OrderCounts {
  readonly steps: number;
  readonly messages: number;
  readonly elections: number;
  readonly committed: number;
  readonly batches: number;
  readonly starts: number;
}

export class OrderScenario {
  readonly options: OrderScenarioOptions;
  readonly stage: OrderStage;
  readonly plan: FaultPlan;
  readonly #random: Random;
  readonly #producers: Producers;
  readonly #chaos: OrderChaos;

  constructor(options: OrderScenarioOptions) {
    const { seed, nodes, virtualMs, faults, only, codec, disk, story, mutation } = options;
    const random = new Random(seed);
    this.options = options;
    const drawn = drawPlan(random.fork(), { choice: faults, virtualMs, nodes });
    this.plan = only === null ? drawn : { ...drawn, events: drawn.events.filter(({ id }) => only.has(id)) };
    const on = (family: StandingFamily): boolean => this.plan.standing.includes(family);
    const draws = random.fork();
    this.#random = random.fork();
    const spares = nodes > 2 && draws.chance(0.2) ? 1 : 0;
    const diskKind = diskKindOf(seed, disk);
    const isFounded = virtualMs < 10_000 || draws.chance(0.85);
    this.stage = new OrderStage({
      ...CALM_STAGE,
      seed: random.u32(),
      nodes,
      voters: isFounded ? Math.min(nodes - spares, 5) : 0,
      paths: drawPaths(draws, on('delay')),
      links: drawLinks(draws, on, virtualMs),
      disk: { syncMs: on('slow-disks') ? draws.pick(SLOW_SYNCS[diskKind]) : draws.pick(FAST_SYNCS) },
      diskKind,
      election: { stableMs: draws.pick([500, 2_000, 10_000]), transferEveryMs: draws.pick([1_000, 60_000]) },
      ordering: {
        promoteAfterMs: draws.pick([200, 2_000]),
        evictAfterMs: draws.pick([3_000, 600_000]),
        // A tie that one copy breaks: who wants that says so.
        minCopies: 1,
        baseEveryBytes: draws.pick([2_000, 67_108_864]),
        cacheBytesMax: draws.pick([2_000, 33_554_432]),
        fetchBehindEntries: draws.pick([16, 4_096]),
      },
      tieBreak: draws.chance(0.2),
      codec,
      story,
      mutation,
    });
    const { world } = this.stage;
    for (let spare = 0; spare < spares; spare++) world.node(nodes - 1 - spare).hasLeft = true;
    this.#producers = new Producers(world, random.fork(), drawProducers(draws, nodes, on('bursts')));
    this.#chaos = new OrderChaos(world, this.plan);
  }

  run(): OrderResult {
    const { virtualMs } = this.options;
    const { world } = this.stage;
    for (const node of world.nodes) {
      if (!node.hasLeft) world.timeline.at(this.#random.between(0, 200), () => world.start(node));
    }
    this.#chaos.begin();
    this.#producers.begin();
    world.runUntil(virtualMs);
    if (world.problems.length > 0) return this.#result(null, null);

    this.#producers.end();
    const core = drawCore(this.stage, this.#random);
    const liveness = new Liveness(this.stage, core);
    liveness.begin(this.#chaos, this.#random);
    const { ledAfterMs, settledAfterMs } = liveness.run({
      leaderMs: leaderBoundMs(this.stage, core.size),
      settleMs: SETTLE_MS,
      stayMs: virtualMs > 10_000 ? 5_000 : 1_000,
    });
    return this.#result(ledAfterMs, settledAfterMs);
  }

  #result(ledAfterMs: number | null, settledAfterMs: number | null): OrderResult {
    const { seed, nodes } = this.options;
    const { world, trace, truth } = this.stage;
    let committed = 0;
    for (const group of truth.groups.values()) committed += group.last;
    return {
      seed,
      nodes,
      problems: world.problems,
      hash: trace.hash,
      plan: this.plan,
      virtualMs: world.timeline.nowMs,
      ledAfterMs,
      settledAfterMs,
      counts: {
        steps: world.timeline.ran,
        messages: trace.messages,
        elections: trace.elections,
        committed,
        batches: this.#producers.batches,
        starts: world.nodes.reduce((sum, { life }) => sum + life, 0),
      },
      story: trace.story,
    };
  }
}

/** A disk of bytes costs several times as much: one seed in sixteen has them. */
export function diskKindOf(seed: number, choice: DiskChoice): DiskKind {
  if (choice !== 'mixed') return choice;
  return seed % 16 === 7 ? 'bytes' : 'entries';
}

const SETTLE_MS = 40_000;
const FAST_SYNCS = [
  { min: 0.05, max: 0.5 },
  { min: 0.3, max: 4 },
  { min: 1, max: 12 },
] as const;
/** The engine syncs several files for what is one write to a disk of entries. */
const SLOW_SYNCS: { readonly [kind in DiskKind]: readonly OrderDiskOptions['syncMs'][] } = {
  entries: [
    { min: 5, max: 60 },
    { min: 20, max: 150 },
  ],
  bytes: [
    { min: 2, max: 25 },
    { min: 5, max: 60 },
  ],
};

function drawPaths(random: Random, delay: boolean): OrderStage['options']['paths'] {
  const latencyMs = random.pick([
    { min: 0.1, max: 1 },
    { min: 0.5, max: 8 },
    { min: 5, max: 40 },
  ]);
  const spikes = { spikeChance: random.between(0.005, 0.1), spikeMs: random.between(50, 800) };
  return { ...CALM_STAGE.paths, latencyMs, jitter: 0.5, ...(delay && spikes) };
}

function drawLinks(random: Random, on: (family: StandingFamily) => boolean, virtualMs: number): LinkOptions {
  const duplicateChance = random.between(0.01, 0.2);
  const overtakeChance = random.between(0.01, 0.2);
  const replayChance = random.between(0.005, 0.1);
  return {
    ...CALM_LINKS,
    silenceMs: random.pick([
      { min: 100, max: 600 },
      { min: 500, max: 3_000 },
      { min: 3_000, max: 20_000 },
    ]),
    duplicateChance: on('duplication') ? duplicateChance : 0,
    overtakeChance: on('overtaking') ? overtakeChance : 0,
    replayChance: on('replay') ? replayChance : 0,
    replayMs: { min: 50, max: Math.max(1_000, virtualMs / 2) },
  };
}

export function runOrderScenario(options: OrderScenarioOptions): OrderResult {
  return new OrderScenario(options).run();
}
