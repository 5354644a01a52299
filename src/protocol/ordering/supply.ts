// Serving entries to whoever lacks them: committed ones to any peer that catches up, the uncommitted tail to a
// candidate that must have it before it may lead. At most a few at once, each with a deadline, at a bounded rate;
// a request is answered by as many messages as it takes. SPEC rules OR31-OR33.

import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import type { LogReads } from './log-reads.ts';
import type { OrderingOutbox } from './port.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Request = Extract<ReplicateMessage, { type: 'MISSING_SEQ_REQUEST' }>;
type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

interface Supply {
  readonly to: PeerId;
  readonly nonce: number;
  next: number;
  readonly upto: number;
  bytesLeft: number;
  readonly untilMs: number;
  reading: boolean;
}

export class Supplies {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #reads: LogReads;
  /** By whom they go to: one each. */
  readonly #underWay = new Map<PeerId, Supply>();
  /** What may be sent at once; it fills up with time. */
  #allowance: number;
  #filledAtMs = 0;

  constructor(site: Site, replica: Replica, reads: LogReads) {
    this.#site = site;
    this.#replica = replica;
    this.#reads = reads;
    this.#allowance = site.options.catchUpBytesPerSecond;
  }

  get wakeAt(): number {
    let wakeAt = NEVER;
    for (const { reading, untilMs } of this.#underWay.values()) {
      wakeAt = Math.min(wakeAt, reading ? untilMs : this.#refilledAtMs());
    }
    return wakeAt;
  }

  request(from: PeerId, request: Request, now: Now, out: OrderingOutbox): void {
    const { nonce, sync } = request;
    const { lastIndex, commitIndex, epochs, bases } = this.#replica;
    this.#dropLate(now);
    const agreed = sync === null ? 0 : epochs.agreesUpto(lastIndex, sync, request.to);
    const next = sync === null ? request.from : Math.max(agreed, request.from - 1) + 1;
    const isBusy = !this.#underWay.has(from) && this.#underWay.size >= this.#site.options.suppliesMax;
    const upto = sync === null ? Math.min(request.to, commitIndex) : lastIndex;
    if (isBusy || next > upto || next < bases.start || next < 1) {
      this.#underWay.delete(from);
      this.#respond(from, nonce, [], false, isBusy, out);
      return;
    }
    const { catchUpRequestBytes, syncBytesMax, supplyMs } = this.#site.options;
    const bytesLeft = Math.min(request.bytesMax, sync === null ? catchUpRequestBytes : syncBytesMax);
    const untilMs = now.steadyMs + supplyMs;
    const supply = { to: from, nonce, next, upto, bytesLeft, untilMs, reading: false };
    this.#underWay.set(from, supply);
    this.#serve(supply, now, out);
  }

  read(to: PeerId, nonce: number, entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    const supply = this.#underWay.get(to);
    if (supply === undefined || supply.nonce !== nonce || !supply.reading) return;
    supply.reading = false;
    if (entries[0]?.index !== supply.next) {
      this.#underWay.delete(supply.to);
      this.#respond(supply.to, nonce, [], false, true, out);
      return;
    }
    if (this.#send(supply, entries, out)) this.#serve(supply, now, out);
  }

  wake(now: Now, out: OrderingOutbox): void {
    this.#dropLate(now);
    for (const supply of [...this.#underWay.values()]) {
      if (!supply.reading) this.#serve(supply, now, out);
    }
  }

  /** Sends until it is done, or the disk must be asked, or the rate says wait. */
  #serve(supply: Supply, now: Now, out: OrderingOutbox): void {
    const { log } = this.#replica;
    for (;;) {
      if (!this.#mayGo(now)) return;
      if (supply.next < log.first) {
        // Above that the disk may hold what was cut from the log: it is in memory as it is.
        const upto = Math.min(supply.upto, log.first - 1);
        this.#reads.forSupply(supply.to, supply.nonce, supply.next, upto, out);
        supply.reading = true;
        return;
      }
      const entries = log.range(supply.next, supply.upto, LIMITS.appendBytesMax, LIMITS.appendEntriesMax);
      if (!this.#send(supply, entries, out)) return;
    }
  }

  /** Whether more is to come. */
  #send(supply: Supply, all: readonly Entry[], out: OrderingOutbox): boolean {
    let bytes = 0;
    const entries: Entry[] = [];
    for (const entry of all) {
      if (entry.index > supply.upto) break;
      if (entries.length > 0 && bytes + entry.bytes.length > LIMITS.appendBytesMax) break;
      bytes += entry.bytes.length;
      entries.push(entry);
    }
    this.#allowance -= bytes;
    supply.bytesLeft -= bytes;
    supply.next += entries.length;
    const more = entries.length > 0 && supply.next <= supply.upto && supply.bytesLeft > 0;
    this.#site.counters.entriesServed += entries.length;
    if (!more) this.#underWay.delete(supply.to);
    this.#respond(supply.to, supply.nonce, entries, more, false, out);
    return more;
  }

  #respond(
    to: PeerId,
    nonce: number,
    entries: readonly Entry[],
    more: boolean,
    busy: boolean,
    out: OrderingOutbox,
  ): void {
    const { group, lastBallot, lastIndex, commitIndex, bases } = this.#replica;
    const response: Response = {
      type: 'MISSING_SEQ_RESPONSE',
      group,
      identity: this.#site.identity,
      nonce,
      entries,
      more,
      lastBallot,
      lastIndex,
      commitBallot: this.#replica.commitBallot,
      commitIndex,
      logStart: bases.start,
      busy,
    };
    out.send(to, response, 'stream');
  }

  #mayGo(now: Now): boolean {
    const { catchUpBytesPerSecond } = this.#site.options;
    const passedMs = now.steadyMs - this.#filledAtMs;
    this.#filledAtMs = now.steadyMs;
    // A tenth of a second's worth may gather, so that a burst is short.
    const full = catchUpBytesPerSecond / 10;
    this.#allowance = Math.min(full, this.#allowance + (passedMs * catchUpBytesPerSecond) / 1_000);
    return this.#allowance > 0;
  }

  #refilledAtMs(): number {
    const missing = Math.max(0, 1 - this.#allowance);
    return this.#filledAtMs + Math.ceil((missing * 1_000) / this.#site.options.catchUpBytesPerSecond);
  }

  /** Who was not served in time gives its place to others. (OR33) */
  #dropLate(now: Now): void {
    for (const [peer, { untilMs }] of this.#underWay)
      if (untilMs <= now.steadyMs) this.#underWay.delete(peer);
  }
}
