// Catching up: a peer that lacks committed entries and is not sent them by the leader takes them from any other, a
// few megabytes a request, and checks each against the chain of its own log. What one gives is committed, so it
// stands against whatever uncommitted tail this peer has. SPEC rules OR31, OR34, OR35.

import type { Random } from '../../kit/random.ts';
import { type Ballot, sameBallot } from '../../model/ballot.ts';
import type { PeerId } from '../../model/ids.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import { FINE, type Outcome } from './outcome.ts';
import type { OrderingOutbox } from './port.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

/** Heartbeats without an entry from the leader after which a peer that is behind helps itself. */
const PATIENCE_BEATS = 6;
/** What the disk may owe before more is asked for. */
const DISK_BACKLOG_BYTES = 16_777_216;
/** An answer that does not come within so many heartbeats is asked for elsewhere. */
const ANSWER_BEATS = 10;

export class Fetch {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #random: Random;
  /** The highest index that is known committed anywhere, and the oldest that can be had. */
  #target = 0;
  #logStart = 1;
  /** The commit index behind which the others trimmed what the own tail is not a part of; -1 where it is not so. */
  #cutOffAt = -1;
  #leader: PeerId | null = null;
  #streamedAtMs = -NEVER;
  #asked: { readonly peer: PeerId; readonly nonce: number; untilMs: number } | null = null;
  #lastNonce = 0;
  /** Those who could not help since something came in; without the leader, who is spared, until nobody else is left. */
  readonly #avoided = new Set<PeerId>();

  constructor(site: Site, replica: Replica, random: Random) {
    this.#site = site;
    this.#replica = replica;
    this.#random = random;
    this.#lastNonce = random.below(1_000_000_000);
  }

  get wakeAt(): number {
    return this.#asked?.untilMs ?? NEVER;
  }

  /** Whether entries are missing that nobody has any more: only a base leads on. */
  get needsBase(): boolean {
    const { lastIndex, commitIndex } = this.#replica;
    return lastIndex + 1 < this.#logStart || commitIndex === this.#cutOffAt;
  }

  heard(leader: PeerId | null, commitIndex: number, logStart: number): void {
    this.#leader = leader;
    this.#target = Math.max(this.#target, commitIndex);
    this.#logStart = Math.max(this.#logStart, logStart);
  }

  /** A leader has what it needs. */
  end(): void {
    this.#asked = null;
  }

  /** The leader sends entries by itself. */
  streamed(now: Now): void {
    this.#streamedAtMs = now.steadyMs;
  }

