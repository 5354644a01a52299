// A follower takes the leader's entries: where both logs agree it appends, where they differ it gives up its own
// tail, and it acknowledges what is on its disk (Raft §5.3, with the mismatch answered by a table of ballots).
// Whether the leader's ballot is to be followed at all was judged before. SPEC rules OR10-OR15.

import { type Ballot, NO_BALLOT, sameBallot } from '../../model/ballot.ts';
import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import { sameChain } from '../../wire/entry.ts';
import type { AppendBody, PeerHealth, ReplicateMessage } from '../../wire/ordering-messages.ts';
import { FINE, type Outcome } from './outcome.ts';
import type { OrderingOutbox } from './port.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Heartbeat = Extract<ReplicateMessage, { type: 'HEARTBEAT' }>;

export class Follower {
  readonly #site: Site;
  readonly #replica: Replica;
  #leader: PeerId | null = null;
  #ballot: Ballot = NO_BALLOT;
  /**
   * Up to here the log is known to be the leader's. Within one ballot it never goes back. What is known committed
   * is in the log of every leader that is followed, since it was committed under no higher ballot than its own.
   */
  #matched = 0;
  /** What the leader was last told, so that it is not told twice. */
  #told = { matched: -1, durable: -1 };
  /** Refuse data: the disk is full. */
  takesData = true;
  /** A log with a hole vouches for nothing. */
  vouches = true;

  constructor(site: Site, replica: Replica) {
    this.#site = site;
    this.#replica = replica;
  }

  get ballot(): Ballot {
    return this.#ballot;
  }

  get leader(): PeerId | null {
    return this.#leader;
  }

