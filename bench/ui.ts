// The pages in a real Chromium while a site is busy: three nodes with 10,000 sensors and 2,000 readings a second, posted
// by a process of its own, everything on this machine. Each page is looked at in turn, again and again: what of a core
// its main thread takes, its longest task once it is drawn, and its heap after a collection at the first and the last
// visit; beforehand, how soon a page that nobody has seen before paints. SPEC rules UI1, UI4.
// `npm run bench -- ui`; BENCH_MINUTES=10 for a longer look, 2 without it.

import type { Browser, CDPSession } from 'playwright-core';
import { Site } from '../test/e2e/site.ts';
import type { SiteNode } from '../test/e2e/site-node.ts';
import { hasChromium, openBrowser, Visitor } from '../test/ui/browser.ts';
import { printTable, spread } from './_figures.ts';
import { startLoad } from './_load-process.ts';
import { loadText, machineText } from './_machine.ts';
import { pause } from './_process.ts';

const RATE = 2_000;
const BATCH = 100;
const GROUPS = 100;
const MINUTES = minutesOf(process.env.BENCH_MINUTES);
/** Each sensor has said something by then, and the first look of everybody is over. */
const WARM_UP_MS = 8_000;
const OPENINGS = 5;
/** A page that has just been gone to is not steady yet. */
const SETTLE_MS = 3_000;
const LOOK_MS = 7_000;
/** More than all looks take; the load is ended when they are done. */
const LOAD_SECONDS = 60 * MINUTES + 300;

const SENSOR = 'hall-7/machine-3/temperature';
const PAGES: readonly (readonly [string, string])[] = [
  ['site', 'site'],
  ['sensors', 'sensors'],
  ['sensors by value', 'sensors?sort=-value'],
  ['a sensor', `sensor/${encodeURIComponent(SENSOR)}`],
  ['log', 'log'],
  ['convergence', 'convergence'],
  ['timeline', 'timeline'],
];
const ROUNDS = Math.max(2, Math.round((60_000 * MINUTES) / (PAGES.length * (SETTLE_MS + LOOK_MS))));

const CORE_PERCENT_MAX = 50;
const TASK_MS_MAX = 100;
const PAINT_MS_MAX = 1_000;
const BUNDLE_BYTES_MAX = 150_000;

/** Runs in the page. */
const WATCH_TASKS = `globalThis.tasksMs = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.tasksMs.push(duration);
  }).observe({ type: 'longtask' });`;

/** Runs in the page, when the first row is there. */
const OPENING = `new Promise((resolve) => {
  const filledMs = performance.now();
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const files = [...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/'))];
  const bundleBytes = files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  let longestMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestMs = Math.max(longestMs, duration);
  }).observe({ type: 'longtask', buffered: true });
  setTimeout(() => resolve({ paintMs: paint?.startTime ?? NaN, filledMs, longestMs, bundleBytes }), 200);
})`;

interface Look {
  /** Processor time of the main thread, in per cent of a core. */
  readonly cpu: number;
  /** What tasks took by the clock, in which a busy machine also makes them wait. */
  readonly busy: number;
  readonly longestMs: number;
  readonly heapMegabytes: number;
  readonly elements: number;
}

interface Opening {
  readonly paintMs: number;
  readonly filledMs: number;
  readonly longestMs: number;
  readonly bundleBytes: number;
}

if (!hasChromium()) {
  console.error('there is no Chromium here; CHROMIUM names another path');
  process.exit(2);
}
console.log(machineText());
console.log(`three nodes, ${BATCH * GROUPS} sensors, ${RATE} readings/s, ${ROUNDS} rounds of all pages\n`);

const site = new Site();
let browser: Browser | null = null;
let load: ReturnType<typeof startLoad> | null = null;
try {
  const nodes = await site.startAll(['ann', 'bob', 'cat'], { EXPECT_NODES: '3' });
  browser = await openBrowser();
  load = startLoad({
    ports: nodes.map(({ ports }) => ports.ingestPort),
    readingsPerSecond: RATE,
    batch: BATCH,
    groups: GROUPS,
    seconds: LOAD_SECONDS,
    countAfterSeconds: 0,
  });
  await pause(WARM_UP_MS);
  const saidBefore = await saidBy(nodes);
  const openings: Opening[] = [];
  for (let turn = 0; turn < OPENINGS; turn++) openings.push(await opened(browser, nodes));
  console.log(`pages opened, ${loadText()}`);
  const looks = await lookAtAll(browser, nodes);
  const said = await saidBy(nodes);
  const rate = (1_000 * (said.readings - saidBefore.readings)) / (said.atMs - saidBefore.atMs);
  console.log(`readings committed a second meanwhile: ${rate.toFixed(0)}\n`);
  printOpenings(openings);
  console.log();
  printLooks(looks);
} finally {
  load?.end();
  await browser?.close();
  await site.stop();
}

function minutesOf(text: string | undefined): number {
  const minutes = Number(text);
  return Number.isFinite(minutes) && minutes > 0 ? minutes : 2;
}

