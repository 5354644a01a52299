// How soon a cluster is one that starts from nothing but the addresses of its first nodes, and all have the first
// reading of each. SPEC rule SM23.

import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import { sensorOf } from '../load.ts';
import { Verdicts } from '../verdicts.ts';

export interface ColdStart {
  /** From the first start until every peer takes every other for alive, and has its reading; null: not in time. */
  readonly allAliveMs: number | null;
  readonly stateEqualMs: number | null;
  readonly bytesPerNode: number;
  /** Of the station that sent most: the seeds carry more than the others. */
  readonly sentMost: number;
}

export interface ColdStartOptions {
  readonly seedNodes: number;
  /** All start within so long. */
  readonly withinMs: number;
  readonly giveUpMs: number;
}

export const COLD_START: ColdStartOptions = { seedNodes: 3, withinMs: 1_000, giveUpMs: 120_000 };

const LOOK_EVERY_MS = 100;

export function measureColdStart(knobs: Knobs, options: ColdStartOptions): ColdStart {
  const { nodes } = knobs;
  const fleet = new Fleet({ ...fleetOptionsOf(knobs), start: { kind: 'cold', seeds: options.seedNodes } });
  const verdicts = new Verdicts(fleet, false);
  const has = new Uint8Array(nodes * nodes);
  let lacking = nodes * nodes;
  fleet.listen((station, fact) => {
    if (fact.type !== 'registers-changed') return;
    const at = station.index * nodes + (fleet.stationOf(fact.origin)?.index ?? 0);
    if (has[at] === 1) return;
    has[at] = 1;
    lacking--;
  });
  fleet.tally.begin();
  fleet.startAll(options.withinMs);
  for (const station of fleet.stations) {
    const submit = (): void => {
      if (station.up) station.submit([{ sensor: sensorOf(station, 0), value: station.index }]);
      else fleet.agenda.at(fleet.nowMs + LOOK_EVERY_MS, submit);
    };
    fleet.agenda.at(LOOK_EVERY_MS, submit);
  }

  let allAliveMs: number | null = null;
  let stateEqualMs: number | null = null;
  while (fleet.nowMs < options.giveUpMs && (allAliveMs === null || stateEqualMs === null)) {
    fleet.runFor(LOOK_EVERY_MS);
    if (fleet.nowMs < options.withinMs) continue;
    if (allAliveMs === null && verdicts.pairsApart === 0) allAliveMs = fleet.nowMs;
    if (stateEqualMs === null && lacking === 0) stateEqualMs = fleet.nowMs;
  }
  const sentMost = fleet.tally.sentBytes.reduce((most, bytes) => Math.max(most, bytes), 0);
  return { allAliveMs, stateEqualMs, bytesPerNode: fleet.tally.totalBytes / nodes, sentMost };
}
