// How much room the outbox has: what of it nobody needs any more, and what waits while it is as large as it may be.
// SPEC rules ST20, ST46, ST48.

import { must } from '../kit/assert.ts';
import type { Batch } from '../model/durable.ts';
import { compareIdentities } from '../model/ids.ts';
import type { OutboxDrain } from './outbox-drain.ts';
import type { Segment, SegmentedLog } from './segmented-log.ts';
import type { StoredBatch, StoreEvent } from './store.ts';
import type { Mark } from './superblock-copy.ts';

export interface RoomOptions {
  /** What the outbox may take; a whole segment more while it is written. */
  readonly outboxBytesMax: number;
  /** What happens to readings that come in when it is full. `reject` is for the edge to do, which is told. */
  readonly outboxPolicy: 'block' | 'reject' | 'drop-oldest';
}

export interface Append {
  readonly batch: Batch;
  readonly done: (stored?: StoredBatch) => void;
}

export interface RoomEvents {
  /** Saves the superblock, with what is known ordered. */
  remember(done: () => void): void;
  /** There is room for it. */
  append(append: Append): void;
  happened(event: StoreEvent): void;
}

export class OutboxRoom {
  readonly #log: SegmentedLog;
  readonly #drain: OutboxDrain;
  /** Null: the peer takes no part in the order, and its outbox goes with the snapshots. */
  readonly #options: RoomOptions | null;
  readonly #events: RoomEvents;
  /** Bounded by what the peer may have unanswered. */
  #held: Append[] = [];
  #isFull = false;
  /** What the last snapshot covers. */
  #covered: Mark | null = null;
  #isRemoving = false;

  constructor(log: SegmentedLog, drain: OutboxDrain, options: RoomOptions | null, events: RoomEvents) {
    this.#log = log;
    this.#drain = drain;
    this.#options = options;
    this.#events = events;
  }

  get held(): number {
    return this.#held.length;
  }

  /** At once, or when there is room. In order. */
  append(append: Append): void {
    if (this.#options !== null && !this.#hasRoom(this.#options)) this.#held.push(append);
    else this.#events.append(append);
  }

  /** A snapshot is durable. */
  covered(mark: Mark): void {
    this.#covered = mark;
    this.trim();
  }

  /** Removes what is in the snapshot and, where there is an order, in it. (ST20, ST46) */
  trim(): void {
    if (this.#options === null) {
      this.#log.remove(this.#log.removable((segment) => this.#isInSnapshot(segment)));
      return;
    }
    if (this.#isRemoving || this.#log.removable((segment) => this.#isDone(segment)) === 0) return;
    // Otherwise the next start would take for dropped what was ordered.
    this.#isRemoving = true;
    this.#events.remember(() => {
      this.#isRemoving = false;
      this.#log.remove(this.#log.removable((segment) => this.#isDone(segment)));
      this.#appendHeld();
    });
  }

  stop(): void {
    this.#held = [];
  }

  /** (ST48) */
  #hasRoom({ outboxBytesMax: bytesMax, outboxPolicy }: RoomOptions): boolean {
    if (this.#held.length === 0 && this.#log.bytes < bytesMax) return true;
    if (outboxPolicy === 'drop-oldest' && this.#held.length === 0 && this.#dropOldest()) return true;
    if (!this.#isFull) {
      this.#isFull = true;
      this.#events.happened({ type: 'outbox-full', bytes: this.#log.bytes, bytesMax });
    }
    return false;
  }

  /** What a snapshot covers may go, though it was never ordered. */
  #dropOldest(): boolean {
    const oldest = this.#log.segments[0];
    const isCovered =
      oldest !== undefined && this.#log.removable((segment) => this.#isInSnapshot(segment)) > 0;
    if (!isCovered) return false;
    const { identity, first, last } = oldest;
    const firstN = Math.max(first, this.#drain.orderedUpto(identity) + 1);
    this.#log.remove(1);
    this.#drain.ordered(identity, last);
    if (firstN <= last) this.#events.happened({ type: 'outbox-dropped', identity, firstN, lastN: last });
    return true;
  }

  #isInSnapshot({ identity, last }: Segment): boolean {
    if (this.#covered === null) return false;
    const order = compareIdentities(identity, this.#covered.identity);
    return order < 0 || (order === 0 && last <= this.#covered.index);
  }

  #isDone(segment: Segment): boolean {
    return this.#isInSnapshot(segment) && segment.last <= this.#drain.orderedUpto(segment.identity);
  }

  #appendHeld(): void {
    const { outboxBytesMax } = must(this.#options, 'appends are held by the order');
    while (this.#log.bytes < outboxBytesMax) {
      const append = this.#held.shift();
      if (append === undefined) break;
      this.#events.append(append);
    }
    if (this.#held.length > 0 || !this.#isFull) return;
    this.#isFull = false;
    this.#events.happened({ type: 'outbox-room' });
  }
}
