import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import type { Batch, HardState, Snapshot } from '../model/durable.ts';
import type { SensorId } from '../model/ids.ts';
import { ANN, EMPTY_DISK, peerOptions } from '../peer/testing.ts';
import type { AddressStore, Store } from '../storage/store.ts';
import { Host } from './host.ts';
import { NodeLog } from './log.ts';
import type { Transport } from './network/transport.ts';

const KITCHEN = 'kitchen' as SensorId;

test('[HO1] a host is prepared only once the raised incarnation is durable, and says no higher one', async () => {
  const { host, store } = hostOf();
  let prepared = false;
  const preparing = host.prepare().then(() => {
    prepared = true;
  });
  await turn();
  const before = prepared;

  store.answerAll();
  await preparing;
  const transport = new RecordedTransport();
  host.open(transport);

  expect(before).toBe(false);
  expect(transport.introduced).toEqual([{ identity: EMPTY_DISK.hardState.identity, incarnation: 1 }]);
  await stopped(host, store);
});

test('[HO4] what was submitted before the stop is stored and answered, what comes after is refused', async () => {
  const { host, store } = await openHost();
  const before = host.hub.submit([{ sensor: KITCHEN, value: 21 }], 'stored');

  const stopping = host.stop();
  const after = host.hub.submit([{ sensor: KITCHEN, value: 22 }], 'stored');
  store.answerAll();
  await stopping;

  await expect(before).resolves.toMatchObject({ firstN: 1 });
  await expect(after).rejects.toThrow('this node is stopping');
});

test('[HO4] a submit that the disk never answered is refused in the end, and nobody waits for ever', async () => {
  const { host, store } = await openHost();
  const submitted = host.hub.submit([{ sensor: KITCHEN, value: 21 }], 'stored');
  store.isBroken = true;

  const refused = expect(submitted).rejects.toThrow('this node has stopped');
  await host.stop();

  await refused;
});

test('[HO5] what is due at once is no sign that the process stood still', async () => {
  const { host, store } = await openHost();
  const submitted = host.hub.submit([{ sensor: KITCHEN, value: 21 }], 'stored');
  store.answerAll();
  await submitted;

  // The snapshot that is due after one record is taken by the timer, some turns later.
  while (store.waiting === 0) await turn();

  expect(host.counters().host_stalled_ms_total).toBeLessThan(performance.now() / 2);
  await stopped(host, store);
});

test('[HO10] a peer that finds itself wrong takes no further step and ends the program', async () => {
  const { host, broken } = await openHost();

  host.deliver({ type: 'appended', batch: { identity: host.peer.identity, records: [] } });
  host.deliver({ type: 'wake' });

  expect(broken).toHaveLength(1);
  expect(String(broken[0])).toContain('the disk answers appends in their order');
});

test('[HO9] counters of all parts stand side by side', async () => {
  const { host, store } = await openHost();

  host.count(() => ({ drops_total: 3 }));

  expect(host.counters()).toMatchObject({ appended_total: 0, frames_total: 7, drops_total: 3 });
  await stopped(host, store);
});

test('[HO9] a flood of refusals is a few lines', async () => {
  const { host, store, lines } = await openHost();

  for (let at = 0; at < 1_000; at++) host.events.refused('127.0.0.1:1', 'malformed', 'not a HELLO');

  expect(lines.filter((line) => line === 'refused').length).toBeLessThan(10);
  await stopped(host, store);
});

/** A disk that answers when it is told to. */
class ToldStore implements Store, AddressStore {
  readonly #waiting: (() => void)[] = [];
  isBroken = false;
  #appended = 0;

  append(_batch: Batch, done: () => void): void {
    this.#waiting.push(() => {
      this.#appended++;
      done();
    });
  }

  saveHardState(_state: HardState, done: () => void): void {
    this.#waiting.push(done);
  }

  saveSnapshot(_snapshot: Snapshot, done: () => void): void {
    this.#waiting.push(done);
  }

  saveAddresses(): void {}

  get waiting(): number {
    return this.#waiting.length;
  }

  counters(): { readonly [name: string]: number } {
    return { appended_total: this.#appended };
  }

  async close(): Promise<void> {
    if (!this.isBroken) this.answerAll();
  }

  answerAll(): void {
    for (let answer = this.#waiting.shift(); answer; answer = this.#waiting.shift()) answer();
  }
}

class RecordedTransport implements Transport {
  readonly introduced: HardState[] = [];

  introduce(state: HardState): void {
    this.introduced.push(state);
  }

  send(): void {}

  contact(): void {}

  counters(): { readonly [name: string]: number } {
    return { frames_total: 7 };
  }

  async stop(): Promise<void> {}
}

class LinesLog extends NodeLog {
  readonly lines: string[] = [];

  constructor() {
    super({
      level: 'CRITICAL',
      node: 'ann',
      file: null,
      clearFile: false,
      fileMaxBytes: 'never',
      filesKept: 0,
      text: false,
    });
  }

  override warn(message: string): void {
    this.lines.push(message);
  }
}

function hostOf() {
  const store = new ToldStore();
  const log = new LinesLog();
  const broken: unknown[] = [];
  const options = {
    peer: peerOptions(ANN, { snapshotAfterRecords: 1 }),
    changesKept: 16,
    commitTimeoutMs: 5_000,
    broken: (error: unknown) => broken.push(error),
  };
  return {
    host: new Host(options, store, null, EMPTY_DISK, new Random(1), log),
    store,
    lines: log.lines,
    broken,
  };
}

async function openHost() {
  const parts = hostOf();
  const preparing = parts.host.prepare();
  parts.store.answerAll();
  await preparing;
  parts.host.open(new RecordedTransport());
  return parts;
}

async function stopped(host: Host, store: ToldStore): Promise<void> {
  const stopping = host.stop();
  store.answerAll();
  await stopping;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
