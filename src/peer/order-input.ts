// What a host brings the history plane of a peer: answers to its requests, what the disk says of itself, and what
// people ask for. SPEC rule PR15.

import { unreachable } from '../kit/assert.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import type { Now } from '../model/time.ts';
import type { OrderingOutbox, OutboxBatch } from '../protocol/ordering/port.ts';
import type { History } from './history.ts';
import type { HistoryCommand } from './history-commands.ts';
import type { DiskState } from './history-options.ts';

export type OrderInput =
  | { readonly type: 'order-state-saved'; readonly state: OrderState }
  | { readonly type: 'base-saved'; readonly base: Base }
  | { readonly type: 'log-appended'; readonly upto: number; readonly version: number }
  | { readonly type: 'log-read'; readonly id: number; readonly entries: readonly Entry[] }
  | { readonly type: 'outbox-read'; readonly id: number; readonly batches: readonly OutboxBatch[] }
  | { readonly type: 'disk-state'; readonly state: DiskState }
  /** Answered by `command-done`. */
  | { readonly type: 'command'; readonly ticket: number; readonly command: HistoryCommand }
  /** Answered by `read-point`. */
  | { readonly type: 'read-index'; readonly ticket: number }
  /** Entries up to `upto` are older or more than the operator wants to keep. */
  | { readonly type: 'retain'; readonly upto: number; readonly isForced: boolean }
  /** The process is about to stop: who leads hands over. */
  | { readonly type: 'hand-over' };

const TYPES: { readonly [type in OrderInput['type']]: true } = {
  'order-state-saved': true,
  'base-saved': true,
  'log-appended': true,
  'log-read': true,
  'outbox-read': true,
  'disk-state': true,
  command: true,
  'read-index': true,
  retain: true,
  'hand-over': true,
};

export function isOrderInput(input: { readonly type: string }): input is OrderInput {
  return input.type in TYPES;
}

export function bringTo(history: History, input: OrderInput, now: Now, out: OrderingOutbox): void {
  switch (input.type) {
    case 'order-state-saved':
      history.orderStateSaved(input.state, now, out);
      return;
    case 'base-saved':
      history.baseSaved(input.base, now, out);
      return;
    case 'log-appended':
      history.logAppended(input.upto, input.version, now, out);
      return;
    case 'log-read':
      history.logRead(input.id, input.entries, now, out);
      return;
    case 'outbox-read':
      history.outboxRead(input.id, input.batches, now, out);
      return;
    case 'disk-state':
      history.disk(input.state, now, out);
      return;
    case 'command':
      history.command(input.ticket, input.command, now, out);
      return;
    case 'read-index':
      history.readIndex(input.ticket, now, out);
      return;
    case 'retain':
      history.retain(input.upto, input.isForced, now, out);
      return;
    case 'hand-over':
      history.leave(now, out);
      return;
    default:
      unreachable(input);
  }
}
