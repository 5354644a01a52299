// How fast a fresh peer gets the history, and what is left for readings meanwhile: three processes order as much as
// one load gives them; a fourth joins with an empty directory. `npm run bench -- catch-up`; BENCH_TURNS=1 for a quick
// look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushHard } from './_drive.ts';
import { printTable, spread } from './_figures.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';
import { fail, type OrderedClient } from './_ordered.ts';
import { type BenchProcess, pause } from './_process.ts';
import { orderNodes } from './_sensorium-order.ts';

const TURNS = turnsOf(5);
const GROUP = ['ann', 'bob', 'cat'];
/** The lowest of all, so that it is not handed the lead when it has caught up. */
const FRESH = 'abe';
const HISTORY_BYTES = 600_000_000;
/** Large batches, so that the history is soon long. */
const BATCH = new Uint8Array(60_000).map((_, at) => (at * 31) & 0xff);
const DEPTH = 16;
const SLICE_MS = 1_000;
const SLICES_BEFORE = 4;
const WITHIN_MS = 120_000;

interface Outcome {
  readonly megabytesPerSecond: number;
  /** Of the rate before, as a share, what was ordered while the fresh one caught up. */
  readonly share: number;
}

console.log(machineText());
console.log(`${HISTORY_BYTES / 1e6} MB of history in batches of ${BATCH.length} bytes, ${TURNS} turns\n`);
const outcomes: Outcome[] = [];
for (let turn = 1; turn <= TURNS; turn++) {
  outcomes.push(await measure());
  console.log(`turn ${turn} done, ${loadText()}`);
}
console.log();
printTable([
  ['median (least–most)', ''],
  [
    'a fresh peer has the history at, MB/s',
    spread(
      outcomes.map((it) => it.megabytesPerSecond),
      0,
    ),
  ],
  [
    'ordering meanwhile, per cent of before',
    spread(
      outcomes.map(({ share }) => 100 * share),
      0,
    ),
  ],
]);

async function measure(): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-catch-up-'));
  const started: BenchProcess[] = [];
  try {
    const nodes = await orderNodes(directory, [...GROUP, FRESH]);
    let leader: string | null = null;
    for (const node of GROUP) {
      started.push(
        nodes.start(node, (line) => {
          if (line === 'leads') leader = node;
        }),
      );
    }
    const untilMs = performance.now() + WITHIN_MS;
    while (leader === null) {
      if (performance.now() > untilMs) fail(`nobody leads: ${started[0]?.lastWords}`);
      await pause(50);
    }
    // The highest takes over once it is settled, if it does not lead at once.
    if (leader !== GROUP.at(-1)) await pause(12_000);
    const client = await nodes.connect(leader ?? '', 1);
    let ordered = 0;
    while (ordered * BATCH.length < HISTORY_BYTES) ordered += await slice(client);
    const before: number[] = [];
    for (let i = 0; i < SLICES_BEFORE; i++) before.push(await slice(client));
    ordered += before.reduce((sum, one) => sum + one, 0);

    const target = ordered;
    let joinedMs = 0;
    let doneMs = 0;
    started.push(
      nodes.start(FRESH, (line) => {
        const has = Number(/^has (\d+)$/.exec(line)?.[1] ?? 0);
        if (has > 0 && joinedMs === 0) joinedMs = performance.now();
        if (has >= target && doneMs === 0) doneMs = performance.now();
      }),
    );
    const during: number[] = [];
    while (doneMs === 0) {
      if (performance.now() > untilMs) fail(`the fresh one does not catch up: ${started.at(-1)?.lastWords}`);
      const count = await slice(client);
      if (joinedMs > 0) during.push(count);
    }
    client.close();
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, one) => sum + one, 0) / values.length;
    return {
      megabytesPerSecond: (target * BATCH.length) / 1e3 / Math.max(1, doneMs - joinedMs),
      share: mean(during) / mean(before),
    };
  } finally {
    await Promise.all(started.map((node) => node.end()));
    rmSync(directory, { recursive: true });
  }
}

/** Batches ordered in one slice of time. */
async function slice(client: OrderedClient): Promise<number> {
  const { perSecond } = await pushHard(client, BATCH, DEPTH, SLICE_MS);
  return (perSecond * SLICE_MS) / 1_000;
}
