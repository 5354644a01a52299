// The ordered, durable history beside systems made for such: etcd and NATS JetStream with three replicas. Three
// processes each, and this one as the load, on one machine; turns are interleaved, so that what else the machine does
// meets all alike. Batches are opaque to all three. `npm run bench -- order`; BENCH_TURNS=1 for a quick look, BENCH_OWN=yes
// for what TLS between the nodes costs, without the others.

import { ETCD } from './_etcd.ts';
import { median, printTable, spread } from './_figures.ts';
import { JETSTREAM } from './_jetstream.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { batchOf } from './_order-batches.ts';
import { type Load, type Outcome, turnOf } from './_order-turn.ts';
import { fail, type OrderedSystem } from './_ordered.ts';
import { sensoriumOrder } from './_sensorium-order.ts';
import { wholeNodes } from './_whole-nodes.ts';

const TURNS = turnsOf(5);
const IDENTITY = { birth: 1, random: '0123456789abcdef' };
const LOADS: readonly Load[] = [
  { readings: 256, batch: batchOf(IDENTITY, 256), depth: 64, perSecond: Math.ceil(100_000 / 256) },
  { readings: 1, batch: batchOf(IDENTITY, 1), depth: 512, perSecond: 1_000 },
];

const others = process.env.BENCH_OWN === undefined ? [ETCD, JETSTREAM] : [];
const installed = others.filter((system) => system.version() !== null);
const ours = (load: Load): OrderedSystem => sensoriumOrder(load.readings);
const secured = (load: Load): OrderedSystem => sensoriumOrder(load.readings, 'the key of this benchmark');
const whole = (load: Load): OrderedSystem => wholeNodes(load.readings);
const own = process.env.BENCH_OWN === undefined ? [ours, secured, whole] : [ours, secured];
const systems = [...own, ...installed.map((system) => () => system)];
const names = systems.map((of) => of(LOADS[0] as Load).name);

console.log(machineText());
for (const of of systems) {
  const { name, knobs, version } = of(LOADS[0] as Load);
  console.log(`${name} ${version()}: ${knobs}`);
}
for (const { name } of others.filter((system) => !installed.includes(system))) {
  console.log(`${name} is not installed here, and not measured`);
}
console.log(
  `${TURNS} turns each, interleaved, medians (least–most); the load is one connection to the leader\n`,
);

const outcomes = new Map<string, Outcome[][]>(names.map((name) => [name, LOADS.map(() => [])]));
for (let turn = 1; turn <= TURNS; turn++) {
  for (const [at, of] of systems.entries()) {
    const name = names[at] ?? '';
    const measured = await turnOf(of, LOADS);
    for (const [i, outcome] of measured.entries()) outcomes.get(name)?.[i]?.push(outcome);
    const rates = measured.map(({ perSecond }) => `${perSecond.toFixed(0)}/s`).join(', ');
    console.log(`turn ${turn}: ${name} ${rates}; ${loadText()}`);
  }
}

for (const [i, load] of LOADS.entries()) {
  const { readings, batch, depth, perSecond } = load;
  const what = readings === 1 ? 'one reading a request' : `${readings} readings a request`;
  console.log(`\n${what} (${batch.length} bytes), ${depth} under way; then ${perSecond} requests/s`);
  printTable([
    ['', 'requests/s', 'readings/s', 'ours is', 'cpu µs/request', 'p50 ms', 'p99 ms'],
    ...names.map((name) => rowOf(name, i, readings)),
  ]);
}

function rowOf(name: string, i: number, readings: number): string[] {
  const of = outcomes.get(name)?.[i] ?? [];
  if (of.length !== TURNS) fail(`${name} is installed and was measured ${of.length} times of ${TURNS}`);
  const plain = outcomes.get(names[0] ?? '')?.[i] ?? [];
  // Turn by turn: what else the machine did meanwhile met both.
  const ratios = of.map(({ perSecond }, turn) => (plain[turn]?.perSecond ?? 0) / perSecond);
  return [
    name,
    spread(
      of.map(({ perSecond }) => perSecond),
      0,
    ),
    (median(of.map(({ perSecond }) => perSecond)) * readings).toFixed(0),
    name === names[0] ? '' : `× ${spread(ratios, 2)}`,
    spread(
      of.map(({ cpuUs }) => cpuUs),
      0,
    ),
    spread(
      of.map(({ p50Ms }) => p50Ms),
      2,
    ),
    spread(
      of.map(({ p99Ms }) => p99Ms),
      2,
    ),
  ];
}
