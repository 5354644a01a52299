// A node's durable memory on its data directory, with a timer of its own for the log's delays. SPEC rules ST11, ST19,
// ST28.

import { performance } from 'node:perf_hooks';
import type {
  Batch,
  HardState,
  KnownAddress,
  Recovered,
  RecoveredOrder,
  Snapshot,
} from '../../model/durable.ts';
import type { Base, Entry, OrderState } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { AddressesFile, openAddresses } from '../../storage/addresses-file.ts';
import type { Finding } from '../../storage/finding.ts';
import { type OpenedStore, openOutboxStore } from '../../storage/open-outbox.ts';
import type { OrderOptions, OutboxStore, StoreFailure } from '../../storage/outbox-store.ts';
import type { AddressStore, OrderStore, Store, StoredBatch, StoreEvent } from '../../storage/store.ts';
import { problemText } from '../../storage/task.ts';
import { type DataDirectory, DataDirectoryError, freshHardState, laterIdentity } from './data-directory.ts';
import type { FileDisk } from './file-disk.ts';

const MARK_AFTER_MS = 50;
const RETRY_FULL_AFTER_MS = 1_000;

export interface OpenedNodeStore {
  readonly store: NodeStore;
  /** With a hard state of its own in any case, not yet saved where it is a fresh one. */
  readonly recovered: Recovered;
  readonly report: readonly Finding[];
  /** Why the identity is not the one found; null when it is. */
  readonly renamed: 'unused' | 'tail-unknown' | null;
  /** Null: the node takes no part in the order. */
  readonly order: RecoveredOrder | null;
}

export interface NodeStoreEvents {
  failed(failure: StoreFailure): void;
  happened(event: StoreEvent): void;
}

export type OutboxBounds = Pick<OrderOptions, 'outboxBytesMax' | 'outboxPolicy'>;

