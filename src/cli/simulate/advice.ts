// `sensorium simulate --like SITE [--set NAME=VALUE]`: what would happen at a site as it is, and beside it with other
// knobs. SPEC rule OP11.

import { measureOutage } from '../../sim/order/outage.ts';
import type { Knobs } from '../../sim/scale/knobs.ts';
import { fleetOptionsOf } from '../../sim/scale/knobs.ts';
import { CONVERGENCE, measureConvergence } from '../../sim/scale/measure/convergence.ts';
import { DETECTION, measureDetection } from '../../sim/scale/measure/detection.ts';
import { measureTraffic } from '../../sim/scale/measure/traffic.ts';
import { spreadOf } from '../../sim/scale/quantiles.ts';
import { EXIT, Failure } from '../failure.ts';
import { table } from '../table.ts';
import { type Likeness, likenessOf } from './like.ts';

const NODES_MAX = 1_000;
const OUTAGES = 10;
const CRASHES = 2;
const LOADED_MS = 10_000;
const WARM_UP_ROUNDS = 10;

export interface AdviceOptions {
  readonly like: string;
  readonly sets: readonly string[];
  readonly seed: number;
  readonly seeds: number;
  readonly json: boolean;
}

/** One figure; null where what was waited for did not come. */
interface Forecast {
  readonly what: string;
  readonly unit: string;
  readonly median: number | null;
  readonly p99: number | null;
}

export async function advise({ like, sets, seed, seeds, json }: AdviceOptions): Promise<void> {
  const sites = [await likenessOf(like, [])];
  if (sets.length > 0) sites.push(await likenessOf(like, sets));
  const forecasts = sites.map((site) => forecastOf(site, seed, seeds));
  if (json) {
    const told = sites.map((site, at) => ({
      ...summaryOf(site),
      set: at === 0 ? [] : sets,
      forecast: forecasts[at],
    }));
    process.stdout.write(`${JSON.stringify(told)}\n`);
    return;
  }
  const [site] = sites;
  if (site) process.stdout.write(`${headText(site)}\n\n`);
  process.stdout.write(`${comparison(forecasts, sets)}\n`);
}

function forecastOf(site: Likeness, seed: number, seeds: number): readonly Forecast[] {
  const { nodes, options } = site;
  if (nodes < 2 || nodes > NODES_MAX) {
    throw new Failure(
      `--like: a site of 2 to ${NODES_MAX} nodes can be simulated, this has ${nodes}`,
      EXIT.usage,
    );
  }
  const load = { sensorsPerNode: site.sensorsPerNode, periodMs: site.periodMs };
  const all = Array.from({ length: seeds }, (_, at) => knobsOf(site, seed + at));
  const converged = all.flatMap((knobs) => measureConvergence(knobs, CONVERGENCE).tookMs);
  const traffic = all.map((knobs) =>
    measureTraffic(fleetOptionsOf(knobs), {
      load,
      warmUpMs: WARM_UP_ROUNDS * knobs.intervalMs,
      forMs: LOADED_MS,
    }),
  );
  const found = all.map((knobs) => measureDetection(knobs, { ...DETECTION, crashes: CRASHES }));
  const voters = Math.min(nodes, site.config.orderMaxVoters);
  const { election = {}, ordering = {} } = options.history ?? {};
  const outages = Array.from({ length: voters < 3 ? 0 : OUTAGES * seeds }, (_, at) =>
    measureOutage({ seed: seed + at, voters, latencyMs: site.latencyMs, election, ordering }),
  );
  return [
    forecast('a reading is known everywhere', 'ms', converged),
    forecast(
      'how old what a node has is, median',
      'ms',
      traffic.map(({ stalenessMs }) => stalenessMs.median),
    ),
    forecast(
      'how old what a node has is, p99',
      'ms',
      traffic.map(({ stalenessMs }) => stalenessMs.p99),
    ),
    forecast(
      'a node sends, state plane',
      'B/s',
      traffic.map(({ bytesPerNodeSecond }) => bytesPerNodeSecond),
    ),
    forecast(
      'a node without power is suspected',
      'ms',
      found.flatMap(({ firstSuspicionMs }) => firstSuspicionMs),
    ),
    forecast(
      'and dead at all',
      'ms',
      found.flatMap(({ allDeadMs }) => allDeadMs),
    ),
    forecast(
      'nodes that run said to be dead',
      '',
      found.map(({ falseDeaths }) => falseDeaths),
    ),
    forecast(
      'nothing is committed when the leader loses power',
      'ms',
      outages.flatMap((ms) => ms ?? []),
    ),
  ];
}

function knobsOf({ nodes, lossPercent, latencyMs, options }: Likeness, seed: number): Knobs {
  const { membership, replication, topology } = options;
  return {
    seed,
    nodes,
    lossPercent,
    intervalMs: replication.gossipIntervalMs,
    fanout: replication.maxFanout,
    like: { membership, replication, topology, latencyMs },
  };
}

function forecast(what: string, unit: string, values: readonly number[]): Forecast {
  if (values.length === 0) return { what, unit, median: null, p99: null };
  const { median, p99 } = spreadOf(values);
  return { what, unit, median, p99 };
}

function comparison(forecasts: readonly (readonly Forecast[])[], sets: readonly string[]): string {
  const [asItIs = [], changed] = forecasts;
  const heading = ['', 'as it is', 'p99', ...(changed ? [`with ${sets.join(' ')}`, 'p99'] : []), ''];
  return table(
    heading,
    asItIs.map((one, at) => {
      const other = changed?.[at];
      const beside = other ? [shown(other.median), shown(other.p99)] : [];
      return [one.what, shown(one.median), shown(one.p99), ...beside, one.unit];
    }),
  );
}

function shown(value: number | null): string {
  if (value === null) return '-';
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

function summaryOf({ from, nodes, sensorsPerNode, periodMs, latencyMs, lossPercent }: Likeness) {
  return {
    from,
    nodes,
    sensors_per_node: sensorsPerNode,
    period_ms: periodMs,
    latency_ms: latencyMs,
    loss_percent: lossPercent,
  };
}

function headText(site: Likeness): string {
  const { from, nodes, sensorsPerNode, periodMs, latencyMs, lossPercent } = site;
  return `${from}\n${nodes} nodes, ${sensorsPerNode} sensors each, a reading every ${Math.round(periodMs)} ms of each; ${latencyMs.min.toFixed(1)} to ${latencyMs.max.toFixed(1)} ms one way, ${lossPercent.toFixed(1)} % lost`;
}
