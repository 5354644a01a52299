// Thirty real node processes beside the measuring simulator with the same knobs: is what the simulator says of a
// cluster so? `npm run bench -- reality`; it exits with 1 where a median of the one is not within a fifth of the
// other's. BENCH_TURNS says how often the real side is measured (a turn takes about ten minutes).

import { CURVES, type CurveName, type Curves, knobsOf, PLAN } from './_crowd-plan.ts';
import { median, printTable, quantile, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { measureReal } from './_real-crowd.ts';
import { type LatencyMs, type Machine, measureVirtual } from './_virtual-crowd.ts';

const TURNS = turnsOf(1);
const RUNS = 20;
/** How far the medians may lie apart. */
const SHARE = 0.2;

console.log(machineText());
console.log(`${PLAN.nodes} processes on loopback, ${TURNS} turns; simulated: ${RUNS} seeds`);
console.log(
  `knobs: ${Object.entries(knobsOf(PLAN))
    .map((knob) => knob.join('='))
    .join(' ')}, all else by default`,
);
console.log(
  `load: ${PLAN.sensorsPerNode} sensors a node, each every ${PLAN.sensorPeriodMs} ms; readings of one of them are watched\n`,
);

const real: Curves = new Map();
const dyingMs: number[] = [];
const trips: { readonly [when in 'quiet' | 'loaded']: number[] } = { quiet: [], loaded: [] };
for (let turn = 1; turn <= TURNS; turn++) {
  const measured = await measureReal(PLAN, (what) => console.log(`turn ${turn}: ${what}, ${loadText()}`));
  for (const [name, values] of measured.curves) real.set(name, [...(real.get(name) ?? []), ...values]);
  dyingMs.push(...measured.dyingMs);
  trips.quiet.push(...measured.roundTripsMs.quiet);
  trips.loaded.push(...measured.roundTripsMs.loaded);
}
const machine: Machine = {
  quiet: oneWay('at rest', trips.quiet),
  loaded: oneWay('under load', trips.loaded),
  dyingMs: median(dyingMs),
};
console.log(`a killed process's connections end after ${machine.dyingMs.toFixed(1)} ms in the median`);
const virtual = measureVirtual(PLAN, machine, RUNS);

let apart = 0;
const rows = Object.entries(CURVES).map(([name, what]) => rowOf(name as CurveName, what));
console.log();
printTable([['median (min–max)', 'real', 'simulated', 'ratio', 'within 20 %'], ...rows]);
process.exitCode = apart === 0 ? 0 : 1;

/** As most pairs have it: half of what a probe and its answer take. */
function oneWay(when: string, roundTripsMs: readonly number[]): LatencyMs {
  const [min, max] = [quantile(roundTripsMs, 0.1) / 2, quantile(roundTripsMs, 0.9) / 2];
  console.log(
    `${when} a probe and its answer take ${median(roundTripsMs).toFixed(2)} ms in the median; the simulator's ` +
      `latencies are ${min.toFixed(2)} to ${max.toFixed(2)} ms one way`,
  );
  return { min, max };
}

function rowOf(name: CurveName, what: string): string[] {
  const [ofReal, ofVirtual] = [real.get(name) ?? [], virtual.get(name) ?? []];
  const ratio = median(ofReal) / median(ofVirtual);
  const isNear = ratio >= 1 - SHARE && ratio <= 1 + SHARE;
  if (!isNear) apart++;
  const digits = name.endsWith('Bytes') ? 0 : 3;
  return [what, spread(ofReal, digits), spread(ofVirtual, digits), ratio.toFixed(2), isNear ? 'yes' : 'NO'];
}
