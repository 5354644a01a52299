// One large cluster in a process of its own, so that it can be given the memory it needs. `scale.ts` starts it as
// `_speed.ts NODES SECONDS PERIOD_S`; it prints how long so many virtual seconds took, and how much memory.

import { resourceUsage } from 'node:process';
import { Fleet } from '../src/sim/scale/fleet.ts';
import { fleetOptionsOf } from '../src/sim/scale/knobs.ts';
import { Load } from '../src/sim/scale/load.ts';

const [nodes = Number.NaN, virtualSeconds = Number.NaN, periodS = Number.NaN] = process.argv
  .slice(2)
  .map(Number);
if (!(nodes >= 2 && virtualSeconds >= 1 && periodS >= 0)) {
  throw new Error('it is started as _speed.ts NODES SECONDS PERIOD_S, with period 0 for no readings');
}

const startMs = performance.now();
const fleet = new Fleet(fleetOptionsOf({ seed: 1, nodes, lossPercent: 0, intervalMs: 1_000, fanout: 3 }), 1);
fleet.startAll();
fleet.runUntil(10);
const readyMs = performance.now();
const before = process.cpuUsage();
if (periodS > 0) new Load(fleet, { sensorsPerNode: 1, periodMs: periodS * 1_000 }).begin();
fleet.runFor(virtualSeconds * 1_000);
const used = process.cpuUsage(before);

const wallS = (performance.now() - readyMs) / 1_000;
// Where others use the processor as well, this is what it would take alone.
const cpuS = (used.user + used.system) / 1_000_000;
const madeS = (readyMs - startMs) / 1_000;
const memory = resourceUsage().maxRSS / 2 ** 20;
console.log(
  `${wallS.toFixed(1)} s (${cpuS.toFixed(1)} s of processor), ${madeS.toFixed(1)} s to make it, ` +
    `${memory.toFixed(1)} GiB, ${(fleet.agenda.ran / 1_000).toFixed(0)},000 steps`,
);
