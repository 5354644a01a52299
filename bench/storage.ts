// What the outbox costs on this machine's disk: appends acknowledged after write and fdatasync, one at a time and 64
// at a time, and how long a start takes per 100 MB of log. `npx tsx bench/storage.ts [directory]`

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DataDirectory } from '../src/host/storage/data-directory.ts';
import { NodeStore } from '../src/host/storage/node-store.ts';
import type { Batch } from '../src/model/durable.ts';
import type { Identity } from '../src/model/ids.ts';
import { searchLog } from '../src/storage/recovery.ts';
import { problemText, run, type StorageProblem } from '../src/storage/task.ts';
import { ann, batchOf } from '../src/storage/testing.ts';

const RUNS = 5;
const RUN_MS = 1_500;
const RECOVERED_BYTES = 100_000_000;

const parent = process.argv[2] ?? tmpdir();
const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
console.log(
  `${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${memory}, Linux ${release()}, node ${process.version}`,
);
console.log(`directory ${parent}, medians of ${RUNS} runs of ${RUN_MS} ms`);
console.log('readings/batch  bytes/batch  depth  batches/s  readings/s    MB/s  p50 ms  p99 ms');
for (const readings of [1, 256]) for (const depth of [1, 64]) await benchAppends(readings, depth);
await benchRecovery();

interface Run {
  readonly perSecond: number;
  readonly bytesPerBatch: number;
  readonly p50: number;
  readonly p99: number;
}

async function benchAppends(readings: number, depth: number): Promise<void> {
  const runs: Run[] = [];
  for (let turn = 0; turn < RUNS; turn++) {
    await inDirectory(
      async (store, identity) => void runs.push(await appendFor(store, identity, readings, depth)),
    );
  }
  const of = (pick: (run: Run) => number) => median(runs.map(pick));
  const perSecond = of((run) => run.perSecond);
  const bytes = of((run) => run.bytesPerBatch);
  const cells: readonly (readonly [string, number])[] = [
    [String(readings), 14],
    [bytes.toFixed(0), 13],
    [String(depth), 7],
    [perSecond.toFixed(0), 11],
    [(perSecond * readings).toFixed(0), 12],
    [((perSecond * bytes) / 1e6).toFixed(1), 8],
    [of((run) => run.p50).toFixed(2), 8],
    [of((run) => run.p99).toFixed(2), 8],
  ];
  console.log(cells.map(([text, width]) => text.padStart(width)).join(''));
}

async function appendFor(
  store: NodeStore,
  identity: Identity,
  readings: number,
  depth: number,
): Promise<Run> {
  const texts = textsOf(readings);
  const waits: number[] = [];
  const before = store.counters().outbox_bytes_written_total ?? 0;
  const start = performance.now();
  const next = { n: 1 };
  await new Promise<void>((resolve) => {
    let underWay = 0;
    const append = (): void => {
      const batch = batchOf(identity, next.n, texts);
      next.n += readings;
      underWay++;
      const asked = performance.now();
      store.append(batch, () => {
        const now = performance.now();
        waits.push(now - asked);
        underWay--;
        if (now - start < RUN_MS) append();
        else if (underWay === 0) resolve();
      });
    };
    for (let i = 0; i < depth; i++) append();
  });
  const seconds = (performance.now() - start) / 1_000;
  const bytes = (store.counters().outbox_bytes_written_total ?? 0) - before;
  waits.sort((a, b) => a - b);
  return {
    perSecond: waits.length / seconds,
    bytesPerBatch: bytes / waits.length,
    p50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    p99: waits[Math.floor(waits.length * 0.99)] ?? 0,
  };
}

async function benchRecovery(): Promise<void> {
  const dataDir = await mkdtemp(join(parent, 'sensorium-bench-'));
  try {
    const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
    const { store, recovered } = await NodeStore.open(directory, fail);
    const { identity } = recovered.hardState;
    await new Promise<void>((done) => store.saveHardState(recovered.hardState, done));
    const texts = textsOf(256);
    let n = 1;
    while ((store.counters().outbox_bytes ?? 0) < RECOVERED_BYTES) {
      const batches: Batch[] = Array.from({ length: 64 }, (_, at) => batchOf(identity, n + at * 256, texts));
      n += 64 * 256;
      await Promise.all(
        batches.map((batch) => new Promise<void>((done) => store.append(batch, () => done()))),
      );
    }
    const bytes = store.counters().outbox_bytes ?? 0;
    await store.close();

    const alone: number[] = [];
    for (let turn = 0; turn < RUNS; turn++) alone.push(await searchFor(directory));
    const times: number[] = [];
    for (let turn = 0; turn < RUNS; turn++) {
      const start = performance.now();
      const again = await NodeStore.open(directory, fail);
      times.push(performance.now() - start);
      await again.store.close();
    }
    const of100 = (values: readonly number[]) => ((median(values) * RECOVERED_BYTES) / bytes).toFixed(0);
    console.log(`start with ${(bytes / 1e6).toFixed(0)} MB of log, ${n - 1} readings in batches of 256:`);
    console.log(
      `  ${of100(alone)} ms per 100 MB to read and check the log, ${of100(times)} ms with all readings decoded`,
    );
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Reads and checks the log, and leaves its payloads as they are. */
async function searchFor({ disk }: DataDirectory): Promise<number> {
  const names = await new Promise<readonly string[]>((resolve) => {
    disk.list((result) => resolve(result.ok ? result.value : []));
  });
  const start = performance.now();
  const search = {
    names,
    known: { current: null, first: null, durable: 0 },
    covered: null,
    keepsEarlier: false,
    lastNumber: 0,
    decode: () => null,
    identityOf: () => null,
  };
  await new Promise((resolve) => run(searchLog(disk, search), resolve, fail));
  return performance.now() - start;
}

async function inDirectory(body: (store: NodeStore, identity: Identity) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(parent, 'sensorium-bench-'));
  try {
    const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
    const { store, recovered } = await NodeStore.open(directory, fail);
    await new Promise<void>((done) => store.saveHardState(recovered.hardState, done));
    await body(store, recovered.hardState.identity);
    await store.close();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function textsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${20 + at / 7}`);
}

function fail(failure: { readonly detail: string } | StorageProblem): void {
  throw new Error('detail' in failure ? failure.detail : problemText(failure));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
