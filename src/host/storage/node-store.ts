// A node's durable memory on its data directory, with a timer of its own for the log's delays. SPEC rules ST11, ST19,
// ST28.

import { performance } from 'node:perf_hooks';
import type { Batch, HardState, Recovered, Snapshot } from '../../model/durable.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Finding } from '../../storage/finding.ts';
import { type OpenedStore, openOutboxStore } from '../../storage/open-outbox.ts';
import type { OutboxStore, StoreFailure } from '../../storage/outbox-store.ts';
import type { Store } from '../../storage/store.ts';
import { problemText } from '../../storage/task.ts';
import { type DataDirectory, DataDirectoryError, freshHardState, laterIdentity } from './data-directory.ts';

const MARK_AFTER_MS = 50;
const RETRY_FULL_AFTER_MS = 1_000;

export interface OpenedNodeStore {
  readonly store: NodeStore;
  /** With a hard state of its own in any case, not yet saved where it is a fresh one. */
  readonly recovered: Recovered;
  readonly report: readonly Finding[];
  /** Why the identity is not the one found; null when it is. */
  readonly renamed: 'unused' | 'tail-unknown' | null;
}

export class NodeStore implements Store {
  readonly #store: OutboxStore;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  private constructor(store: OutboxStore) {
    this.#store = store;
    this.#arm();
  }

  /** Throws `DataDirectoryError`. */
  static open(directory: DataDirectory, failed: (failure: StoreFailure) => void): Promise<OpenedNodeStore> {
    const options = {
      node: directory.node,
      segmentBytes: LIMITS.segmentBytes,
      groupBytesMax: LIMITS.outboxGroupBytesMax,
      markAfterMs: MARK_AFTER_MS,
      retryFullAfterMs: RETRY_FULL_AFTER_MS,
    };
    let store: NodeStore | null = null;
    const events = {
      failed,
      wakeMoved: () => {
        if (store !== null) store.#arm();
      },
    };
    return new Promise((resolve, reject) => {
      openOutboxStore(directory.disk, options, events, (opened) => {
        if (opened.ok) {
          store = new NodeStore(opened.value.store);
          resolve(nodeStoreOf(opened.value, store));
        } else {
          const { kind } = opened.problem;
          const message = `${directory.path} cannot be used: ${problemText(opened.problem)}`;
          reject(new DataDirectoryError(kind === 'missing' ? 'broken' : kind, message));
        }
      });
    });
  }

  append(batch: Batch, done: () => void): void {
    this.#store.append(batch, done);
  }

  saveHardState(state: HardState, done: () => void): void {
    this.#store.saveHardState(state, done);
  }

  saveSnapshot(snapshot: Snapshot, done: () => void): void {
    this.#store.saveSnapshot(snapshot, done);
  }

  counters(): { readonly [name: string]: number } {
    return this.#store.counters();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
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

function nodeStoreOf(opened: OpenedStore, store: NodeStore): OpenedNodeStore {
  const { recovered, report, tailUnknown } = opened;
  if (recovered === null) {
    const fresh = { hardState: freshHardState(), snapshot: null, batches: [] };
    return { store, recovered: fresh, report, renamed: 'unused' };
  }
  if (!tailUnknown) return { store, recovered, report, renamed: null };
  const { identity, incarnation } = recovered.hardState;
  const hardState = { identity: laterIdentity(identity), incarnation };
  return { store, recovered: { ...recovered, hardState }, report, renamed: 'tail-unknown' };
}
