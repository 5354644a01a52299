// Deltas: cut from streams to what one message may carry, and looked over before they are taken. SPEC rules
// RP23, RP25, RP26.

import { LIMITS } from '../../model/limits.ts';
import type { Record } from '../../model/reading.ts';
import type { Delta } from '../../wire/messages.ts';
import type { Give } from './digest.ts';
import type { Register } from './registers.ts';
import type { Stream } from './stream.ts';

/** More than a delta's name and numbers ever take: an id, an identity, four counts. */
const DELTA_HEAD_BYTES = 64 + 18 + 4 * 8;

/** The deltas of one message, which together have a bound. The first record always finds room. */
export class DeltaPack {
  readonly deltas: Delta[] = [];
  #roomBytes = LIMITS.deltaBytesMax;
  #more = false;

  /** Whether something found no room. */
  get more(): boolean {
    return this.#more;
  }

  /** Streams the other does not know go first, then those that were quiet longest, so that nobody starves. */
  addAll(gives: readonly Give[]): void {
    const inTurn = gives.length > 1 ? [...gives].sort(byTurn) : gives;
    for (const { stream, after } of inTurn) {
      if (this.#more) return;
      this.add(stream, after);
    }
  }

  /** What the stream has after `after`, cut where the room ends. */
  add(stream: Stream, after: number): void {
    const { origin, identity, droppedUpto } = stream;
    const records: Record[] = [];
    let upto = stream.upto;
    if (!this.#takeRoom(DELTA_HEAD_BYTES)) return;
    for (let it = stream.registers.firstAfter(after); it !== null; it = it.newer) {
      if (!this.#takeRoom(it.bytes)) {
        upto = records.at(-1)?.n ?? after;
        break;
      }
      records.push(it.record);
    }
    if (upto > after) this.deltas.push({ origin, identity, after, upto, droppedUpto, records });
  }

  /** What lies beyond the stream's gap, each change alone: so nothing is claimed about those between. */
  addAhead(stream: Stream): void {
    for (let it = stream.ahead?.oldest ?? null; it !== null; it = it.newer) {
      if (!this.#takeRoom(DELTA_HEAD_BYTES + it.bytes)) return;
      this.deltas.push(aheadDelta(stream, it));
    }
  }

  #takeRoom(bytes: number): boolean {
    const isFirst = this.deltas.length === 0 && this.#roomBytes >= LIMITS.deltaBytesMax - DELTA_HEAD_BYTES;
    if (!isFirst && bytes > this.#roomBytes) {
      this.#more = true;
      return false;
    }
    this.#roomBytes -= bytes;
    return true;
  }
}

/** What a delta says wrong about itself; null when it may be taken. */
export function problemOf(delta: Delta): string | null {
  const { after, upto, records } = delta;
  if (after > upto) return `a delta after ${after} cannot reach ${upto}`;
  let last = after;
  for (const { n } of records) {
    if (n <= last || n > upto) {
      return `records of a delta rise within (${after}, ${upto}], got ${n} after ${last}`;
    }
    last = n;
  }
  return null;
}

function aheadDelta(stream: Stream, register: Register): Delta {
  const { origin, identity, droppedUpto } = stream;
  const { record } = register;
  return { origin, identity, after: record.n - 1, upto: record.n, droppedUpto, records: [record] };
}

function byTurn(a: Give, b: Give): number {
  return Math.min(a.after, 1) - Math.min(b.after, 1) || a.stream.advancedAtMs - b.stream.advancedAtMs;
}