  get matched(): number {
    return Math.max(this.#matched, this.#replica.commitIndex);
  }

  /** From here on this ballot's leader is followed; what is committed is in its log. */
  follow(leader: PeerId, ballot: Ballot): void {
    if (this.#leader === leader && (ballot === this.#ballot || sameBallot(ballot, this.#ballot))) return;
    this.#leader = leader;
    this.#ballot = ballot;
    this.#matched = this.#replica.commitIndex;
    this.#told = { matched: -1, durable: -1 };
  }

  /** Nobody is followed: nothing is acknowledged to anybody. */
  unfollow(): void {
    this.#leader = null;
  }

  append(message: AppendBody, now: Now, out: OrderingOutbox): Outcome {
    const replica = this.#replica;
    const { prevIndex, prevBallot, prevChain } = message;
    if (prevIndex > replica.lastIndex) return this.#mismatch(message, out);
    if (!sameBallot(replica.epochs.ballotAt(prevIndex), prevBallot)) {
      if (prevIndex > replica.commitIndex) return this.#mismatch(message, out);
      return halt('the leader has another entry where one is committed', prevIndex);
    }
    const mine = replica.chainAt(prevIndex);
    if (mine !== null && !sameChain(mine, prevChain)) {
      return halt('two logs differ below an entry that they share', prevIndex);
    }
    const outcome = this.#take(message, now, out);
    if (outcome.kind !== 'fine') return outcome;
    replica.commitTo(Math.min(message.commitIndex, this.#matched), this.#ballot, now, out);
    this.acknowledge(out);
    return FINE;
  }

  heartbeat(message: Heartbeat, health: PeerHealth, now: Now, out: OrderingOutbox): Outcome {
    const replica = this.#replica;
    const { commitIndex, commitChain, beat } = message;
    if (commitIndex <= this.matched) {
      const mine = replica.chainAt(commitIndex);
      if (mine !== null && !sameChain(mine, commitChain)) {
        return halt("what is committed differs from the leader's", commitIndex);
      }
      replica.commitTo(commitIndex, this.#ballot, now, out);
    }
    const { matched, durable } = this.#vouched();
    this.#told = { matched, durable };
    this.#send(
      {
        type: 'HEARTBEAT_ACK',
        group: replica.group,
        identity: this.#site.identity,
        ballot: this.#ballot,
        beat,
        lastIndex: replica.lastIndex,
        matchedIndex: matched,
        durableIndex: durable,
        deliveredIndex: replica.deliveredIndex,
        version: replica.version,
        health,
      },
      out,
    );
    return FINE;
  }

  /** Tells the leader how far the log is its own and durable, unless it knows. */
  acknowledge(out: OrderingOutbox): void {
    const { matched, durable } = this.#vouched();
    if (matched === this.#told.matched && durable === this.#told.durable) return;
    // What is matched and waits for the disk is acknowledged with the disk's answer.
    if (durable === this.#told.durable && durable < matched && this.#told.matched >= 0) return;
    this.#told = { matched, durable };
    this.#send(
      {
        type: 'APPEND_ACK',
        group: this.#replica.group,
        identity: this.#site.identity,
        ballot: this.#ballot,
        matchedIndex: matched,
        durableIndex: durable,
        version: this.#replica.version,
      },
      out,
    );
  }

  #take({ prevIndex, entries }: AppendBody, now: Now, out: OrderingOutbox): Outcome {
    const replica = this.#replica;
    this.#matched = Math.max(this.#matched, prevIndex);
    const first = entries.findIndex(({ index, ballot }) => !this.#has(index, ballot));
    const from = entries[first];
    if (from === undefined) {
      this.#matched = Math.max(this.#matched, entries.at(-1)?.index ?? 0);
      return FINE;
    }
    if (from.index <= replica.lastIndex) {
      if (!this.#site.rules.mayCut(from.index - 1, Math.max(replica.commitIndex, replica.savedFloor))) {
        return halt('the leader has another entry where one is committed', from.index);
      }
      replica.cut(from.index - 1, out);
    }
    this.#matched = Math.max(this.#matched, from.index - 1);
    const unfit = replica.appendFitting(entries.slice(first), (entry) => this.#accepts(entry), now, out);
    this.#matched = Math.max(this.#matched, Math.min(replica.lastIndex, entries.at(-1)?.index ?? 0));
    if (unfit === null) return FINE;
    const { problem, entry } = unfit;
    if (problem === 'unsound')
      return halt('the leader sends what does not continue its own log', entry.index);
    if (problem === 'format') return { kind: 'format', format: newFormatOf(entry) };
    this.#site.counters.messagesRefused++;
    return FINE;
  }

  /** Entries of one ballot at one index are the same; what was trimmed was committed. */
  #has(index: number, ballot: Ballot): boolean {
    const { lastIndex, bases, epochs } = this.#replica;
    return index <= lastIndex && (index < bases.start || sameBallot(epochs.ballotAt(index), ballot));
  }

  /** A full disk has room for votes and views, not for readings. */
  #accepts({ body }: Entry): boolean {
    return this.takesData || body.kind !== 'data';
  }

  #vouched(): { matched: number; durable: number } {
    const { durableIndex, lastIndex } = this.#replica;
    const { matched } = this;
    const durable = this.vouches ? this.#site.rules.acknowledged(durableIndex, matched, lastIndex) : 0;
    return { matched, durable };
  }

  #mismatch({ prevIndex }: AppendBody, out: OrderingOutbox): Outcome {
    const replica = this.#replica;
    this.#site.counters.mismatches++;
    this.#send(
      {
        type: 'MISMATCH',
        group: replica.group,
        identity: this.#site.identity,
        ballot: this.#ballot,
        prevIndex,
        lastIndex: replica.lastIndex,
        epochs: replica.epochs.table(),
      },
      out,
    );
    return FINE;
  }

  #send(message: ReplicateMessage, out: OrderingOutbox): void {
    if (this.#leader !== null) out.send(this.#leader, message, 'stream');
  }
}

function halt(why: string, index: number): Outcome {
  return { kind: 'halt', why, index };
}

function newFormatOf({ body }: Entry): number {
  return body.kind === 'upgrade' ? body.version : 0;
}