async function saidBy(
  nodes: readonly SiteNode[],
): Promise<{ readonly readings: number; readonly atMs: number }> {
  const view = await nodes[0]?.get<{ readonly watermark: number }>('/api/v1/view');
  return { readings: view?.watermark ?? 0, atMs: performance.now() };
}

function visit(chromium: Browser, nodes: readonly SiteNode[], page: string): Promise<Visitor> {
  const origins = nodes.map((node) => node.url());
  return Visitor.open(chromium, `${origins[0]}/#/${page}`, origins);
}

/** Somebody who has never been here opens the sensors, with nothing in a cache. */
async function opened(chromium: Browser, nodes: readonly SiteNode[]): Promise<Opening> {
  const visitor = await visit(chromium, nodes, 'sensors');
  try {
    await visitor.page.locator('.sensor-rows .rows-space .row').first().waitFor();
    return await visitor.page.evaluate(OPENING);
  } finally {
    await visitor.close();
  }
}

async function lookAtAll(chromium: Browser, nodes: readonly SiteNode[]): Promise<Map<string, Look[]>> {
  const looks = new Map<string, Look[]>();
  const visitor = await visit(chromium, nodes, 'site');
  const devtools = await visitor.page.context().newCDPSession(visitor.page);
  await devtools.send('Performance.enable');
  await visitor.page.evaluate(WATCH_TASKS);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, to] of PAGES) {
      await visitor.go(to);
      await visitor.page.locator('.content .panel').first().waitFor();
      await pause(SETTLE_MS);
      looks.set(name, [...(looks.get(name) ?? []), await lookedAt(visitor, devtools)]);
    }
    console.log(`round ${round} of ${ROUNDS} done, ${loadText()}`);
  }
  for (const complaint of new Set(visitor.complaints)) console.log(`the page complained: ${complaint}`);
  return looks;
}

async function lookedAt(visitor: Visitor, devtools: CDPSession): Promise<Look> {
  await visitor.page.evaluate('globalThis.tasksMs = []');
  const [before, fromMs] = [await metricsOf(devtools), performance.now()];
  await pause(LOOK_MS);
  const [after, seconds] = [await metricsOf(devtools), (performance.now() - fromMs) / 1_000];
  const tasksMs: number[] = await visitor.page.evaluate('globalThis.tasksMs');
  await devtools.send('HeapProfiler.collectGarbage');
  const { JSHeapUsedSize: heap = 0, Nodes: elements = 0 } = await metricsOf(devtools);
  const percent = (name: string) => (100 * ((after[name] ?? 0) - (before[name] ?? 0))) / seconds;
  return {
    cpu: percent('ThreadTime'),
    busy: percent('TaskDuration'),
    longestMs: Math.max(0, ...tasksMs),
    heapMegabytes: heap / 2 ** 20,
    elements,
  };
}

async function metricsOf(devtools: CDPSession): Promise<{ readonly [name: string]: number }> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

function printOpenings(openings: readonly Opening[]): void {
  const bytes = Math.max(...openings.map(({ bundleBytes }) => bundleBytes));
  const of = (pick: (opening: Opening) => number) => spread(openings.map(pick), 0);
  printTable([
    ['a page opened for the first time', 'ms', 'at most'],
    ['first paint', of(({ paintMs }) => paintMs), String(PAINT_MS_MAX)],
    ['all sensors there', of(({ filledMs }) => filledMs), ''],
    ['longest task until then', of(({ longestMs }) => longestMs), ''],
    ['script, style and page as they travel, bytes', String(bytes), String(BUNDLE_BYTES_MAX)],
  ]);
}

function printLooks(looks: ReadonlyMap<string, readonly Look[]>): void {
  const rows = [...looks].map(([page, of]) => [
    page,
    spread(
      of.map(({ cpu }) => cpu),
      0,
    ),
    spread(
      of.map(({ busy }) => busy),
      0,
    ),
    spread(
      of.map(({ longestMs }) => longestMs),
      0,
    ),
    (of[0]?.heapMegabytes ?? 0).toFixed(1),
    (of[of.length >> 1]?.heapMegabytes ?? 0).toFixed(1),
    (of.at(-1)?.heapMegabytes ?? 0).toFixed(1),
    String(of.at(-1)?.elements ?? 0),
  ]);
  printTable([
    [
      'page',
      'CPU % of a core',
      'busy %',
      'longest task ms',
      'heap MiB first',
      'half way',
      'last',
      'DOM nodes',
    ],
    ['at most', String(CORE_PERCENT_MAX), '', String(TASK_MS_MAX), '', '', 'as half way', ''],
    ...rows,
  ]);
  console.log(
    '\nCPU: of the main thread; busy: by the clock, waiting for the processor within tasks included.',
  );
  console.log('heap: the last 48 values of each sensor are kept, so it rises for the first four minutes.');
  console.log('longest task: by the clock; 0 where none took 50 ms. Medians (least–most) of the rounds.');
}
