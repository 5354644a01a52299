// What a leader knows of one follower: how far its log is the leader's and durable, what comes next, and what is
// under way to it. SPEC rules OR13, OR18.
//
//             acknowledged at `next - 1`
//    probe ─────────────────────────────▶ stream
//      ▲ ◀──── mismatch, or lost ────────── │
//      │                                    │ too far behind
//      └─────────── has caught up ── fetch ◀┘
//
// To who is probed one APPEND is sent at a time; to who streams a pipeline; who fetches helps itself from any peer.

import type { GroupMember } from '../../model/group-view.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { PeerHealth } from '../../wire/ordering-messages.ts';

export class Progress {
  readonly member: GroupMember;
  state: 'probe' | 'stream' | 'fetch' = 'probe';
  /** Durable at the follower and the leader's own: goes back in one ballot only when its disk was damaged. */
  match = 0;
  /** The leader's own at the follower, durable or not. */
  matched = 0;
  next: number;
  /** Of the probe under way, the entry before it; -1 for none. */
  probing = -1;
  /** The leader's beat when something was last sent. */
  sentBeat = 0;
  /** The commit index it was last told. */
  toldCommit = 0;
  lastAckMs = -NEVER;
  lastIndex = 0;
  deliveredIndex = 0;
  health: PeerHealth | null = null;
  /** Since when it has had all but the last batch; NEVER while it does not. */
  caughtUpSinceMs = NEVER;
  /** The id of the log read under way for it. */
  reading: number | null = null;
  readonly #inflight: { readonly last: number; readonly bytes: number }[] = [];
  #inflightBytes = 0;

  constructor(member: GroupMember, next: number) {
    this.member = member;
    this.next = next;
  }

  get inflightMessages(): number {
    return this.#inflight.length;
  }

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  sent(last: number, bytes: number): void {
    this.#inflight.push({ last, bytes });
    this.#inflightBytes += bytes;
    this.next = last + 1;
  }

  /** Whether it is further than it was. */
  acknowledged(matched: number, durable: number): boolean {
    const before = this.match;
    this.matched = Math.max(this.matched, matched);
    this.match = Math.max(this.match, durable);
    while ((this.#inflight[0]?.last ?? NEVER) <= durable)
      this.#inflightBytes -= this.#inflight.shift()?.bytes ?? 0;
    return this.match > before;
  }

  /** Its disk lost everything above `upto`. */
  lost(upto: number): void {
    this.match = Math.min(this.match, upto);
    this.matched = Math.min(this.matched, upto);
  }

  /** Whether it lacks no more than what may be under way from one producer. */
  judgeLag(lastIndex: number, lagMax: number, now: Now): void {
    if (lastIndex - this.match > lagMax) this.caughtUpSinceMs = NEVER;
    else if (this.caughtUpSinceMs === NEVER) this.caughtUpSinceMs = now.steadyMs;
  }

  /** Begins again behind `agreed`, with one message at a time. */
  probe(agreed: number): void {
    this.state = 'probe';
    this.next = agreed + 1;
    this.probing = -1;
    this.#inflight.length = 0;
    this.#inflightBytes = 0;
  }

  stream(): void {
    this.state = 'stream';
    this.probing = -1;
  }

  fetch(): void {
    this.probe(this.matched);
    this.state = 'fetch';
  }
}
