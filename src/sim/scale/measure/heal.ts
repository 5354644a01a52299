// How soon a cluster that was split in two halves is one again: until somebody of one half hears of the other,
// until all take all for alive, and until all have what either half wrote meanwhile. SPEC rule SM23.

import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import { sensorOf } from '../load.ts';
import type { Station } from '../station.ts';
import { Verdicts } from '../verdicts.ts';

export interface Heal {
  /** Null for what did not come in time; counted from the end of the split. */
  readonly firstContactMs: number | null;
  readonly allAliveMs: number | null;
  readonly stateEqualMs: number | null;
  /** Ordered pairs of which one said of the other that it is dead, when the split ended. */
  readonly pairsDead: number;
  /** Whether in the end every peer shows the same, value for value. */
  readonly showsSame: boolean;
}

export interface HealOptions {
  readonly splitMs: number;
  /** Nodes of each half that write something during the split. */
  readonly writersPerHalf: number;
  readonly giveUpMs: number;
}

export const HEAL: HealOptions = { splitMs: 60_000, writersPerHalf: 10, giveUpMs: 120_000 };

const REST_MS = 5_000;
const LOOK_EVERY_MS = 100;

export function measureHeal(knobs: Knobs, options: HealOptions): Heal {
  const fleet = new Fleet(fleetOptionsOf(knobs), 1);
  const verdicts = new Verdicts(fleet, true);
  const sideOf = (station: number): number => station % 2;
  const crosses = (a: Station, b: Station | null): boolean =>
    b !== null && sideOf(a.index) !== sideOf(b.index);
  fleet.startAll();
  fleet.runFor(REST_MS);

  fleet.air.cuts.split(sideOf);
  fleet.runFor(options.splitMs / 2);
  const writers = fleet.stations.slice(0, 2 * options.writersPerHalf);
  for (const [at, writer] of writers.entries()) writer.submit([{ sensor: sensorOf(writer, 0), value: at }]);
  fleet.runFor(options.splitMs / 2);
  const pairsDead = verdicts.pairsApart;

  fleet.air.cuts.mend();
  const healedMs = fleet.nowMs;
  let contactMs: number | null = null;
  fleet.listen((station, fact) => {
    const isContact = fact.type === 'link-up' || (fact.type === 'member-status' && fact.status === 'alive');
    if (isContact && crosses(station, fleet.stationOf(fact.peer))) contactMs ??= fleet.nowMs - healedMs;
  });
  const isEqual = (): boolean =>
    fleet.stations.every((station) => writers.every((writer) => hasAll(station, writer)));
  let allAliveMs: number | null = null;
  let stateEqualMs: number | null = null;
  while (fleet.nowMs < healedMs + options.giveUpMs && (allAliveMs === null || stateEqualMs === null)) {
    fleet.runFor(LOOK_EVERY_MS);
    if (allAliveMs === null && verdicts.pairsApart === 0) allAliveMs = fleet.nowMs - healedMs;
    if (stateEqualMs === null && isEqual()) stateEqualMs = fleet.nowMs - healedMs;
  }
  const hashes = new Set(fleet.stations.map(({ peer }) => peer?.replication.stateHash()));
  return { firstContactMs: contactMs, allAliveMs, stateEqualMs, pairsDead, showsSame: hashes.size === 1 };
}

function hasAll({ peer }: Station, origin: Station): boolean {
  if (peer === null || origin.peer === null) return true;
  return peer.replication.upto({ origin: origin.id, identity: origin.peer.identity }) >= origin.peer.lastN;
}
