// What a cluster says of nodes that run: suspicions and deaths under loss, while others pause, and about the ends
// of a link that works one way only. SPEC rule SM23.

import { must } from '../../../kit/assert.ts';
import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import type { AirOptions, FleetOptions } from '../options.ts';
import type { Station } from '../station.ts';
import { Verdicts } from '../verdicts.ts';

export interface FalseDeaths {
  readonly nodeSeconds: number;
  /** How often a node that ran, and was never paused, came to be suspected by anybody. */
  readonly suspicionsOfHealthy: number;
  /** Pairs in which a peer said of such a node that it was dead. */
  readonly deathsOfHealthy: number;
  /** Nodes that somebody said were dead, none of them ever paused. */
  readonly healthyBuried: number;
  /** Of nodes that pause now and then, for comparison. */
  readonly deathsOfPaused: number;
}

export interface FalseDeathsOptions {
  readonly forMs: number;
  readonly lostFrames: AirOptions['lostFrames'];
  /** Of all nodes, this share pauses again and again. */
  readonly pausingShare: number;
  readonly pauseMs: { readonly min: number; readonly max: number };
  /** Links of which one direction is cut. */
  readonly oneWayLinks: number;
}

export const FALSE_DEATHS: FalseDeathsOptions = {
  forMs: 60_000,
  lostFrames: 'lost',
  pausingShare: 0,
  pauseMs: { min: 1_000, max: 30_000 },
  oneWayLinks: 0,
};

const REST_MS = 3_000;

export function measureFalseDeaths(knobs: Knobs, options: FalseDeathsOptions): FalseDeaths {
  const fleet = new Fleet(withFrames(fleetOptionsOf(knobs), options.lostFrames), 1);
  const verdicts = new Verdicts(fleet, true);
  const pausing = new Set<Station>();
  const buried = new Set<Station>();
  let suspicionsOfHealthy = 0;
  let deathsOfHealthy = 0;
  let deathsOfPaused = 0;
  const suspecting = new Int32Array(knobs.nodes);
  verdicts.onChange = ({ of, said, was }) => {
    const change = (said === 'suspected' ? 1 : 0) - (was === 'suspected' ? 1 : 0);
    const before = suspecting[of.index] as number;
    suspecting[of.index] = before + change;
    if (before === 0 && change > 0 && !pausing.has(of)) suspicionsOfHealthy++;
    if (said !== 'dead') return;
    if (pausing.has(of)) deathsOfPaused++;
    else {
      deathsOfHealthy++;
      buried.add(of);
    }
  };
  fleet.startAll();
  fleet.runFor(REST_MS);
  for (let link = 0; link < options.oneWayLinks; link++) {
    const [from, to] = fleet.random.sample(fleet.stations, 2);
    fleet.air.cuts.cutWay(must(from, 'a station').index, must(to, 'a station').index);
  }
  const pausingCount = Math.round(options.pausingShare * knobs.nodes);
  for (const station of fleet.random.sample(fleet.stations, pausingCount)) {
    pausing.add(station);
    pauseAgainAndAgain(fleet, station, options.pauseMs);
  }
  fleet.runFor(options.forMs);
  const nodeSeconds = (knobs.nodes * options.forMs) / 1_000;
  return { nodeSeconds, suspicionsOfHealthy, deathsOfHealthy, healthyBuried: buried.size, deathsOfPaused };
}

/** As long awake as paused, on average. */
function pauseAgainAndAgain(
  fleet: Fleet,
  station: Station,
  ms: { readonly min: number; readonly max: number },
): void {
  const { agenda, random } = fleet;
  const pause = (): void => {
    station.pause();
    agenda.at(agenda.nowMs + random.between(ms.min, ms.max), resume);
  };
  const resume = (): void => {
    station.resume();
    agenda.at(agenda.nowMs + random.between(ms.min, ms.max), pause);
  };
  agenda.at(agenda.nowMs + random.between(0, ms.max), pause);
}

function withFrames(options: FleetOptions, lostFrames: AirOptions['lostFrames']): FleetOptions {
  return { ...options, air: { ...options.air, lostFrames } };
}
