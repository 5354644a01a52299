// One run from one seed: a safety phase full of faults, in which nothing wrong may ever happen, then the faults
// end, and in the liveness phase everything must come right in time. SPEC rules SM7, SM9.

import { Random } from '../kit/random.ts';
import { HISTORY_PROFILES } from '../peer/history-options.ts';
import type { PeerOptions } from '../peer/options.ts';
import type { Peer } from '../peer/peer.ts';
import type { TopologyPolicy } from '../peer/topology.ts';
import { MEMBERSHIP_DEFAULTS } from '../protocol/membership/options.ts';
import { REPLICATION_DEFAULTS } from '../protocol/replication/options.ts';
import { disagreements } from './agreement.ts';
import { Chaos } from './chaos.ts';
import { Bounds } from './checkers/bounds.ts';
import { ForwardOnly } from './checkers/forward-only.ts';
import { IncarnationHolds } from './checkers/incarnation.ts';
import { OneNameOneContent } from './checkers/one-name-one-content.ts';
import { OneOrder } from './checkers/one-order.ts';
import { StoredStays } from './checkers/stored.ts';
import { ToldIsDurable } from './checkers/told-is-durable.ts';
import { drawFaults, type FaultChoice, type Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import type { SimNode } from './node.ts';
import { orderDisagreements } from './order-agreement.ts';
import { PeerProcess } from './process.ts';
import { Trace } from './trace.ts';
import type { Place } from './watcher.ts';
import { Wire } from './wire.ts';
import { Workload } from './workload.ts';
import { type Boot, type Problem, World } from './world.ts';

export interface ScenarioOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How long the safety phase lasts, in virtual time. */
  readonly virtualMs: number;
  readonly faults: FaultChoice;
  /** Whether messages cross as bytes. */
  readonly codec: boolean;
  readonly story: boolean;
  readonly mutation: Mutation | null;
  /** Whether the peers take part in the order; `drawn`: most of them, in seeds where it can be said what must hold. */
  readonly order: 'drawn' | 'on' | 'off';
}

export interface ScenarioResult {
  readonly seed: number;
  readonly nodes: number;
  readonly problems: readonly Problem[];
  /** Of every effect of every peer. */
  readonly hash: string;
  readonly faults: readonly string[];
  readonly virtualMs: number;
  /** From the end of the faults until all agreed. */
  readonly settledAfterMs: number | null;
  readonly counts: ScenarioCounts;
  readonly story: readonly string[];
}

export interface ScenarioCounts {
  readonly steps: number;
  readonly messages: number;
  readonly bytes: number;
  readonly facts: number;
  readonly readings: number;
  readonly records: number;
  readonly answered: number;
  readonly starts: number;
}

/** Everything must come right this soon after the faults have ended. */
const SETTLE_MS = 180_000;
const LOOK_EVERY_MS = 1_000;
/** All must still agree after so much more quiet. */
const STAY_MS = 15_000;
/** A lead that is handed over is known everywhere with the next heartbeats. */
const ORDER_GOES_ON_MS = 5_000;

export class Scenario {
  readonly options: ScenarioOptions;
  readonly world: World<PeerProcess>;
  readonly ledger = new Ledger();
  readonly trace: Trace;
  readonly wire: Wire;
  readonly workload: Workload<PeerProcess>;
  readonly chaos: Chaos<PeerProcess>;
  readonly #stored: StoredStays;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #topology: TopologyPolicy;
  readonly #snapshots: Pick<PeerOptions, 'snapshotIntervalMs' | 'snapshotAfterRecords'>;
  readonly #tombstoneSpan: number;
  readonly takesPart: boolean;
  #settledAfterMs: number | null = null;