export class NodeStore implements Store, OrderStore, AddressStore {
  readonly #store: OutboxStore;
  readonly #disk: FileDisk;
  readonly #addresses: AddressesFile;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  private constructor(store: OutboxStore, disk: FileDisk) {
    this.#store = store;
    this.#disk = disk;
    this.#addresses = new AddressesFile(disk);
    this.#arm();
  }

  /** For a node that takes no part in the order. Throws `DataDirectoryError`. */
  static open(directory: DataDirectory, failed: (failure: StoreFailure) => void): Promise<OpenedNodeStore> {
    return NodeStore.#open(directory, null, { failed, happened: () => {} });
  }

  /** With the history log, and an outbox that keeps what is not ordered. Throws `DataDirectoryError`. */
  static openOrdered(
    directory: DataDirectory,
    bounds: OutboxBounds,
    events: NodeStoreEvents,
  ): Promise<OpenedNodeStore> {
    const history = {
      segmentBytes: LIMITS.historySegmentBytes,
      firstSegmentBytes: LIMITS.historyFirstSegmentBytes,
      reserveBytes: LIMITS.historyReserveBytes,
      groupBytesMax: LIMITS.historyGroupBytesMax,
      markAfterMs: MARK_AFTER_MS,
      retryFullAfterMs: RETRY_FULL_AFTER_MS,
      openSegmentsMax: LIMITS.historyOpenSegmentsMax,
      cursorsMax: LIMITS.historyCursorsMax,
    };
    const order = { ...bounds, history, outboxTailBytesMax: LIMITS.outboxTailBytesMax };
    return NodeStore.#open(directory, order, events);
  }

  static #open(
    directory: DataDirectory,
    order: OrderOptions | null,
    { failed, happened }: NodeStoreEvents,
  ): Promise<OpenedNodeStore> {
    const options = {
      node: directory.node,
      segmentBytes: LIMITS.segmentBytes,
      groupBytesMax: LIMITS.outboxGroupBytesMax,
      markAfterMs: MARK_AFTER_MS,
      retryFullAfterMs: RETRY_FULL_AFTER_MS,
      order,
    };
    let store: NodeStore | null = null;
    const events = {
      failed,
      happened,
      wakeMoved: () => {
        if (store !== null) store.#arm();
      },
    };
    return new Promise((resolve, reject) => {
      openOutboxStore(directory.disk, options, events, (opened) => {
        if (opened.ok) {
          const opens = new NodeStore(opened.value.store, directory.disk);
          store = opens;
          openAddresses(directory.disk, (addresses) => resolve(nodeStoreOf(opened.value, opens, addresses)));
        } else {
          const { kind } = opened.problem;
          const message = `${directory.path} cannot be used: ${problemText(opened.problem)}`;
          reject(new DataDirectoryError(kind === 'missing' ? 'broken' : kind, message));
        }
      });
    });
  }

  append(batch: Batch, done: (stored?: StoredBatch) => void): void {
    this.#store.append(batch, done);
  }

  saveHardState(state: HardState, done: () => void): void {
    this.#store.saveHardState(state, done);
  }

  saveSnapshot(snapshot: Snapshot, done: () => void): void {
    this.#store.saveSnapshot(snapshot, done);
  }

  saveAddresses(addresses: readonly KnownAddress[]): void {
    this.#addresses.save(addresses);
  }

  saveOrderState(state: OrderState, done: () => void): void {
    this.#store.saveOrderState(state, done);
  }

  appendLog(entries: readonly Entry[], floor: number, done: () => void): void {
    this.#store.appendLog(entries, floor, done);
  }

  cutLog(after: number, done: () => void): void {
    this.#store.cutLog(after, done);
  }

  readLog(from: number, to: number, bytesMax: number, done: (entries: readonly Entry[]) => void): void {
    this.#store.readLog(from, to, bytesMax, done);
  }

  findSequence(sequence: number, done: (index: number | null) => void): void {
    this.#store.findSequence(sequence, done);
  }

  saveBase(base: Base, done: () => void): void {
    this.#store.saveBase(base, done);
  }

  trimLog(upto: number): void {
    this.#store.trimLog(upto);
  }

  mendLog(entries: readonly Entry[], done: (mended: boolean) => void): void {
    this.#store.mendLog(entries, done);
  }

  pinLog(name: string, from: number, untilMs: number): void {
    this.#store.pinLog(name, from, untilMs);
  }

  unpinLog(name: string): void {
    this.#store.unpinLog(name);
  }

  scrubLog(budgetBytes: number, done: () => void): void {
    this.#store.scrubLog(budgetBytes, done);
  }

  get logStart(): number {
    return this.#store.logStart;
  }

  get logEnd(): number {
    return this.#store.logEnd;
  }

  get logHoles(): OrderStore['logHoles'] {
    return this.#store.logHoles;
  }

  readOutbox(
    identity: Identity,
    fromN: number,
    bytesMax: number,
    done: (batches: readonly StoredBatch[]) => void,
  ): void {
    this.#store.readOutbox(identity, fromN, bytesMax, done);
  }

  ordered(identity: Identity, upto: number): void {
    this.#store.ordered(identity, upto);
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#store.counters(), ...this.#disk.counters() };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await new Promise<void>((closed) => this.#addresses.close(closed));
    await this.#store.close();
  }

  #arm(): void {
    const { wakeAt } = this.#store;
    if (this.#isClosed || wakeAt >= this.#timerAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAt = wakeAt;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, wakeAt - performance.now()));
    // A mark that is not written costs nothing that `close` does not also save.
    this.#timer.unref();
  }

  #wake(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#store.wake(performance.now());
    this.#arm();
  }
}

function nodeStoreOf(
  opened: OpenedStore,
  store: NodeStore,
  addresses: readonly KnownAddress[],
): OpenedNodeStore {
  const { report, tailUnknown, order } = opened;
  const book = addresses.length > 0 ? { addresses } : {};
  if (opened.recovered === null) {
    const fresh = { hardState: freshHardState(), snapshot: null, batches: [], ...book };
    return { store, recovered: fresh, report, renamed: 'unused', order };
  }
  const recovered = { ...opened.recovered, ...book };
  if (!tailUnknown) return { store, recovered, report, renamed: null, order };
  const hardState = { ...recovered.hardState, identity: laterIdentity(recovered.hardState.identity) };
  return { store, recovered: { ...recovered, hardState }, report, renamed: 'tail-unknown', order };
}
