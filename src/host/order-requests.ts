// What the order asks of this node's disk, carried out and answered. SPEC rules HO1, HO11.

import type { Input, OrderRequests } from '../peer/port.ts';
import type { OrderStore } from '../storage/store.ts';

export function orderRequests(store: OrderStore, deliver: (input: Input) => void): OrderRequests {
  return {
    saveOrderState: (state) => {
      store.saveOrderState(state, () => deliver({ type: 'order-state-saved', state }));
    },
    appendLog: (entries, version, floor) => {
      const upto = entries.at(-1)?.index ?? 0;
      store.appendLog(entries, floor, () => deliver({ type: 'log-appended', upto, version }));
    },
    cutLog: (after) => store.cutLog(after, () => {}),
    readLog: ({ id, from, to, bytesMax }) => {
      store.readLog(from, to, bytesMax, (entries) => deliver({ type: 'log-read', id, entries }));
    },
    saveBase: (base) => store.saveBase(base, () => deliver({ type: 'base-saved', base })),
    trimLog: (upto) => store.trimLog(upto),
    readOutbox: ({ id, identity, fromN, bytesMax }) => {
      store.readOutbox(identity, fromN, bytesMax, (batches) => deliver({ type: 'outbox-read', id, batches }));
    },
    ordered: (identity, upto) => store.ordered(identity, upto),
  };
}
