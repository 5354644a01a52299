import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LogSource } from '../hub/log-source.ts';
import { Random } from '../kit/random.ts';
import type { Entry, EntryBody } from '../model/entry.ts';
import type { SensorId } from '../model/ids.ts';
import { ANN, peerOptions } from '../peer/testing.ts';
import { ELECTION_DEFAULTS } from '../protocol/election/options.ts';
import { ORDERING_DEFAULTS } from '../protocol/ordering/options.ts';
import { ann, ballotOf, entriesAfter, GROUP, identityOf, producerOf } from '../protocol/ordering/testing.ts';
import { encodeBatch } from '../wire/durable.ts';
import { NO_CHAIN } from '../wire/entry.ts';
import { Host } from './host.ts';
import { NodeLog } from './log.ts';
import type { Transport } from './network/transport.ts';
import { excessUpto, Retention } from './retention.ts';
import { DataDirectory } from './storage/data-directory.ts';
import { NodeStore } from './storage/node-store.ts';

const HALL = 'hall' as SensorId;
const NEVER = Number.POSITIVE_INFINITY;

test('[HO20] what came in before the age that is kept is too old, whatever stands between', async () => {
  const source = sourceOf([1_000, null, 2_000, 3_000, null, null, 4_000, 9_000]);
  const upto = (ageMsMax: number) =>
    excessUpto({ bytesMax: NEVER, ageMsMax }, { source, bytes: 800, wallMs: 10_000 });

  expect(await Promise.all([9_500, 8_500, 7_500, 6_500, 500].map(upto))).toEqual([0, 1, 3, 4, 8]);
});

test('[HO20] above the size that is kept as much of the log is too much', async () => {
  const source = sourceOf(Array.from({ length: 100 }, () => 1_000));
  const upto = (bytesMax: number) =>
    excessUpto({ bytesMax, ageMsMax: NEVER }, { source, bytes: 1_000, wallMs: 10_000 });

  expect(await Promise.all([2_000, 1_000, 750, 100].map(upto))).toEqual([0, 0, 25, 90]);
});

test('[HO20] [OR39] a node alone has what is too much trimmed, in its own order', async () => {
  const host = await hostAlone();
  for (let turn = 0; turn < 40; turn++) await host.hub.submit([{ sensor: HALL, value: turn }], 'committed');

  const retention = Retention.start({ bytesMax: 1, ageMsMax: NEVER }, host, quietLog(), 5);
  const last = await until(
    () => host.history.read({ index: host.history.extent().index }, 1),
    ([entry]) => entry?.body.kind === 'trim',
  );

  await retention.stop();

  expect(last[0]?.body).toMatchObject({ kind: 'trim' });
  expect(last[0]?.body.kind === 'trim' ? last[0].body.upto : 0).toBeGreaterThan(1);
});

/** A log of one reading each, that came in at these times; null for an entry without any. */
function sourceOf(times: readonly (number | null)[]): LogSource {
  const bodies = times.map(
    (ms, at): EntryBody => (ms === null ? { kind: 'epoch-start' } : dataAt(at + 1, ms)),
  );
  const entries = entriesAfter({ index: 0, chain: NO_CHAIN, nextSequence: 1 }, ballotOf(1, ann), bodies);
  return {
    extent: () => ({
      group: GROUP,
      firstIndex: 1,
      first: 1,
      index: entries.length,
      watermark: entries.length,
    }),
    read: async (from): Promise<readonly Entry[]> =>
      'index' in from ? entries.slice(from.index - 1, from.index) : [],
  };
}

function dataAt(n: number, ms: number): EntryBody {
  const record = {
    kind: 'reading',
    n,
    sensor: HALL,
    value: n,
    tsMs: ms,
    ingestTsMs: ms,
    lwwTsMs: ms,
  } as const;
  const payload = encodeBatch({ identity: identityOf(ann), records: [record] });
  return { kind: 'data', producer: producerOf(ann), firstN: n, lastN: n, payload };
}

/** A real disk, a group of one, and a base every few entries. */
async function hostAlone(): Promise<Host> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sensorium-retention-'));
  const directory = await DataDirectory.open({ dataDir, node: ANN, clear: false });
  const bounds = { outboxBytesMax: 2 ** 30, outboxPolicy: 'block' } as const;
  const quiet = { failed: () => {}, happened: () => {} };
  const { store, recovered, order } = await NodeStore.openOrdered(directory, bounds, quiet);
  const ordering = { ...ORDERING_DEFAULTS, foundAfterMs: 1, baseEveryBytes: 500 };
  const history = { priority: 0, expectNodes: 1, election: ELECTION_DEFAULTS, ordering };
  const options = {
    peer: peerOptions(ANN, { history }),
    changesKept: 16,
    commitTimeoutMs: 20_000,
    broken: () => {},
  };
  const found = { ...recovered, ...(order && { order }) };
  const host = new Host(options, store, store, found, new Random(1), quietLog());
  onTestFinished(async () => {
    await host.stop();
    await directory.release();
    await rm(dataDir, { recursive: true });
  });
  await host.prepare();
  host.open(new NoTransport());
  await until(
    async () => host.history.view(),
    ({ quorum }) => quorum,
  );
  return host;
}

function quietLog(): NodeLog {
  return new NodeLog({
    level: 'CRITICAL',
    node: 'ann',
    file: null,
    clearFile: false,
    fileMaxBytes: 'never',
    filesKept: 0,
    text: false,
  });
}

class NoTransport implements Transport {
  introduce(): void {}
  send(): void {}
  contact(): void {}
  counters(): { readonly [name: string]: number } {
    return {};
  }
  async stop(): Promise<void> {}
}

async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