  /** Asks if there is something to ask for and nobody was asked. */
  consider(peers: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    if (this.#asked !== null && now.steadyMs < this.#asked.untilMs) return;
    if (this.#asked !== null) this.#avoided.add(this.#asked.peer);
    this.#asked = null;
    const behind = this.#target - this.#replica.commitIndex;
    if (behind <= 0 || this.needsBase || this.#replica.disk.bytes > DISK_BACKLOG_BYTES) return;
    const { fetchBehindEntries, heartbeatMs } = this.#site.options;
    const isStreamed = now.steadyMs - this.#streamedAtMs <= PATIENCE_BEATS * heartbeatMs;
    if (isStreamed && this.#target - this.#replica.lastIndex <= fetchBehindEntries) return;
    const peer = this.#choose(peers);
    if (peer !== null) this.#ask(peer, now, out);
  }

  /** `raise`: whoever knows of something committed follows nobody below the ballot it was committed under. */
  answered(
    from: PeerId,
    response: Response,
    now: Now,
    out: OrderingOutbox,
    raise: (ballot: Ballot) => void,
  ): Outcome {
    const asked = this.#asked;
    if (asked === null || from !== asked.peer || !this.#site.rules.isAnswer(response.nonce, asked.nonce))
      return FINE;
    const { entries, more, busy, commitIndex, logStart, commitBallot } = response;
    if (more) asked.untilMs = now.steadyMs + ANSWER_BEATS * this.#site.options.heartbeatMs;
    else this.#asked = null;
    if (busy || (entries.length === 0 && commitIndex < this.#target)) this.#avoided.add(from);
    if (logStart > this.#replica.commitIndex + 1) this.#logStart = Math.max(this.#logStart, logStart);
    const committed = entries.filter(
      ({ index }) => index <= commitIndex && index > this.#replica.commitIndex,
    );
    if (committed.length === 0) return FINE;
    raise(commitBallot);
    const outcome = this.#take(committed, now, out);
    const upto = Math.min(committed.at(-1)?.index ?? 0, this.#replica.lastIndex);
    if (outcome.kind === 'fine' && this.#isShared(committed, upto))
      this.#replica.commitTo(upto, commitBallot, now, out);
    return outcome;
  }

  /**
   * Whether this log up to `upto` is that of whoever sent these: a part that comes without the one before it says
   * nothing of what stands here.
   */
  #isShared(entries: Response['entries'], upto: number): boolean {
    const last = entries.findLast(({ index }) => index <= upto);
    return last !== undefined && sameBallot(this.#replica.epochs.ballotAt(last.index), last.ballot);
  }

  #take(entries: Response['entries'], now: Now, out: OrderingOutbox): Outcome {
    const replica = this.#replica;
    const place = entries.findIndex(
      ({ index, ballot }) => index > replica.lastIndex || !sameBallot(replica.epochs.ballotAt(index), ballot),
    );
    const from = entries[place];
    if (from === undefined) return FINE;
    if (from.index > replica.lastIndex + 1) return FINE;
    // Below the first entry that can be had the logs may differ as well, and only a base leads on.
    const isCutOff = place === 0 && from.index > replica.commitIndex + 1 && from.index <= this.#logStart;
    if (from.index <= replica.lastIndex) {
      if (isCutOff) this.#cutOffAt = replica.commitIndex;
      if (place === 0 && from.index > replica.commitIndex + 1) return FINE;
      if (!this.#site.rules.mayCut(from.index - 1, Math.max(replica.commitIndex, replica.savedFloor))) {
        return { kind: 'halt', why: 'another peer has another entry committed', index: from.index };
      }
      replica.cut(from.index - 1, out);
    }
    const before = replica.lastIndex;
    const unfit = replica.appendFitting(entries.slice(place), () => true, now, out);
    this.#site.counters.entriesFetched += replica.lastIndex - before;
    if (replica.lastIndex > before) this.#avoided.clear();
    if (unfit?.problem === 'format') {
      const { body } = unfit.entry;
      return { kind: 'format', format: body.kind === 'upgrade' ? body.version : 0 };
    }
    if (unfit !== null) {
      if (isCutOff) this.#cutOffAt = replica.commitIndex;
      this.#site.counters.messagesRefused++;
      if (this.#asked !== null) this.#avoided.add(this.#asked.peer);
      this.#asked = null;
    }
    return FINE;
  }

  #ask(peer: PeerId, now: Now, out: OrderingOutbox): void {
    const { options, identity } = this.#site;
    const { group, commitIndex, lastIndex } = this.#replica;
    const nonce = ++this.#lastNonce;
    this.#asked = { peer, nonce, untilMs: now.steadyMs + ANSWER_BEATS * options.heartbeatMs };
    const from = Math.max(commitIndex + 1, Math.min(this.#logStart, lastIndex + 1));
    const bytesMax = options.catchUpRequestBytes;
    out.send(
      peer,
      { type: 'MISSING_SEQ_REQUEST', group, identity, nonce, from, to: this.#target, bytesMax, sync: null },
      'stream',
    );
  }

  /** Anybody but the leader, who has enough to do; the leader when nobody else could help; then all over again. */
  #choose(peers: readonly PeerId[]): PeerId | null {
    const others = peers.filter((peer) => !this.#avoided.has(peer));
    const spared = others.filter((peer) => peer !== this.#leader);
    if (others.length === 0) this.#avoided.clear();
    const from = spared.length > 0 ? spared : others.length > 0 ? others : peers;
    return from.length === 0 ? null : this.#random.pick(from);
  }
}
