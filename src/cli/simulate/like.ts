// A site as the simulator needs to know it: size, rates, delays and knobs, from a shipped topology, a node's configuration,
// or a node that runs. SPEC rule OP11.

import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/config.ts';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { PeerOptions } from '../../peer/options.ts';
import { ApiClient, type LatestRow, type MemberRow } from '../api-client.ts';
import { TOPOLOGY_NAMES, topologyNamed } from '../cluster/topologies.ts';
import { environmentOf, type NodePlan } from '../cluster/topology.ts';
import { EXIT, Failure } from '../failure.ts';
import { peerOptionsOf } from '../peer-options.ts';

export interface Likeness {
  /** What the figures were taken from, for people. */
  readonly from: string;
  readonly nodes: number;
  readonly sensorsPerNode: number;
  readonly periodMs: number;
  readonly latencyMs: { readonly min: number; readonly max: number };
  readonly lossPercent: number;
  readonly options: PeerOptions;
  readonly config: Config;
}

/** What is not known of a site. */
const LATENCY_MS = { min: 0.5, max: 2 };
const SENSORS = 8;
const PERIOD_MS = 1_000;
const LOOK_MS = 2_000;
const NOBODY = 'node' as PeerId;
const NOWHERE: Address = { host: '127.0.0.1', port: 1 };

/** `sets`: `NAME=VALUE` each, above what the source says. */
export async function likenessOf(source: string, sets: readonly string[]): Promise<Likeness> {
  const flags = sets.map(flagOf);
  if (/^https?:\/\//.test(source)) return likeNode(source, flags);
  const name = TOPOLOGY_NAMES.find((one) => one === source);
  if (name !== undefined) return likeTopology(name, topologyNamed(name), flags);
  if (existsSync(source)) return likeFile(source, flags);
  const known = TOPOLOGY_NAMES.join(', ');
  throw new Failure(
    `--like: no file ${JSON.stringify(source)}; it is a file of options, a node's URL, or one of ${known}`,
    EXIT.usage,
  );
}

function likeFile(path: string, flags: readonly string[]): Likeness {
  const config = configOf([path.endsWith('.json') ? '--config' : '--env-file', path, ...flags], {});
  const { sensors, networkDelayMs, networkDelayJitterMs } = config;
  const periods = sensors.map(({ periodMs }) => periodMs);
  return {
    from: `${path}: ${config.expectNodes} nodes by EXPECT_NODES`,
    nodes: config.expectNodes,
    sensorsPerNode: periods.length || SENSORS,
    periodMs: periods.length === 0 ? PERIOD_MS : harmonic(periods),
    latencyMs: delayed(networkDelayMs, networkDelayJitterMs),
    lossPercent: config.networkPacketLossProb * 100,
    ...withOptions(config),
  };
}

function likeTopology(name: string, plans: readonly NodePlan[], flags: readonly string[]): Likeness {
  const [first] = plans;
  const environment = first === undefined ? {} : environmentOf(first, plans);
  const mean = (of: (plan: NodePlan) => number) =>
    plans.reduce((sum, plan) => sum + of(plan), 0) / plans.length;
  const periods = plans.flatMap(({ sensors }) => sensors.map(({ PERIOD_MS: period }) => period));
  return {
    from: `the topology ${name}, its delays and losses as the mean of its nodes'`,
    nodes: plans.length,
    sensorsPerNode: Math.max(1, Math.round(periods.length / plans.length)),
    periodMs: harmonic(periods),
    latencyMs: delayed(
      mean(({ faults }) => faults?.delayMs ?? 0),
      mean(({ faults }) => faults?.jitterMs ?? 0),
    ),
    lossPercent: mean(({ faults }) => faults?.loss ?? 0) * 100,
    ...withOptions(configOf(flags, environment)),
  };
}

/** A node does not tell its knobs: those of this command's environment count, or the defaults. */
async function likeNode(url: string, flags: readonly string[]): Promise<Likeness> {
  const client = new ApiClient(url);
  const [members, before] = await Promise.all([
    client.members() as Promise<readonly Timed[]>,
    client.latest(),
  ]);
  await new Promise((resume) => setTimeout(resume, LOOK_MS));
  const after = await client.latest();
  const nodes = members.filter(({ status }) => status === 'alive').length;
  const perS = readingsBetween(before, after) / (LOOK_MS / 1_000);
  const trips = members.flatMap(({ round_trip_ms: ms, self }) =>
    self || ms == null || ms <= 0 ? [] : [ms / 2],
  );
  const sensors = after.length || SENSORS;
  return {
    from: `${url}: ${nodes} nodes alive, ${after.length} sensors, ${perS.toFixed(1)} readings/s seen in ${LOOK_MS / 1_000} s; its knobs are taken from this environment`,
    nodes,
    sensorsPerNode: Math.max(1, Math.round(sensors / Math.max(1, nodes))),
    periodMs: perS === 0 ? PERIOD_MS : Math.max(10, (sensors / perS) * 1_000),
    latencyMs: trips.length === 0 ? LATENCY_MS : { min: Math.min(...trips), max: Math.max(...trips) },
    lossPercent: 0,
    ...withOptions(configOf(flags, process.env)),
  };
}

interface Timed extends MemberRow {
  readonly round_trip_ms?: number | null;
}

/** Every origin counts its readings. */
function readingsBetween(before: readonly LatestRow[], after: readonly LatestRow[]): number {
  const last = (rows: readonly LatestRow[]) => {
    const highest = new Map<string, number>();
    for (const { origin, n } of rows) highest.set(origin, Math.max(n, highest.get(origin) ?? 0));
    return highest;
  };
  const earlier = last(before);
  return [...last(after)].reduce((sum, [origin, n]) => sum + Math.max(0, n - (earlier.get(origin) ?? n)), 0);
}

function withOptions(config: Config): Pick<Likeness, 'config' | 'options'> {
  return { config, options: peerOptionsOf(config, NOBODY, NOWHERE, 1) };
}

function configOf(flags: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig(flags, environment);
  if (!loaded.ok) throw new Failure(loaded.problem.join('\nsensorium: '), EXIT.usage);
  return loaded.value.config;
}

/** Added by the sender, so once a way. */
function delayed(delayMs: number, jitterMs: number): Likeness['latencyMs'] {
  return {
    min: LATENCY_MS.min + Math.max(0, delayMs - jitterMs),
    max: LATENCY_MS.max + delayMs + jitterMs,
  };
}

/** The period at which as many sensors speak as often as these do together. */
function harmonic(periods: readonly number[]): number {
  return periods.length / periods.reduce((sum, periodMs) => sum + 1 / periodMs, 0);
}

function flagOf(set: string): string {
  const match = /^([A-Za-z][A-Za-z0-9_-]*)=(.+)$/.exec(set);
  if (!match) throw new Failure(`--set: it is NAME=VALUE, got ${JSON.stringify(set)}`, EXIT.usage);
  return `--${match[1]?.toLowerCase().replaceAll('_', '-')}=${match[2]}`;
}
