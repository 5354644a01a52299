// How soon one update is known everywhere: a cluster at rest, one reading at a random node, and a clock until the
// last peer has it. A round is one gossip interval of virtual time. SPEC rule SM23.

import { must } from '../../../kit/assert.ts';
import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import { sensorOf } from '../load.ts';

export interface Convergence {
  /** From the write at the origin until the last running peer knew, one for each update. */
  readonly tookMs: readonly number[];
  readonly intervalMs: number;
  /** Updates that some peer did not know in time. */
  readonly missed: number;
}

export interface ConvergenceOptions {
  readonly updates: number;
  /** Before the first update, and after each. */
  readonly restRounds: number;
  readonly giveUpRounds: number;
}

export const CONVERGENCE: ConvergenceOptions = { updates: 10, restRounds: 8, giveUpRounds: 60 };

export function measureConvergence(knobs: Knobs, options: ConvergenceOptions): Convergence {
  const { intervalMs, nodes } = knobs;
  const fleet = new Fleet(fleetOptionsOf(knobs), 1);
  const knows = new Uint8Array(nodes);
  let origin = fleet.station(0);
  let missing = 0;
  let lastMs = 0;
  fleet.listen((station, fact) => {
    if (fact.type !== 'registers-changed' || fact.origin !== origin.id || knows[station.index] === 1) return;
    knows[station.index] = 1;
    missing--;
    lastMs = fleet.nowMs;
  });
  fleet.startAll();
  fleet.runFor(options.restRounds * intervalMs);

  const tookMs: number[] = [];
  let missed = 0;
  for (let update = 0; update < options.updates; update++) {
    // At any moment of a round.
    fleet.runFor(fleet.random.between(0, intervalMs));
    origin = must(fleet.stations[fleet.random.below(nodes)], 'a station');
    knows.fill(0);
    missing = nodes;
    const startMs = fleet.nowMs;
    origin.submit([{ sensor: sensorOf(origin, 0), value: update }]);
    fleet.runUntilTrue(() => missing === 0, options.giveUpRounds * intervalMs, intervalMs / 4);
    if (missing === 0) tookMs.push(lastMs - startMs);
    else missed++;
    fleet.runFor(options.restRounds * intervalMs);
  }
  return { tookMs, intervalMs, missed };
}
