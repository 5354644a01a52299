// What a leader sends its followers: entries in a pipeline, what is committed, and the disk's part of it for who is
// behind what memory holds. SPEC rules OR13, OR18.

import { must } from '../../kit/assert.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { Entry } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import type { AppendBody, ReplicateMessage } from '../../wire/ordering-messages.ts';
import type { LogReads } from './log-reads.ts';
import type { OrderingOutbox } from './port.ts';
import type { Progress } from './progress.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Append = Extract<ReplicateMessage, { type: 'APPEND' }>;

export class Feed {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #reads: LogReads;
  readonly #ballot: Ballot;
  #sent: Append | null = null;
  /** The leader's, which what is sent is dated by. */
  beat = 0;

  constructor(site: Site, replica: Replica, reads: LogReads, ballot: Ballot) {
    this.#site = site;
    this.#replica = replica;
    this.#reads = reads;
    this.#ballot = ballot;
  }

  pump(follower: Progress, now: Now, out: OrderingOutbox): void {
    if (follower.state === 'fetch' || follower.reading !== null) return;
    if (follower.state === 'probe') {
      if (follower.probing < 0) this.#sendNext(follower, out);
      return;
    }
    const { inflightMessagesMax, inflightBytesMax } = this.#site.options;
    while (
      follower.next <= this.#replica.lastIndex &&
      follower.inflightMessages < inflightMessagesMax &&
      follower.inflightBytes < inflightBytesMax &&
      !this.#gathers(follower) &&
      this.#sendNext(follower, out)
    );
    follower.judgeLag(this.#replica.lastIndex, this.#site.options.windowBatches, now);
  }

  /**
   * While some messages are under way, what is less than a message's worth waits for the answer to one of them, so
   * that a follower whose disk is busy gets in one message what it can write at once. (OR13)
   */
  #gathers({ inflightMessages, next }: Progress): boolean {
    const { log } = this.#replica;
    const gathers = inflightMessages >= this.#site.options.gatherAboveMessages && next >= log.first;
    return gathers && log.bytesFrom(next) < LIMITS.appendBytesMax;
  }

  /** False when the entries must be read from the disk first. */
  #sendNext(follower: Progress, out: OrderingOutbox): boolean {
    const { log, lastIndex } = this.#replica;
    if (follower.next < log.first) {
      this.#readFor(follower, out);
      return false;
    }
    const entries = log.range(follower.next, lastIndex, LIMITS.appendBytesMax, LIMITS.appendEntriesMax);
    this.send(follower, null, entries, out);
    return true;
  }

  #readFor(follower: Progress, out: OrderingOutbox): void {
    if (follower.next < this.#replica.bases.start) follower.fetch();
    else follower.reading = this.#reads.forFollower(follower, this.#replica, out);
  }

  send(follower: Progress, before: Entry | null, entries: readonly Entry[], out: OrderingOutbox): void {
    const prevIndex = follower.next - 1;
    const body = this.bodyAfter(prevIndex, entries, before);
    if (body === null) {
      this.#readFor(follower, out);
      return;
    }
    let bytes = 0;
    for (const entry of entries) bytes += entry.bytes.length;
    if (follower.state === 'probe') follower.probing = prevIndex;
    else if (entries.length > 0) follower.sent(prevIndex + entries.length, bytes);
    follower.sentBeat = this.beat;
    follower.toldCommit = body.commitIndex;
    out.send(follower.member.peer, this.#appendOf(body), 'stream');
  }

  /** Followers that are equally far are sent the same message, which is then encoded once. */
  #appendOf(body: AppendBody): Append {
    const sent = this.#sent;
    const { prevIndex, commitIndex, entries } = body;
    const isSame =
      sent !== null &&
      sent.prevIndex === prevIndex &&
      sent.commitIndex === commitIndex &&
      sent.entries.length === entries.length &&
      sent.entries[0] === entries[0];
    if (!isSame) this.#sent = { type: 'APPEND', ...this.head(), ...body };
    return must(this.#sent, 'a message was just made');
  }

  /** What is committed is told at once to who has nothing else coming. */
  tellCommit(follower: Progress, out: OrderingOutbox): void {
    const { commitIndex } = this.#replica;
    const news = Math.min(commitIndex, follower.matched);
    if (follower.state !== 'stream' || follower.toldCommit >= news) return;
    // What waits to be sent takes it along.
    if (follower.inflightMessages > 0 && follower.next <= this.#replica.lastIndex) return;
    const body = this.bodyAfter(follower.matched, []);
    if (body === null) return;
    follower.toldCommit = commitIndex;
    out.send(follower.member.peer, this.#appendOf(body), 'stream');
  }

  bodyAfter(prevIndex: number, entries: readonly Entry[], before: Entry | null = null): AppendBody | null {
    const prevChain = before?.chain ?? this.#replica.chainAt(prevIndex);
    if (prevChain === null) return null;
    const { epochs, commitIndex } = this.#replica;
    const prevBallot = epochs.ballotAt(prevIndex);
    return { ballot: this.#ballot, prevIndex, prevBallot, prevChain, entries, commitIndex };
  }

  head() {
    return { group: this.#replica.group, identity: this.#site.identity };
  }
}
