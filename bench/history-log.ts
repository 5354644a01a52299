// What the history log costs on this machine's disk, as a leader appends to it and a joiner reads from it: entries of
// 256 readings appended so many at a time, reads of the whole log meanwhile, and a start after a power cut.
// `npx tsx bench/history-log.ts [directory] [megabytes of the log that is started from]`

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DataDirectory } from '../src/host/storage/data-directory.ts';
import { NodeStore, type OpenedNodeStore } from '../src/host/storage/node-store.ts';
import { must } from '../src/kit/assert.ts';
import type { Batch } from '../src/model/durable.ts';
import type { Base, Entry } from '../src/model/entry.ts';
import { type Identity, parseSensorId, type SensorId } from '../src/model/ids.ts';
import { ann } from '../src/storage/testing.ts';
import { encodeBatch } from '../src/wire/durable.ts';
import { encodeEntry, NO_CHAIN } from '../src/wire/entry.ts';
import { loadText, machineText, turnsOf } from './_machine.ts';

const RUN_MS = 1_500;
const READINGS = 256;
const SENSORS = 64;
const TURNS = turnsOf(3);
const READ_BYTES = 1_048_576;
/** What a joiner is to get while appends go on. */
const PACE_MB = 160;
const FIRST_READ_BYTES = 200_000_000;
const AT_MS = 1_763_765_432_000;
const SENSOR = sensorId('hall-3/press-12/temperature');
const SENSOR_IDS = Array.from({ length: SENSORS }, (_, at) => sensorId(`hall-3/press-${at}/temperature`));

const parent = process.argv[2] ?? tmpdir();
const recoveredBytes = Number(process.argv[3] ?? 500) * 1_000_000;

/** The log as its leader makes it. */
class Appender {
  readonly store: NodeStore;
  readonly #identity: Identity;
  readonly #payloads: readonly Uint8Array[];
  #end: Pick<Entry, 'index' | 'chain'> & { readonly sequence: number } = {
    index: 0,
    sequence: 1,
    chain: NO_CHAIN,
  };

  constructor(store: NodeStore, identity: Identity) {
    this.store = store;
    this.#identity = identity;
    this.#payloads = Array.from({ length: 32 }, (_, at) => encodeBatch(batchOf(identity, at)));
  }

  get index(): number {
    return this.#end.index;
  }

  next(): Entry {
    const { index, sequence, chain } = this.#end;
    const firstN = index * READINGS + 1;
    const entry = encodeEntry(
      {
        ballot: this.ballot,
        index: index + 1,
        firstSequence: sequence,
        count: READINGS,
        body: {
          kind: 'data',
          producer: { origin: ann, identity: this.#identity },
          firstN,
          lastN: firstN + READINGS - 1,
          payload: this.#payloads[index % this.#payloads.length] ?? new Uint8Array(0),
        },
      },
      chain,
    );
    this.#end = { index: entry.index, sequence: sequence + READINGS, chain: entry.chain };
    return entry;
  }

  base(): Base {
    const { index, sequence, chain } = this.#end;
    const view = { voters: [], learners: [], joint: null, tieBreak: false };
    return {
      group: '0123456789abcdef',
      index,
      ballot: this.ballot,
      chain,
      nextSequence: sequence,
      view,
      viewId: 0,
      producers: [],
      epochs: [],
      absorbed: [],
      version: 1,
    };
  }

  get ballot(): Entry['ballot'] {
    return { round: 1, priority: 0, peer: ann, identity: this.#identity };
  }
}

interface Run {
  readonly perSecond: number;
  readonly megabytes: number;
  readonly p50: number;
  readonly p99: number;
}

console.log(machineText());
console.log(`directory ${parent}, medians of ${TURNS} runs of ${RUN_MS} ms, ${loadText()}`);
console.log('append   depth  entries/s  readings/s    MB/s  p50 ms  p99 ms');
for (const depth of [1, 8, 64, 512]) {
  const runs: Run[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    await inDirectory(async (appender) => void runs.push(await appendFor(appender, depth, RUN_MS)));
  }
  const of = (pick: (run: Run) => number): number => median(runs.map(pick));
  const perSecond = of((run) => run.perSecond);
  const cells: readonly (readonly [string, number])[] = [
    [String(depth), 14],
    [perSecond.toFixed(0), 11],
    [(perSecond * READINGS).toFixed(0), 12],
    [of((run) => run.megabytes).toFixed(1), 8],
    [of((run) => run.p50).toFixed(2), 8],
    [of((run) => run.p99).toFixed(2), 8],
  ];
  console.log(cells.map(([text, width]) => text.padStart(width)).join(''));
}
await inDirectory(benchCatchUp);
if (recoveredBytes > 0) await benchStart();

async function appendFor(appender: Appender, depth: number, ms: number): Promise<Run> {
  const { store } = appender;
  const waits: number[] = [];
  const before = store.counters().history_bytes_written_total ?? 0;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let underWay = 0;
    const append = (): void => {
      underWay++;
      const asked = performance.now();
      store.appendLog([appender.next()], Math.max(0, appender.index - depth), () => {
        const now = performance.now();
        waits.push(now - asked);
        underWay--;
        if (now - start < ms) append();
        else if (underWay === 0) resolve();
      });
    };
    for (let i = 0; i < depth; i++) append();
  });
  const seconds = (performance.now() - start) / 1_000;
  const bytes = (store.counters().history_bytes_written_total ?? 0) - before;
  waits.sort((a, b) => a - b);
  return {
    perSecond: waits.length / seconds,
    megabytes: bytes / seconds / 1e6,
    p50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    p99: waits[Math.floor(waits.length * 0.99)] ?? 0,
  };
}

