// Entries on their way to the worker that writes them: all payloads in one buffer, which changes hands without a
// copy, and beside it what the worker must know of each.

import type { Entry, EntryBody } from '../model/entry.ts';
import type { GroupId } from '../model/group-view.ts';

export interface EntryRow {
  readonly index: number;
  readonly firstSequence: number;
  /** A batch stands in `bytes` from `at` to before `end`. */
  readonly body:
    | {
        readonly kind: 'data';
        readonly producer: Extract<EntryBody, { kind: 'data' }>['producer'];
        readonly at: number;
        readonly end: number;
      }
    | Extract<EntryBody, { kind: 'gap' }>
    /** The log begins at this sequence from here on. */
    | { readonly kind: 'trim'; readonly firstKept: number }
    | { readonly kind: 'other' };
}

export type ToWorker =
  | { readonly type: 'group'; readonly group: GroupId }
  | { readonly type: 'entries'; readonly rows: readonly EntryRow[]; readonly bytes: Uint8Array }
  | { readonly type: 'close' };

export interface Progress {
  readonly group: GroupId | null;
  /** The entry that is to come next. */
  readonly next: number;
  readonly sequence: number;
  readonly durable: { readonly index: number; readonly sequence: number };
}

/** `firstKept` gives the sequence at which the log begins after a trim; null: it cannot be told any more. */
export function entriesMessage(
  entries: readonly Entry[],
  firstKept: (trim: Entry) => number | null,
): Extract<ToWorker, { type: 'entries' }> {
  let length = 0;
  for (const { body } of entries) if (body.kind === 'data') length += body.payload.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  const rows = entries.map((entry): EntryRow => {
    const { index, firstSequence, body } = entry;
    const place = { index, firstSequence };
    switch (body.kind) {
      case 'data': {
        bytes.set(body.payload, at);
        const from = at;
        at += body.payload.length;
        return { ...place, body: { kind: 'data', producer: body.producer, at: from, end: at } };
      }
      case 'gap':
        return { ...place, body };
      case 'trim': {
        const kept = firstKept(entry);
        return { ...place, body: kept === null ? { kind: 'other' } : { kind: 'trim', firstKept: kept } };
      }
      default:
        return { ...place, body: { kind: 'other' } };
    }
  });
  return { type: 'entries', rows, bytes };
}
