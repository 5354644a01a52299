// What a crowd of nodes is put through, the same for real processes and simulated peers, and what is measured of
// it. Every figure is one that both can give: times between things that can be seen from outside, and the bytes a
// node counts as sent.

/** Figures by what they are called; several of each. */
export type Curves = Map<CurveName, number[]>;

export const CURVES = {
  updateHalf: 'an update, from stored until half of the nodes show it, s',
  updateAll: 'an update, from stored until all show it, s',
  updateBytes: 'bytes of the state plane sent with 1 update a second in all, a node and second',
  idleBytes: 'bytes of the state plane sent with no update at all, a node and second',
  loadMedian: 'under load, age of a reading when another node shows it, median, s',
  loadP90: 'under load, the same, 90 of 100, s',
  loadAll: 'under load, a reading, from stored until the last node that shows it does, s',
  loadShown: 'under load, share of readings that another node shows before a later one, %',
  loadBytes: 'bytes of the state plane sent under load, a node and second',
  killedSuspected: 'killed (-9): first suspicion, s',
  killedDead: 'killed (-9): all say dead, s',
  stoppedSuspected: 'stopped (SIGSTOP): first suspicion, s',
  stoppedDead: 'stopped (SIGSTOP): all say dead, s',
} as const;

export type CurveName = keyof typeof CURVES;

export interface CrowdPlan {
  readonly nodes: number;
  /** Every timing that is not named here is the product's default for PROFILE=local. */
  readonly gossipIntervalMs: number;
  readonly maxFanout: number;
  readonly heartbeatIntervalMs: number;
  readonly updates: number;
  readonly updateEveryMs: number;
  readonly idleMs: number;
  readonly sensorsPerNode: number;
  readonly sensorPeriodMs: number;
  readonly loadMs: number;
  readonly kills: number;
  readonly stops: number;
  /** Between one trial and the next. */
  readonly restMs: number;
  /** What is not seen within this time does not come. */
  readonly patienceMs: number;
}

export const PLAN: CrowdPlan = {
  nodes: 30,
  gossipIntervalMs: 1_000,
  maxFanout: 3,
  heartbeatIntervalMs: 1_000,
  updates: 120,
  updateEveryMs: 1_000,
  idleMs: 40_000,
  sensorsPerNode: 8,
  sensorPeriodMs: 1_000,
  loadMs: 40_000,
  kills: 12,
  stops: 8,
  restMs: 4_000,
  patienceMs: 60_000,
};

/** The knobs as a node's environment has them. */
export function knobsOf(plan: CrowdPlan): { readonly [name: string]: string } {
  return {
    PROFILE: 'local',
    GOSSIP_SYNC_INTERVAL_MS: String(plan.gossipIntervalMs),
    GOSSIP_MAX_FANOUT: String(plan.maxFanout),
    HEARTBEAT_INTERVAL_MS: String(plan.heartbeatIntervalMs),
  };
}

export function note(curves: Curves, name: CurveName, ...values: readonly number[]): void {
  const before = curves.get(name);
  if (before === undefined) curves.set(name, [...values]);
  else before.push(...values);
}

/** When a value of one sensor was shown at each node, the origin's first. */
export class Showings {
  readonly #origins = new Map<string, number>();
  readonly #others = new Map<string, number[]>();

  /** `reading` names one reading of one sensor. */
  shown(reading: string, isOrigin: boolean, atMs: number): void {
    if (isOrigin) this.#origins.set(reading, atMs);
    const others = this.#others.get(reading);
    if (others === undefined) this.#others.set(reading, isOrigin ? [] : [atMs]);
    else if (!isOrigin) others.push(atMs);
  }

  /** For each reading that its origin showed between these times: how long after that the others did, in order. */
  delaysMs(fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY): number[][] {
    const all: number[][] = [];
    for (const [reading, originMs] of this.#origins) {
      if (originMs < fromMs || originMs >= toMs) continue;
      all.push((this.#others.get(reading) ?? []).map((atMs) => atMs - originMs).sort((a, b) => a - b));
    }
    return all;
  }
}

/** What a phase under load says. */
export function noteLoad(curves: Curves, delaysMs: readonly (readonly number[])[], plan: CrowdPlan): void {
  const all = delaysMs.flat().sort((a, b) => a - b);
  const at = (share: number): number => (all[Math.floor(share * all.length)] ?? Number.NaN) / 1_000;
  note(curves, 'loadMedian', at(0.5));
  note(curves, 'loadP90', at(0.9));
  note(curves, 'loadAll', ...delaysMs.flatMap((delays) => delays.slice(-1)).map((ms) => ms / 1_000));
  note(curves, 'loadShown', (100 * all.length) / (delaysMs.length * (plan.nodes - 1)));
}

/** What sparse updates say, each for itself. */
export function noteUpdates(curves: Curves, delaysMs: readonly (readonly number[])[], plan: CrowdPlan): void {
  const others = plan.nodes - 1;
  for (const delays of delaysMs) {
    if (delays.length < others) continue;
    note(curves, 'updateHalf', (delays[Math.ceil(others / 2) - 1] ?? Number.NaN) / 1_000);
    note(curves, 'updateAll', (delays[others - 1] ?? Number.NaN) / 1_000);
  }
}
