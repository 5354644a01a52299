// News: streams that advanced here a moment ago. As long as they are few they ride along with exchanges, which costs
// little and saves the messages in which one side finds out what the other lacks: so a lone change needs one message
// a hop and not three or four, each of which may be lost. A change rides along until a few partners are known to have
// it, and is told for longer to those who turn out to differ (rumour mongering with a counter, Demers 1987). Where
// much changes, digests find out more for less. SPEC rule RP54.

import type { Delta } from '../../wire/messages.ts';
import { DeltaPack } from './delta.ts';
import type { Stream } from './stream.ts';

/** More streams than this are told of by digests. */
const STREAMS_MAX = 8;
const BYTES_MAX = 2_048;
/** How many exchanges that found both sides equal end the riding along. */
const EQUALS_ENOUGH = 10;
/** What came so many intervals ago is no news; if more streams than are told of advanced within so many, much changes. */
const KEPT_INTERVALS = 20;
const BUSY_INTERVALS = 3;

interface Advance {
  /** What the stream was up to before the first change that is news. */
  readonly after: number;
  readonly atMs: number;
  /** Exchanges since the last change that found both sides equal. */
  equals: number;
}

export class News {
  readonly #keptMs: number;
  readonly #busyMs: number;
  /** Oldest first. */
  readonly #advances = new Map<Stream, Advance>();
  /** So many advanced that none of them is told of until then. */
  #silentUntilMs = 0;

  constructor(intervalMs: number) {
    this.#keptMs = KEPT_INTERVALS * intervalMs;
    this.#busyMs = BUSY_INTERVALS * intervalMs;
  }

  /** Whether it cares for what advances. */
  listens(nowMs: number): boolean {
    return nowMs >= this.#silentUntilMs;
  }

  advanced(stream: Stream, after: number, nowMs: number): void {
    if (!this.listens(nowMs)) return;
    const known = this.#advances.get(stream);
    if (known !== undefined) {
      known.equals = 0;
      return;
    }
    if (this.#advances.size === STREAMS_MAX && !this.#makeRoom(nowMs)) return;
    this.#advances.set(stream, { after, atMs: nowMs, equals: 0 });
  }

  /** An exchange found that the other has it all. */
  foundEqual(): void {
    for (const advance of this.#advances.values()) advance.equals++;
  }

  /** Whether something is to ride along. */
  rides(nowMs: number): boolean {
    this.#expire(nowMs);
    for (const { equals } of this.#advances.values()) if (equals < EQUALS_ENOUGH) return true;
    return false;
  }

  /** What rides along with an exchange; to one that is known to differ, all that is news. */
  deltas(toDiffering: boolean, nowMs: number): readonly Delta[] {
    if (this.#advances.size === 0) return NONE;
    this.#expire(nowMs);
    const pack = new DeltaPack(BYTES_MAX);
    for (const [stream, { after, equals }] of this.#advances) {
      if (toDiffering || equals < EQUALS_ENOUGH) pack.add(stream, after);
    }
    return pack.more ? NONE : pack.deltas;
  }

  #makeRoom(nowMs: number): boolean {
    for (const [oldest, { atMs }] of this.#advances) {
      if (nowMs - atMs < this.#busyMs) break;
      this.#advances.delete(oldest);
      return true;
    }
    this.#advances.clear();
    this.#silentUntilMs = nowMs + this.#busyMs;
    return false;
  }

  #expire(nowMs: number): void {
    for (const [stream, { atMs }] of this.#advances) {
      if (nowMs - atMs < this.#keptMs) return;
      this.#advances.delete(stream);
    }
  }
}

const NONE: readonly Delta[] = [];
