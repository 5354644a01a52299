// Whether nodes that are gone for good are forgotten: a small cluster in which nodes come and go, some of them for
// the last time, looked at twice the time after which the dead are forgotten. SPEC rule SM23.

import type { MemberView } from '../../../model/view.ts';
import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import type { Station } from '../station.ts';

export interface Ghosts {
  readonly goneForGood: number;
  readonly restarts: number;
  /** Pairs of a running peer and a node that is gone, of which the peer speaks when the churn is over. */
  readonly rememberedAtFirst: number;
  /** Of which it still speaks in the end. */
  readonly remembered: number;
  /** Of those, in which it still counts on it. */
  readonly countedOn: number;
  /** Running peers that are not taken for alive by another running peer in the end. */
  readonly pairsApart: number;
}

export interface GhostsOptions {
  readonly churnMs: number;
  /** After this the dead are forgotten. */
  readonly graceMs: number;
  readonly goneForGood: number;
  readonly restarts: number;
}

export const GHOSTS: GhostsOptions = { churnMs: 30_000, graceMs: 20_000, goneForGood: 3, restarts: 6 };

/** The first nodes are everybody's seeds, and seeds are never forgotten. */
const SEEDS = 3;
/** Until the last of the dead counts as dead. */
const NOTICED_MS = 10_000;

export function measureGhosts(knobs: Knobs, options: GhostsOptions): Ghosts {
  const base = fleetOptionsOf(knobs);
  const fleet = new Fleet({ ...base, membership: { ...base.membership, deadKeptMs: options.graceMs } }, 1);
  const { agenda, random } = fleet;
  fleet.startAll();

  const leaving = random.sample(fleet.stations.slice(SEEDS), options.goneForGood);
  for (const station of leaving) agenda.at(random.between(0, options.churnMs), () => goAway(fleet, station));
  const staying = fleet.stations.filter((station) => !leaving.includes(station));
  for (let restart = 0; restart < options.restarts; restart++) {
    const station = random.pick(staying);
    const atMs = random.between(0, options.churnMs);
    agenda.at(atMs, () => {
      if (station.peer !== null) station.stop(random.chance(0.5));
    });
    agenda.at(atMs + random.between(100, 10_000), () => {
      if (station.peer === null) fleet.start(station);
    });
  }
  const gone = new Set(leaving.map(({ id }) => id));
  const ghosts = () => [...fleet.running()].flatMap((by) => viewsOf(by).filter(({ peer }) => gone.has(peer)));

  fleet.runUntil(options.churnMs + NOTICED_MS);
  const rememberedAtFirst = ghosts().length;
  fleet.runFor(2 * options.graceMs);
  let pairsApart = 0;
  for (const by of fleet.running()) {
    const alive = viewsOf(by).filter(({ peer, status }) => status === 'alive' && !gone.has(peer));
    pairsApart += staying.length - alive.length;
  }
  const { goneForGood, restarts } = options;
  const remembered = ghosts();
  const countedOn = remembered.filter(({ status }) => status === 'alive' || status === 'suspected').length;
  return { goneForGood, restarts, rememberedAtFirst, remembered: remembered.length, countedOn, pairsApart };
}

function viewsOf(by: Station): readonly MemberView[] {
  return by.peer?.membership.view(by.now()) ?? [];
}

/** With a word, without one, or without power. */
function goAway(fleet: Fleet, station: Station): void {
  if (station.peer === null) return;
  if (!fleet.random.chance(0.5)) {
    station.stop(fleet.random.chance(0.5));
    return;
  }
  station.deliver({ type: 'leave' });
  fleet.agenda.at(fleet.nowMs + 100, () => station.stop(true));
}