/** One joiner reads the log from its beginning, as fast as it can and at a pace, while a leader appends to it. */
async function benchCatchUp(appender: Appender): Promise<void> {
  await fill(appender, FIRST_READ_BYTES);
  const readAlone = await readFor(appender, RUN_MS, Number.POSITIVE_INFINITY);
  console.log(`one joiner reads ${readAlone.toFixed(0)} MB/s where nothing is appended`);
  for (const pace of [PACE_MB, Number.POSITIVE_INFINITY]) {
    const alone = await appendFor(appender, 64, RUN_MS);
    const reading = readFor(appender, RUN_MS, pace);
    const meanwhile = await appendFor(appender, 64, RUN_MS);
    const read = await reading;
    const share = (100 * meanwhile.megabytes) / alone.megabytes;
    console.log(
      `  at ${Number.isFinite(pace) ? `most ${pace} MB/s` : 'its own pace'}: ${read.toFixed(0)} MB/s, while 64 appends at a ` +
        `time go on with ${meanwhile.megabytes.toFixed(0)} MB/s, ${share.toFixed(0)} % of what they do alone`,
    );
  }
}

/** Megabytes a second, from the beginning of the log on, again and again. */
async function readFor({ store }: Appender, ms: number, pace: number): Promise<number> {
  const start = performance.now();
  let bytes = 0;
  let from = store.logStart;
  while (performance.now() - start < ms) {
    const entries = await new Promise<readonly Entry[]>((read) =>
      store.readLog(from, Number.MAX_SAFE_INTEGER, READ_BYTES, read),
    );
    for (const entry of entries) bytes += entry.bytes.length;
    from = (entries.at(-1)?.index ?? store.logStart - 1) + 1;
    const aheadMs = bytes / 1_000 / pace - (performance.now() - start);
    if (aheadMs > 1) await new Promise((turn) => setTimeout(turn, aheadMs));
  }
  return bytes / ((performance.now() - start) / 1_000) / 1e6;
}

async function benchStart(): Promise<void> {
  const dataDir = await mkdtemp(join(parent, 'sensorium-bench-'));
  try {
    const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
    let sealed = 0;
    // As a peer does: a base each time a segment is full.
    const opened = await open(directory, () => appender.store.saveBase(appender.base(), () => sealed++));
    const appender = await appenderOf(opened);
    await fill(appender, recoveredBytes);
    const bytes = opened.store.counters().history_bytes ?? 0;
    const segments = opened.store.counters().history_segments ?? 0;
    // Nothing is closed: the next start finds what a power cut leaves.
    for (const isCold of [true, false]) {
      const times: number[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        if (isCold && !dropCaches()) break;
        const start = performance.now();
        const { order } = await open(directory);
        times.push(performance.now() - start);
        if (turn === 0) console.log(`  ${order?.log.entries.length} entries behind the base`);
      }
      const text = times.length > 0 ? `${median(times).toFixed(0)} ms` : 'not measured: not permitted';
      console.log(`  ${isCold ? 'nothing cached' : 'all cached'}: ${text}`);
    }
    console.log(
      `start with ${(bytes / 1e9).toFixed(2)} GB of log in ${segments} segments, ${sealed} bases taken`,
    );
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function fill(appender: Appender, bytes: number): Promise<void> {
  while ((appender.store.counters().history_bytes_written_total ?? 0) < bytes) {
    const entries = Array.from({ length: 256 }, () => appender.next());
    await new Promise<void>((done) => appender.store.appendLog(entries, entries[0]?.index ?? 0, done));
  }
}

async function inDirectory(body: (appender: Appender) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(parent, 'sensorium-bench-'));
  try {
    const opened = await open(await DataDirectory.open({ dataDir, node: ann, clear: false }));
    await body(await appenderOf(opened));
    await opened.store.close();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function open(directory: DataDirectory, sealed: () => void = () => {}): Promise<OpenedNodeStore> {
  return NodeStore.openOrdered(
    directory,
    { outboxBytesMax: 1_000_000_000, outboxPolicy: 'block' },
    {
      failed: ({ detail }) => {
        throw new Error(detail);
      },
      happened: ({ type }) => {
        if (type === 'log-sealed') sealed();
      },
    },
  );
}

async function appenderOf({ store, recovered }: OpenedNodeStore): Promise<Appender> {
  await new Promise<void>((done) => store.saveHardState(recovered.hardState, done));
  return new Appender(store, recovered.hardState.identity);
}

function batchOf(identity: Identity, at: number): Batch {
  const records = Array.from({ length: READINGS }, (_, each) => ({
    kind: 'reading' as const,
    n: each + 1,
    sensor: SENSOR_IDS[each % SENSORS] ?? SENSOR,
    value: 20 + ((at * 37 + each * 11) % 400) / 16,
    tsMs: AT_MS + at * 1_000 + each,
    ingestTsMs: AT_MS + at * 1_000 + each,
    lwwTsMs: AT_MS + at * 1_000 + each,
  }));
  return { identity, records };
}

/** Whether this machine lets the benchmark empty the system's cache, so that reads come from the disk. */
function dropCaches(): boolean {
  try {
    spawnSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

function sensorId(text: string): SensorId {
  const parsed = parseSensorId(text);
  return must(parsed.ok ? parsed.value : null, `${text} is a sensor id`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
