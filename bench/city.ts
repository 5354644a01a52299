// The six-node city as `sensorium cluster 6` starts it, with its network faults: how long until every node shows
// every sensor. All six start at once on one machine. `npm run bench -- city`; BENCH_TURNS=1 for a quick look.

import { type CityNode, withCity } from './_city.ts';
import { median, quantile, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { pause } from './_process.ts';
import { Watch } from './_watch.ts';

const TURNS = turnsOf(9);
const SENSORS_MS = 60_000;

console.log(machineText());
console.log(`delay, jitter, spikes and loss on every link as shipped; ${TURNS} starts\n`);

const whole: number[] = [];
const each: number[] = [];
for (let turn = 1; turn <= TURNS; turn++) {
  await withCity('with faults', async (city) => {
    const known = await sensorsKnown(city);
    each.push(...known.eachMs);
    whole.push(known.wholeMs);
    console.log(`turn ${turn} of the city as shipped done, ${loadText()}`);
  });
}
console.log(`\nthe city as shipped, with its network faults, ${TURNS} starts, all six at once:`);
console.log(`  the last of all (node, sensor) known after the last ready: ${spread(whole, 0)} ms`);
console.log(
  '  from the moment a sensor spoke, or the node was ready if that was later, until the node shows it:',
);
const late = each.filter((ms) => ms > 1_000).length;
console.log(
  `  median ${median(each).toFixed(0)} ms, p99 ${quantile(each, 0.99).toFixed(0)} ms, most ${Math.max(...each).toFixed(0)} ms; ${late} of ${each.length} above 1 s`,
);

/** The watchers join as soon as each node is ready. */
async function sensorsKnown(city: readonly CityNode[]): Promise<{ eachMs: number[]; wholeMs: number }> {
  const sensors = city.flatMap(({ plan }) => plan.sensors.map(({ NAME }, at) => `${NAME}@${at}`));
  const toWallMs = Date.now() - performance.now();
  const nodes = await Promise.all(
    city.map(async ({ plan, readyAtMs }) => {
      const readyMs = (await readyAtMs) + toWallMs;
      const watch = await Watch.open(plan.apiPort, '#');
      const response = await fetch(`http://127.0.0.1:${plan.apiPort}/api/v1/latest`);
      const rows: { sensor: string; ts_ms: number }[] = JSON.parse(await response.text());
      const atMs = Date.now();
      watch.shown.push(...rows.map(({ sensor, ts_ms }) => ({ sensor, tsMs: ts_ms, atMs })));
      return { readyMs, watch };
    }),
  );
  const isKnown = () =>
    nodes.every(({ watch }) => new Set(watch.shown.map(({ sensor }) => sensor)).size >= sensors.length);
  const untilMs = performance.now() + SENSORS_MS;
  while (!isKnown() && performance.now() < untilMs) await pause(50);
  for (const { watch } of nodes) watch.close();

  const spokeMs = new Map<string, number>();
  for (const { sensor, tsMs } of nodes.flatMap(({ watch }) => watch.shown)) {
    spokeMs.set(sensor, Math.min(tsMs, spokeMs.get(sensor) ?? tsMs));
  }
  const eachMs: number[] = [];
  let lastMs = 0;
  for (const { readyMs, watch } of nodes) {
    for (const sensor of sensors) {
      const seen = watch.shown.filter((shown) => shown.sensor === sensor).map(({ atMs }) => atMs);
      const atMs = seen.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...seen);
      lastMs = Math.max(lastMs, atMs);
      eachMs.push(Math.max(0, atMs - Math.max(readyMs, spokeMs.get(sensor) ?? readyMs)));
    }
  }
  return { eachMs, wholeMs: lastMs - Math.max(...nodes.map(({ readyMs }) => readyMs)) };
}
