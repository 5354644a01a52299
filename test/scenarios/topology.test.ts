// Whole peers in virtual time: how many rounds news takes in each topology, in zones or not.

import { expect, test } from 'vitest';
import type { SensorId } from '../../src/model/ids.ts';
import type { TopologyPolicy } from '../../src/peer/topology.ts';
import { Fleet } from '../../src/sim/scale/fleet.ts';
import { FLEET_DEFAULTS, type FleetOptions } from '../../src/sim/scale/options.ts';
import type { Station } from '../../src/sim/scale/station.ts';

const ROUND_MS = FLEET_DEFAULTS.replication.gossipIntervalMs;
const PROBE = 'probe' as SensorId;
const UPDATES = 7;

const CASES: readonly { readonly policy: TopologyPolicy; readonly nodes: number; readonly rounds: number }[] =
  [
    { policy: 'full_mesh', nodes: 128, rounds: 0.5 * Math.log2(128) },
    { policy: 'partial', nodes: 128, rounds: 1 + Math.log2(128) },
    { policy: 'ring', nodes: 48, rounds: 48 / 2 },
    // Two centres.
    { policy: 'star', nodes: 160, rounds: 4 },
  ];

for (const { policy, nodes, rounds } of CASES) {
  test(`[PR13] ${policy}: of ${nodes} peers all have an update within ${rounds} rounds, half of the time`, () => {
    const took = roundsOf(fleetOf({ seed: 1, nodes, topology: policy }));

    expect(took[3]).toBeLessThanOrEqual(rounds);
  });
}

for (const policy of ['partial', 'ring', 'star'] as const) {
  test(`[PR9] ${policy}: when some die the others go on as one, as soon as they know of it`, () => {
    const fleet = fleetOf({ seed: 2, nodes: 40, topology: policy });
    const lost = [3, 4, 5, 20, 39].map((index) => fleet.station(index));

    for (const station of lost) station.stop(true);
    fleet.runFor(10 * ROUND_MS);
    write(fleet.station(0), 1);
    fleet.runFor(30 * ROUND_MS);

    const values = [...fleet.running()].map((station) => valueAt(station));
    expect(values).toEqual(Array.from({ length: 35 }, () => 1));
  });
}

for (const topology of ['full_mesh', 'partial'] as const) {
  test(`[RP47] ${topology}: an update takes hardly longer where peers stand in four zones`, () => {
    const [plain, zoned] = [1, 4].map(
      (zones) => roundsOf(fleetOf({ seed: 3, nodes: 64, zones, topology }))[3],
    );

    expect(zoned).toBeLessThan((plain ?? 0) + 2);
  });
}

function fleetOf(options: Partial<FleetOptions>): Fleet {
  const fleet = new Fleet({ ...FLEET_DEFAULTS, ...options });
  fleet.startAll();
  fleet.runFor(5 * ROUND_MS);
  return fleet;
}

/** Until all have an update, for several of them, in order. */
function roundsOf(fleet: Fleet): number[] {
  const rounds: number[] = [];
  for (let update = 1; update <= UPDATES; update++) {
    fleet.runFor(fleet.random.between(0, ROUND_MS));
    write(fleet.station(fleet.random.below(fleet.options.nodes)), update);
    const tookMs = fleet.runUntilTrue(
      () => fleet.stations.every((station) => valueAt(station) === update),
      200 * ROUND_MS,
      ROUND_MS / 4,
    );
    rounds.push((tookMs ?? Number.NaN) / ROUND_MS);
    fleet.runFor(5 * ROUND_MS);
  }
  return rounds.sort((a, b) => a - b);
}

function write(station: Station, value: number): void {
  station.submit([{ sensor: PROBE, value }]);
}

function valueAt(station: Station): unknown {
  return station.peer?.replication.latestOf(PROBE)?.record.value;
}
