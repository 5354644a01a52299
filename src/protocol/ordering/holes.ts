// Entries that this peer's disk lost though it had them, below what memory holds: each stretch is asked of one member
// after another, and handed to the disk, which takes it if it fits what stands around it. It costs nobody a vote, since
// what is found here was committed long ago. SPEC rule OR55.

import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import type { OrderingOutbox } from './port.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

/** What the disk says of a stretch of the log. `mended`: up to `to` it is whole. */
export interface HoleNews {
  readonly from: number;
  readonly to: number;
  readonly is: 'found' | 'mended' | 'not-mended';
}

interface Asked {
  readonly peer: PeerId;
  readonly nonce: number;
  readonly entries: Entry[];
}

/** Far above what other requests of this peer begin with. */
const FIRST_NONCE = 2_000_000_000;
const ANSWER_BEATS = 40;

export class Holes {
  readonly #site: Site;
  readonly #replica: Replica;
  #ranges: { from: number; readonly to: number }[] = [];
  #asked: Asked | null = null;
  #lastNonce = FIRST_NONCE;
  /** Members are asked in turn. */
  #turn = 0;
  #dueMs = NEVER;

  constructor(site: Site, replica: Replica) {
    this.#site = site;
    this.#replica = replica;
  }

  get wakeAt(): number {
    return this.#dueMs;
  }

  told({ from, to, is }: HoleNews, now: Now, out: OrderingOutbox): void {
    if (is === 'found') {
      const isKnown = this.#ranges.some((range) => range.from <= from && range.to >= to);
      if (isKnown || this.#ranges.length >= LIMITS.logHolesMax) return;
      this.#ranges.push({ from, to });
    } else if (is === 'mended') {
      for (const range of this.#ranges) if (range.from <= to && range.to >= from) range.from = to + 1;
      this.#ranges = this.#ranges.filter((range) => range.from <= range.to);
      if (this.#ranges.length === 0) out.announce({ type: 'log-mended' });
    } else this.#tryNext();
    if (this.#ranges.length === 0) this.#dueMs = NEVER;
    else this.#dueMs = is === 'not-mended' ? now.steadyMs + this.#site.options.joinEveryMs : now.steadyMs;
  }

  /** Asks the next member for the first stretch. */
  consider(peers: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    if (now.steadyMs < this.#dueMs) return;
    const { heartbeatMs, joinEveryMs, catchUpRequestBytes } = this.#site.options;
    this.#asked = null;
    this.#dueMs = now.steadyMs + joinEveryMs;
    const [range] = this.#ranges;
    const peer = peers[this.#turn++ % Math.max(1, peers.length)];
    if (range === undefined || peer === undefined || range.from > this.#replica.commitIndex) return;
    this.#dueMs = now.steadyMs + ANSWER_BEATS * heartbeatMs;
    const nonce = ++this.#lastNonce;
    this.#asked = { peer, nonce, entries: [] };
    const head = { group: this.#replica.group, identity: this.#site.identity, nonce };
    const { from, to } = range;
    const bytesMax = catchUpRequestBytes;
    out.send(peer, { type: 'MISSING_SEQ_REQUEST', ...head, from, to, bytesMax, sync: null }, 'stream');
  }

  /** Whether it answers a question of this one. */
  answered(from: PeerId, { nonce, entries, more }: Response, now: Now, out: OrderingOutbox): boolean {
    const asked = this.#asked;
    if (asked === null || asked.peer !== from || asked.nonce !== nonce) return false;
    for (const entry of entries) asked.entries.push(entry);
    if (more) return true;
    this.#asked = null;
    const first = asked.entries[0]?.index;
    if (first !== undefined && first === this.#ranges[0]?.from) out.mendLog(asked.entries);
    else {
      this.#tryNext();
      this.#dueMs = now.steadyMs + this.#site.options.joinEveryMs;
    }
    return true;
  }

  /** What nobody can give, as all have trimmed it, must not hold up what others have. */
  #tryNext(): void {
    const refused = this.#ranges.shift();
    if (refused !== undefined) this.#ranges.push(refused);
  }
}
