// What the order asks of this node's disk, carried out and answered. SPEC rules HO1, HO11.
//
// Entries that one turn of the event loop brings are handed over together: they come in many small messages, and the
// first of them alone would keep the disk busy while the others wait.

import type { Entry } from '../model/entry.ts';
import type { Input, OrderRequests } from '../peer/port.ts';
import type { OrderStore } from '../storage/store.ts';

export function orderRequests(store: OrderStore, deliver: (input: Input) => void): OrderRequests {
  const appends = new Appends(store, deliver);
  return {
    saveOrderState: (state) => {
      store.saveOrderState(state, () => deliver({ type: 'order-state-saved', state }));
    },
    appendLog: (entries, version, floor) => appends.add(entries, version, floor),
    cutLog: (after) => {
      appends.flush();
      store.cutLog(after, () => {});
    },
    readLog: ({ id, from, to, bytesMax }) => {
      appends.flush();
      store.readLog(from, to, bytesMax, (entries) => deliver({ type: 'log-read', id, entries }));
    },
    saveBase: (base) => {
      appends.flush();
      store.saveBase(base, () => deliver({ type: 'base-saved', base }));
    },
    mendLog: (entries) => {
      const [from, to] = [entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
      store.mendLog(entries, (mended) => {
        deliver({ type: 'disk-state', state: { from, to, is: mended ? 'mended' : 'not-mended' } });
      });
    },
    trimLog: (upto) => store.trimLog(upto),
    readOutbox: ({ id, identity, fromN, bytesMax }) => {
      store.readOutbox(identity, fromN, bytesMax, (batches) => deliver({ type: 'outbox-read', id, batches }));
    },
    ordered: (identity, upto) => store.ordered(identity, upto),
  };
}

/** Appends of one turn. They are answered by one input, which answers all that were asked before it. */
class Appends {
  readonly #store: OrderStore;
  readonly #deliver: (input: Input) => void;
  #entries: Entry[] = [];
  #version = 0;
  #floor = 0;

  constructor(store: OrderStore, deliver: (input: Input) => void) {
    this.#store = store;
    this.#deliver = deliver;
  }

  add(entries: readonly Entry[], version: number, floor: number): void {
    if (this.#entries.length === 0) queueMicrotask(() => this.flush());
    for (const entry of entries) this.#entries.push(entry);
    this.#version = version;
    this.#floor = Math.max(this.#floor, floor);
  }

  flush(): void {
    const last = this.#entries.at(-1);
    if (last === undefined) return;
    const version = this.#version;
    const entries = this.#entries;
    this.#entries = [];
    this.#store.appendLog(entries, this.#floor, () => {
      this.#deliver({ type: 'log-appended', upto: last.index, version });
    });
  }
}
