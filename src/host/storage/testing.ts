// A history log on a real disk as its leader makes it, for tests and for programs that are killed by tests.

import { must } from '../../kit/assert.ts';
import type { Base, Entry, RecoveredLog } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { endOf } from '../../storage/history/testing.ts';
import type { StoreEvent } from '../../storage/store.ts';
import { ann } from '../../storage/testing.ts';
import { encodeEntry, NO_CHAIN } from '../../wire/entry.ts';
import { DataDirectory } from './data-directory.ts';
import { NodeStore, type OpenedNodeStore } from './node-store.ts';

const GROUP = '0123456789abcdef';
const OUTBOX_BYTES_MAX = 100_000_000;

/** What a node knows of its order's log: all entries that it ever appended. */
export class OrderInTest {
  readonly identity: Identity;
  readonly entries: Entry[] = [];
  #end: { readonly index: number; readonly sequence: number; readonly chain: Entry['chain'] };

  constructor(identity: Identity, found: RecoveredLog) {
    this.identity = identity;
    const { base, entries } = found;
    const before = base
      ? { ...base, sequence: base.nextSequence }
      : { index: 0, sequence: 1, chain: NO_CHAIN };
    this.#end = endOf({ base: before, entries });
  }

  get lastIndex(): number {
    return this.#end.index;
  }

  /** The next entry, with a batch of so many bytes; 0: one without readings. */
  next(bytes: number): Entry {
    const { index, sequence, chain } = this.#end;
    const payload = Uint8Array.from({ length: bytes }, (_, at) => at * 31 + index);
    const body =
      bytes === 0
        ? ({ kind: 'epoch-start' } as const)
        : ({
            kind: 'data',
            producer: { origin: ann, identity: this.identity },
            firstN: sequence,
            lastN: sequence,
            payload,
          } as const);
    const count = bytes === 0 ? 0 : 1;
    const head = { ballot: this.#ballot, index: index + 1, firstSequence: sequence, count, body };
    const entry = encodeEntry(head, chain);
    this.entries.push(entry);
    this.#end = { index: entry.index, sequence: sequence + count, chain: entry.chain };
    return entry;
  }

  baseAt(index: number): Base {
    const entry = must(
      this.entries.find((one) => one.index === index),
      'a base is of an entry that was appended',
    );
    return {
      group: GROUP,
      index,
      ballot: this.#ballot,
      chain: entry.chain,
      nextSequence: entry.firstSequence + entry.count,
      view: { voters: [], learners: [], joint: null, tieBreak: false },
      viewId: 0,
      producers: [],
      epochs: [],
      absorbed: [],
      version: 1,
    };
  }

  get #ballot(): Entry['ballot'] {
    return { round: 1, priority: 0, peer: ann, identity: this.identity };
  }
}

/** One life of a node with its directory. */
export class NodeInTest {
  readonly opened: OpenedNodeStore;
  readonly order: OrderInTest;
  readonly events: StoreEvent[];
  readonly failures: string[];
  readonly #directory: DataDirectory;

  private constructor(
    opened: OpenedNodeStore,
    order: OrderInTest,
    events: StoreEvent[],
    failures: string[],
    directory: DataDirectory,
  ) {
    this.opened = opened;
    this.order = order;
    this.events = events;
    this.failures = failures;
    this.#directory = directory;
  }

  static async open(dataDir: string): Promise<NodeInTest> {
    const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
    const events: StoreEvent[] = [];
    const failures: string[] = [];
    const opened = await NodeStore.openOrdered(
      directory,
      { outboxBytesMax: OUTBOX_BYTES_MAX, outboxPolicy: 'block' },
      {
        failed: ({ kind, detail }) => failures.push(`${kind}: ${detail}`),
        happened: (event) => events.push(event),
      },
    ).catch(async (error: unknown) => {
      await directory.release();
      throw error;
    });
    const { hardState } = opened.recovered;
    await new Promise<void>((done) => opened.store.saveHardState(hardState, done));
    const log = must(opened.order, 'the node takes part in the order').log;
    return new NodeInTest(opened, new OrderInTest(hardState.identity, log), events, failures, directory);
  }

  get store(): NodeStore {
    return this.opened.store;
  }

  get log(): RecoveredLog {
    return must(this.opened.order, 'the node takes part in the order').log;
  }

  /** Answered once they are durable. All but the last are known committed with it. */
  append(entries: readonly Entry[]): Promise<void> {
    const floor = (entries[0]?.index ?? 1) - 1;
    return new Promise((done) => this.store.appendLog(entries, floor, done));
  }

  saveBase(index: number): Promise<void> {
    return new Promise((done) => this.store.saveBase(this.order.baseAt(index), done));
  }

  async readAll(): Promise<readonly Entry[]> {
    const all: Entry[] = [];
    for (let next = this.store.logStart; ; ) {
      const from = next;
      const read = await new Promise<readonly Entry[]>((done) =>
        this.store.readLog(from, Number.MAX_SAFE_INTEGER, 1_000_000, done),
      );
      if (read.length === 0) return all;
      all.push(...read);
      next += read.length;
    }
  }

  async end(): Promise<void> {
    await this.store.close();
    await this.#directory.release();
  }
}
