// The plan, put to simulated peers: the measuring simulator with the same knobs, and latencies as they were
// measured between the real processes.

import { peerOptionsOf } from '../src/cli/peer-options.ts';
import { loadConfig } from '../src/config/config.ts';
import { Random } from '../src/kit/random.ts';
import type { SensorId } from '../src/model/ids.ts';
import type { PeerOptions } from '../src/peer/options.ts';
import { Fleet, stationName } from '../src/sim/scale/fleet.ts';
import { AIR_DEFAULTS, FLEET_DEFAULTS } from '../src/sim/scale/options.ts';
import type { Station } from '../src/sim/scale/station.ts';
import {
  type CrowdPlan,
  type Curves,
  knobsOf,
  note,
  noteLoad,
  noteUpdates,
  Showings,
} from './_crowd-plan.ts';

const SETTLE_MS = 15_000;
/** Of an append on this machine; no figure contains it. */
const DISK_MS = 1;

/** One way, from program to program. */
export interface LatencyMs {
  readonly min: number;
  readonly max: number;
}

/** What the simulator has no way to know of a machine. */
export interface Machine {
  /** At rest, and under load, which makes programs slower to answer. */
  readonly quiet: LatencyMs;
  readonly loaded: LatencyMs;
  /** From a kill until the connections of the process are closed. */
  readonly dyingMs: number;
}

/** As many runs, each from a seed of its own. */
export function measureVirtual(plan: CrowdPlan, machine: Machine, runs: number): Curves {
  const curves: Curves = new Map();
  for (let seed = 1; seed <= runs; seed++) {
    const quiet = new VirtualCrowd(plan, machine.quiet, seed);
    quiet.updates(curves);
    quiet.idle(curves);
    for (let trial = 0; trial < plan.kills; trial++) quiet.kill(curves, machine.dyingMs);
    for (let trial = 0; trial < plan.stops; trial++) quiet.halt(curves);
    new VirtualCrowd(plan, machine.loaded, 1_000 + seed).load(curves);
  }
  return curves;
}

class VirtualCrowd {
  readonly #plan: CrowdPlan;
  readonly #fleet: Fleet;
  readonly #random: Random;
  #showings = new Showings();
  /** What each says of the one that was lost, and since when. */
  #said = new Map<string, { readonly what: string; readonly atMs: number }>();
  #lost: string | null = null;
  #firstDoubtMs: number | null = null;

