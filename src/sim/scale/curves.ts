// Curves: one kind of measurement over sizes, losses and intervals, each point the values of several seeds
// together. SPEC rule SM24.

import { unreachable } from '../../kit/assert.ts';
import { fleetOptionsOf, type Knobs } from './knobs.ts';
import type { LoadOptions } from './load.ts';
import { CONVERGENCE, measureConvergence } from './measure/convergence.ts';
import { DETECTION, measureDetection } from './measure/detection.ts';
import { measureTraffic } from './measure/traffic.ts';
import { spreadOf } from './quantiles.ts';

export const CURVES = ['convergence', 'staleness', 'bytes', 'detection'] as const;
export type CurveName = (typeof CURVES)[number];

export interface CurveOptions {
  readonly what: CurveName;
  readonly nodes: readonly number[];
  readonly lossPercents: readonly number[];
  readonly intervalsMs: readonly number[];
  readonly fanout: number;
  /** Of the measurements under load. */
  readonly load: LoadOptions;
  readonly seed: number;
  readonly seeds: number;
}

/** What one metric was at one point of the sweep. */
export interface CurvePoint {
  readonly metric: string;
  readonly unit: string;
  readonly nodes: number;
  readonly lossPercent: number;
  readonly intervalMs: number;
  /** How many measured values stand behind it. */
  readonly values: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
  /** How often what was waited for did not come. */
  readonly missed: number;
}

export interface CurveProgress {
  readonly done: number;
  readonly of: number;
  readonly knobs: Knobs;
}

/** Measured values of one metric, by name; of all seeds together. */
interface Collected {
  readonly metric: string;
  readonly unit: string;
  readonly values: number[];
  missed: number;
}

/** Point after point, the larger clusters last; each step of the iteration is one seed of one point. */
export function* curve(options: CurveOptions): Generator<CurveProgress, readonly CurvePoint[]> {
  const points: CurvePoint[] = [];
  const { nodes, lossPercents, intervalsMs, seeds, fanout } = options;
  const of = nodes.length * lossPercents.length * intervalsMs.length * seeds;
  let done = 0;
  for (const size of nodes) {
    for (const lossPercent of lossPercents) {
      for (const intervalMs of intervalsMs) {
        const collected = new Map<string, Collected>();
        for (let seed = options.seed; seed < options.seed + seeds; seed++) {
          const knobs: Knobs = { seed, nodes: size, lossPercent, intervalMs, fanout };
          yield { done, of, knobs };
          measure(options, knobs, collected);
          done++;
        }
        for (const { metric, unit, values, missed } of collected.values()) {
          const { count, median, p99, max } = spreadOf(values);
          points.push({
            metric,
            unit,
            nodes: size,
            lossPercent,
            intervalMs,
            values: count,
            median,
            p99,
            max,
            missed,
          });
        }
      }
    }
  }
  return points;
}

const WARM_UP_ROUNDS = 10;
const LOADED_MS = 10_000;
const IDLE_MS = 20_000;

function measure({ what, load }: CurveOptions, knobs: Knobs, into: Map<string, Collected>): void {
  switch (what) {
    case 'convergence': {
      const { tookMs, intervalMs, missed } = measureConvergence(knobs, CONVERGENCE);
      collect(
        into,
        'all know',
        'rounds',
        tookMs.map((ms) => ms / intervalMs),
        missed,
      );
      collect(into, 'all know', 'ms', tookMs, missed);
      return;
    }
    case 'detection': {
      const { firstSuspicionMs, allDeadMs, missed, falseDeaths } = measureDetection(knobs, DETECTION);
      collect(into, 'first suspicion', 'ms', firstSuspicionMs, missed);
      collect(into, 'all say dead', 'ms', allDeadMs, missed);
      collect(into, 'false deaths', 'count', [falseDeaths], 0);
      return;
    }
    case 'staleness': {
      const { stalenessMs } = loaded(knobs, load);
      collect(into, 'staleness, median', 'ms', [stalenessMs.median], 0);
      collect(into, 'staleness, p99', 'ms', [stalenessMs.p99], 0);
      return;
    }
    case 'bytes': {
      collect(into, 'under load', 'B/s', [loaded(knobs, load).bytesPerNodeSecond], 0);
      const idle = { load: null, warmUpMs: WARM_UP_ROUNDS * knobs.intervalMs, forMs: IDLE_MS };
      collect(into, 'idle', 'B/s', [measureTraffic(fleetOptionsOf(knobs), idle).bytesPerNodeSecond], 0);
      return;
    }
    default:
      unreachable(what);
  }
}

function loaded(knobs: Knobs, load: LoadOptions) {
  const warmUpMs = Math.max(load.periodMs, WARM_UP_ROUNDS * knobs.intervalMs);
  return measureTraffic(fleetOptionsOf(knobs), { load, warmUpMs, forMs: LOADED_MS });
}

function collect(
  into: Map<string, Collected>,
  metric: string,
  unit: string,
  values: readonly number[],
  missed: number,
): void {
  const key = `${metric}, ${unit}`;
  const collected = into.get(key) ?? { metric, unit, values: [], missed: 0 };
  into.set(key, collected);
  collected.values.push(...values);
  collected.missed += missed;
}