  constructor(options: ScenarioOptions) {
    const { seed, nodes, story } = options;
    const random = new Random(seed);
    this.options = options;
    this.#random = random.fork();
    this.#faults = drawFaults(random.fork(), options.faults);
    this.takesPart = options.order === 'drawn' ? drawOrder(seed, this.#faults) : options.order === 'on';
    this.#topology = drawTopology(this.#random);
    this.#snapshots = {
      snapshotIntervalMs: this.#random.between(2_000, 30_000),
      snapshotAfterRecords: 10 + this.#random.below(500),
    };
    this.#tombstoneSpan = this.#random.chance(0.5)
      ? REPLICATION_DEFAULTS.tombstoneSpan
      : 1 + this.#random.below(40);
    this.wire = new Wire(options.codec);
    this.world = new World({
      seed: random.u32(),
      nodes,
      paths: { ...this.#faults.paths },
      network: {
        dialTimeoutMs: 1_000,
        dialPauseMs: { min: 50, max: 2_000 },
        silenceMs: { min: 3_000, max: 20_000 },
        waitingFramesMax: 64,
        carry: (from, message, channel) => this.wire.carry(from, message, channel),
      },
      disk: {
        syncMs: this.#random.pick([
          { min: 0.05, max: 1 },
          { min: 1, max: 15 },
          { min: 5, max: 200 },
        ]),
      },
      boot: (boot) => this.#boot(boot),
    });
    const zones = drawZones(options.seed);
    for (const node of this.world.nodes) node.zone = zones === 1 ? '' : `zone-${node.index % zones}`;
    this.trace = new Trace(this.world.timeline, { story });
    this.#stored = new StoredStays(this.#complain, this.ledger, (at) => this.#peerAt(at));
    this.#watch();
    this.workload = new Workload(this.world, random.fork(), drawWorkload(this.#random));
    this.chaos = new Chaos(this.world, random.fork(), this.#faults);
  }

  run(): ScenarioResult {
    const { virtualMs } = this.options;
    this.startAll(virtualMs);
    this.chaos.begin();
    this.workload.begin();
    this.world.runUntil(virtualMs);
    this.workload.end();
    this.chaos.end(this.#drawGoneForGood());
    this.settle(SETTLE_MS);
    return this.result();
  }

  /** Most start together, some join within `lateMs`. */
  startAll(lateMs: number): void {
    for (const node of this.world.nodes) {
      const atMs = this.#random.chance(0.15) ? this.#random.between(0, lateMs) : this.#random.between(0, 500);
      this.world.timeline.at(atMs, () => this.world.start(node));
    }
  }

  /** Runs until all agree, and a while on to see that they go on agreeing. */
  settle(withinMs: number): void {
    const { world } = this;
    const startMs = world.timeline.nowMs;
    const differences = this.#lastingFor(withinMs, () => this.#disagreements());
    if (this.#complainOf(differences, `${withinMs / 1000} s after the last fault`)) return;
    this.#settledAfterMs = world.timeline.nowMs - startMs;
    world.runUntil(world.timeline.nowMs + STAY_MS);
    const stayed = 'after all had agreed';
    if (this.#complainOf(this.#stateDisagreements(), stayed)) return;
    // The order may be going on at that very moment: a lead handed over is an entry as well.
    const ofOrder = this.#lastingFor(ORDER_GOES_ON_MS, () => this.#orderDisagreements());
    this.#complainOf(ofOrder, stayed);
  }

  /** What differs still after so long; nothing as soon as nothing differs. */
  #lastingFor(ms: number, differences: () => readonly string[]): readonly string[] {
    const { world } = this;
    const untilMs = world.timeline.nowMs + ms;
    let found = differences();
    while (found.length > 0 && world.problems.length === 0 && world.timeline.nowMs < untilMs) {
      world.runUntil(world.timeline.nowMs + LOOK_EVERY_MS);
      found = differences();
    }
    return found;
  }

  result(): ScenarioResult {
    const { world, trace, wire, ledger, workload } = this;
    const { seed, nodes } = this.options;
    return {
      seed,
      nodes,
      problems: world.problems,
      hash: trace.hash,
      faults: this.#faults.events.map(({ family }) => family),
      virtualMs: world.timeline.nowMs,
      settledAfterMs: this.#settledAfterMs,
      counts: {
        steps: world.timeline.ran,
        messages: trace.messages,
        bytes: wire.bytes,
        facts: trace.facts,
        readings: workload.readings,
        records: ledger.records,
        answered: this.#stored.answered,
        starts: world.nodes.reduce((sum, node) => sum + node.life, 0),
      },
      story: trace.story,
    };
  }

  readonly #complain = (
    checker: string,
    at: Parameters<World<PeerProcess>['problem']>[1],
    what: string,
  ): void => this.world.problem(checker, at, what);

  #disagreements(): readonly string[] {
    const found = this.#stateDisagreements();
    return found.length > 0 ? found : this.#orderDisagreements();
  }

  #stateDisagreements(): readonly string[] {
    return disagreements(this.world, this.ledger, { tombstonesDropped: this.#tombstonesDropped });
  }

  #orderDisagreements(): readonly string[] {
    return this.takesPart ? orderDisagreements(this.world, this.ledger) : [];
  }

  get #tombstonesDropped(): boolean {
    return this.#tombstoneSpan < REPLICATION_DEFAULTS.tombstoneSpan;
  }

  #complainOf(differences: readonly string[], when: string): boolean {
    const { world } = this;
    if (world.problems.length > 0) return true;
    if (differences.length === 0) return false;
    const some = differences.slice(0, 5).join('; ');
    world.problem('in the end all agree', null, `${differences.length} differences ${when}: ${some}`);
    return true;
  }

