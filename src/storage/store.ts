// The port to a peer's disk. `done` is called once the bytes would survive a crash, in the order of the calls.
// An error that makes this impossible goes to `failed` (given at opening), once, and then nothing is answered any
// more: a peer that cannot remember must not promise.

import type { Batch, HardState, Snapshot } from '../model/durable.ts';

export interface Store {
  append(batch: Batch, done: () => void): void;
  saveHardState(state: HardState, done: () => void): void;
  /** Afterwards the outbox is trimmed to what the snapshot does not cover. */
  saveSnapshot(snapshot: Snapshot, done: () => void): void;
  counters(): { readonly [name: string]: number };
  /** Finishes what is under way, then closes the files. */
  close(): Promise<void>;
}