  constructor(plan: CrowdPlan, latencyMs: LatencyMs, seed: number) {
    this.#plan = plan;
    this.#random = new Random(seed);
    const { membership, replication } = optionsOf(plan);
    this.#fleet = new Fleet({
      ...FLEET_DEFAULTS,
      seed,
      nodes: plan.nodes,
      start: { kind: 'joined', linked: true },
      air: { ...AIR_DEFAULTS, latencyMs },
      membership,
      replication,
      diskMs: DISK_MS,
      clockSkewMs: 0,
    });
    this.#fleet.listen((station, fact) => {
      const nowMs = this.#fleet.nowMs;
      if (fact.type === 'registers-changed') {
        for (const { sensor, n } of fact.records) {
          if (!sensor.startsWith('probe/')) continue;
          this.#showings.shown(`${sensor} ${n}`, fact.origin === station.id, nowMs);
        }
      }
      if (fact.type !== 'member-status' || fact.peer !== this.#lost) return;
      this.#said.set(station.id, { what: fact.status, atMs: nowMs });
      if (fact.status === 'suspected') this.#firstDoubtMs ??= nowMs;
    });
    this.#fleet.startAll();
    this.#fleet.runFor(SETTLE_MS);
  }

  updates(curves: Curves): void {
    const { updates, updateEveryMs, restMs } = this.#plan;
    const fleet = this.#fleet;
    fleet.tally.begin();
    const fromMs = fleet.nowMs;
    for (let update = 0; update < updates; update++) {
      this.#submit(this.#random.pick(fleet.stations), 'probe');
      fleet.runFor(updateEveryMs * this.#random.between(0.5, 1.5));
    }
    note(curves, 'updateBytes', ...this.#rates(fleet.nowMs - fromMs));
    fleet.runFor(restMs);
    noteUpdates(curves, this.#showings.delaysMs(), this.#plan);
    fleet.runFor(SETTLE_MS);
  }

  idle(curves: Curves): void {
    this.#fleet.tally.begin();
    this.#fleet.runFor(this.#plan.idleMs);
    note(curves, 'idleBytes', ...this.#rates(this.#plan.idleMs));
  }

  load(curves: Curves): void {
    const { sensorsPerNode, sensorPeriodMs, loadMs, restMs } = this.#plan;
    const fleet = this.#fleet;
    for (const station of fleet.stations) {
      // The sensors of a process start together, and so they speak at the same moment.
      const speak = (atMs: number): void => {
        for (let sensor = 0; sensor < sensorsPerNode; sensor++) {
          this.#submit(station, sensor === 0 ? 'probe' : `hall-${sensor}`);
        }
        fleet.agenda.at(atMs + sensorPeriodMs, () => speak(atMs + sensorPeriodMs));
      };
      const firstMs = fleet.nowMs + this.#random.between(0, sensorPeriodMs);
      fleet.agenda.at(firstMs, () => speak(firstMs));
    }
    fleet.runFor(SETTLE_MS);
    const fromMs = fleet.nowMs;
    fleet.tally.begin();
    fleet.runFor(loadMs);
    note(curves, 'loadBytes', ...this.#rates(loadMs));
    fleet.runFor(restMs);
    noteLoad(curves, this.#showings.delaysMs(fromMs, fromMs + loadMs), this.#plan);
  }

  kill(curves: Curves, dyingMs: number): void {
    const victim = this.#random.pick(this.#fleet.stations);
    const seen = this.#lose(victim, () => victim.stop(true));
    note(curves, 'killedSuspected', (dyingMs + seen.suspectedMs) / 1_000);
    note(curves, 'killedDead', (dyingMs + seen.deadMs) / 1_000);
    this.#await(victim, () => this.#fleet.start(victim));
  }

  halt(curves: Curves): void {
    const victim = this.#random.pick(this.#fleet.stations);
    const seen = this.#lose(victim, () => victim.pause());
    note(curves, 'stoppedSuspected', seen.suspectedMs / 1_000);
    note(curves, 'stoppedDead', seen.deadMs / 1_000);
    this.#await(victim, () => victim.resume());
  }

  /** How long after the fault somebody suspects it, and all say that it is dead. */
  #lose(victim: Station, fault: () => void): { readonly suspectedMs: number; readonly deadMs: number } {
    const fleet = this.#fleet;
    this.#lost = victim.id;
    this.#said = new Map();
    this.#firstDoubtMs = null;
    const sinceMs = fleet.nowMs;
    fault();
    const allDead = (): boolean =>
      [...fleet.running()].every(({ id }) => id === victim.id || this.#said.get(id)?.what === 'dead');
    if (fleet.runUntilTrue(allDead, this.#plan.patienceMs, 1) === null) throw new Error('not all say dead');
    const deaths = [...this.#said].filter(([id]) => id !== victim.id).map(([, { atMs }]) => atMs);
    this.#lost = null;
    return {
      suspectedMs: (this.#firstDoubtMs ?? Number.NaN) - sinceMs,
      deadMs: Math.max(...deaths) - sinceMs,
    };
  }

  #await(victim: Station, back: () => void): void {
    const { patienceMs, restMs } = this.#plan;
    back();
    if (this.#fleet.runUntilTrue(() => this.#allAlive(), patienceMs, 50) === null) {
      throw new Error(`${victim.id} is not back`);
    }
    this.#fleet.runFor(restMs * this.#random.between(1, 1.5));
  }

  #allAlive(): boolean {
    return this.#fleet.stations.every(({ peer }) =>
      this.#fleet.stations.every(({ id }) => peer?.membership.statusOf(id) === 'alive'),
    );
  }

  #submit(station: Station, name: string): void {
    const tsMs = station.now().wallMs;
    station.submit([
      { sensor: `${name}/${station.id}` as SensorId, value: this.#random.between(10, 35), tsMs },
    ]);
  }

  #rates(forMs: number): number[] {
    return [...this.#fleet.tally.sentBytes].map((bytes) => (1_000 * bytes) / forMs);
  }
}

/** As a node with these knobs would have them. */
function optionsOf(plan: CrowdPlan): PeerOptions {
  const loaded = loadConfig([], knobsOf(plan));
  if (!loaded.ok) throw new Error(loaded.problem.join('; '));
  return peerOptionsOf(loaded.value.config, stationName(0), { host: '127.0.0.1', port: 9_000 }, 10_000);
}