  /** The ledger comes first: checkers compare with it. */
  #watch(): void {
    const { world, ledger } = this;
    world.watcher.add(ledger);
    world.watcher.add(this.trace);
    world.watcher.add(new ToldIsDurable(this.#complain, ledger));
    world.watcher.add(new IncarnationHolds(this.#complain));
    world.watcher.add(new OneNameOneContent(this.#complain, ledger));
    // Who missed tombstones that were dropped fetches all streams anew, from their beginning.
    if (!this.#tombstonesDropped) {
      world.watcher.add(new ForwardOnly(this.#complain, ledger, (at) => this.#peerAt(at)));
    }
    world.watcher.add(this.#stored);
    if (this.takesPart)
      world.watcher.add(new OneOrder(this.#complain, (at) => world.node(at.index).disk.order));
    world.watcher.add(new Bounds(this.#complain));
  }

  #peerAt(at: Place): Peer | null {
    return this.world.node(at.index).process?.peer ?? null;
  }

  #boot(found: Boot): PeerProcess {
    const boot: Boot = { ...found, recovered: this.wire.recover(found.recovered) };
    const options: PeerOptions = {
      peer: boot.peer,
      address: boot.address,
      apiPort: 0,
      zone: this.world.node(boot.index).zone,
      seeds: this.#seedsOf(boot.index).map((index) => this.world.node(index).address),
      topology: this.#topology,
      membership: MEMBERSHIP_DEFAULTS,
      replication: { ...REPLICATION_DEFAULTS, tombstoneSpan: this.#tombstoneSpan },
      // Disks and networks of a bad day are slow.
      history: this.takesPart
        ? { priority: 0, expectNodes: this.options.nodes, ...HISTORY_PROFILES.wan }
        : null,
      maxClockSkewMs: 5_000,
      ...this.#snapshots,
    };
    const { mutation } = this.options;
    return mutation === null ? new PeerProcess(boot, options) : MUTATIONS[mutation](boot, options);
  }

  /**
   * A ring both ways, itself included, as one list for all would have it: of two neighbours the one that starts
   * later is told where the other is, so the ring can always close again, though addresses change.
   */
  #seedsOf(index: number): number[] {
    const { nodes } = this.options;
    const seeds = [index - 1, index, index + 1, index + 2].map((seed) => (seed + nodes) % nodes);
    return [...new Set(seeds)];
  }

  #drawGoneForGood(): ReadonlySet<SimNode<PeerProcess>> {
    const { nodes } = this.world;
    const isOne = nodes.length >= 3 && this.#random.chance(0.3);
    return new Set(isOne ? [this.#random.pick(nodes)] : []);
  }
}

export function runScenario(options: ScenarioOptions): ScenarioResult {
  return new Scenario(options).run();
}

/** From a generator of its own, so that a seed's other draws are what they are without zones. */
function drawZones(seed: number): number {
  const random = new Random(seed ^ 0x20e5);
  return random.chance(0.3) ? 2 + random.below(3) : 1;
}

/**
 * From a generator of its own, so that a seed's other draws are what they are without. A voter put back from a backup
 * has forgotten what it promised and stored, which no order survives in any number: seeds with backups run without.
 */
function drawOrder(seed: number, faults: Faults): boolean {
  const isCopied = faults.events.some(({ family }) => family === 'backup');
  return new Random(seed ^ 0x0de2).chance(0.8) && !isCopied;
}

function drawTopology(random: Random): TopologyPolicy {
  return random.chance(0.8) ? 'full_mesh' : random.pick(['partial', 'ring', 'star']);
}

function drawWorkload(random: Random): ConstructorParameters<typeof Workload>[2] {
  return {
    devicesPerNode: 1 + random.below(4),
    sharedSensors: random.below(3),
    periodMs: random.pick([
      { min: 200, max: 2_000 },
      { min: 1_000, max: 10_000 },
    ]),
    burstChance: random.chance(0.3) ? 0.02 : 0,
    burstMax: 100,
    forgetChance: random.chance(0.3) ? 0.05 : 0,
    keyChance: random.chance(0.3) ? 0.2 : 0,
  };
}
