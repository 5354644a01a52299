// What the edges need of the history plane on the host that carries the peer: the committed entries that are durable
// here, to be read at any place and as often as wanted, beside what the peer itself knows of its group.
// SPEC rules HB7-HB9.

import type { StreamName } from '../model/durable.ts';
import type { Entry } from '../model/entry.ts';
import type { GroupId, OrderView } from '../model/group-view.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';

/** Where to read on: at an entry, or at the entry that holds a reading. */
export type LogPlace = { readonly index: number } | { readonly sequence: number };

/** How far the log goes that can be read here. */
export interface LogExtent {
  readonly group: GroupId | null;
  /** The oldest entry that is kept, and the sequence with which it begins. */
  readonly firstIndex: number;
  readonly first: number;
  /** The last entry that is committed and durable here, and the last sequence up to it. */
  readonly index: number;
  readonly watermark: number;
}

export interface LogSource {
  extent(): LogExtent;
  /**
   * Committed entries in order from `from` on: at least one if there is any, and beyond it at most `bytesMax`. What
   * is not kept any more is left out, so the first may lie further on. Rejects when the log cannot be read.
   */
  read(from: LogPlace, bytesMax: number): Promise<readonly Entry[]>;
}

export interface HistoryCarrier extends LogSource {
  view(): OrderView;
  /** Up to which `n` the producer's records have their places; 0 for none. */
  committedN(producer: StreamName): number;
  /** What a person asks of the group. Answered by the fact `command-done` with this ticket. */
  command(ticket: number, command: HistoryCommand): void;
}
