// Full sync: how a peer that has nothing but its own gets everything from one partner, frame by frame. It asks with
// what it has by then, so each answer continues the one before, whatever the size of the state, and it stops when an
// answer brings nothing. SPEC rules RP41-RP44.
//
//   idle ──a link to a partner, and nothing here yet──▶ syncing ──the last answer──▶ idle, done
//                                                        │   ▲
//                                                        └───┘ partner lost or silent: another one is asked

import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Digest } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { DeltaPack } from './delta.ts';
import { entriesOf } from './digest.ts';
import type { Inbox } from './inbox.ts';
import type { ReplicationOptions } from './options.ts';
import type { Partners } from './partners.ts';
import type { Replica } from './replica.ts';
import { compareNames } from './stream.ts';
import type { Traffic } from './traffic.ts';

/** How many times its timeout a partner gets at most. */
const PATIENCE_MAX = 16;

type State =
  | { readonly name: 'idle' }
  | {
      readonly name: 'syncing';
      readonly peer: PeerId;
      readonly deadlineMs: number;
      /** The streams that are being asked for; more than one digest may list are asked for one range at a time. */
      readonly after: string;
      readonly until: string;
      readonly records: number;
    };

type Syncing = Extract<State, { readonly name: 'syncing' }>;

/** What came of a partner's answer. */
interface Answer {
  readonly records: number;
  readonly progress: boolean;
  readonly more: boolean;
  /** Up to which stream all was sent; '' when not even one was. */
  readonly after: string;
}

export class FullSync {
  readonly #replica: Replica;
  readonly #inbox: Inbox;
  readonly #partners: Partners;
  readonly #traffic: Traffic;
  readonly #options: ReplicationOptions;
  readonly #random: Random;
  #state: State = { name: 'idle' };
  /** Partners that were silent one after the other: maybe all are only slow, so each gets twice as long. */
  #silences = 0;
  /** One is enough: whoever was synced once keeps up by exchanges. */
  #done = false;

  constructor(
    replica: Replica,
    inbox: Inbox,
    partners: Partners,
    traffic: Traffic,
    options: ReplicationOptions,
    random: Random,
  ) {
    this.#replica = replica;
    this.#inbox = inbox;
    this.#partners = partners;
    this.#traffic = traffic;
    this.#options = options;
    this.#random = random;
  }

  get wakeAt(): number {
    return this.#state.name === 'syncing' ? this.#state.deadlineMs : NEVER;
  }

  get isUnderWay(): boolean {
    return this.#state.name === 'syncing';
  }

  get isNeeded(): boolean {
    return this.#state.name === 'idle' && !this.#done && this.#replica.isBare;
  }

  start(peer: PeerId, now: Now, out: Outbox): void {
    this.#done = false;
    out.announce({ type: 'full-sync-started', peer });
    this.#ask(peer, '', 0, now, out);
  }

  wake(now: Now, out: Outbox): void {
    if (this.#state.name === 'syncing' && now.steadyMs >= this.#state.deadlineMs) {
      this.#silences++;
      this.peerLost(this.#state.peer, now, out);
    }
  }

  /** Another partner continues; without one, exchanges will. */
  peerLost(peer: PeerId, now: Now, out: Outbox): void {
    if (this.#state.name === 'idle' || this.#state.peer !== peer) return;
    this.#state = { name: 'idle' };
    const others = this.#partners.all().filter((other) => other.linked && other.peer !== peer);
    if (others.length > 0) this.start(this.#random.pick(others).peer, now, out);
  }

  /** An answer was taken: `records` are what it changed. True when it was the last one. */
  answered(from: PeerId, answer: Answer, now: Now, out: Outbox): boolean {
    const state = this.#state;
    if (state.name === 'idle' || state.peer !== from) return false;
    this.#silences = 0;
    const records = state.records + answer.records;
    if (answer.more && answer.progress) {
      this.#ask(from, answer.after || state.after, records, now, out);
      return false;
    }
    if (!answer.more && state.until !== '') {
      this.#ask(from, state.until, records, now, out);
      return false;
    }
    this.#finish(state, records, out);
    return true;
  }

  /** The other side: gives what a digest lacks, also where only starting anew makes sense of it. */
  serve(to: PeerId, digest: Digest, now: Now, out: Outbox): void {
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    if (digest.kind === 'entries') {
      const comparison = this.#inbox.compare(to, digest, now, out);
      if (comparison === null) return;
      // In the order of names, so that the next question need not list again what was answered.
      const gives = [...comparison.gives, ...comparison.behind];
      pack.addInOrder(gives.sort((a, b) => compareNames(a.stream, b.stream)));
    }
    const { deltas, more } = pack;
    if (deltas.length === 0) this.#traffic.send(to, { type: 'ACK', of: 'FULL_SYNC_REQUEST' }, out);
    else this.#traffic.send(to, { type: 'FULL_SYNC_RESPONSE', deltas, more }, out);
  }

  #ask(peer: PeerId, after: string, records: number, now: Now, out: Outbox): void {
    const digest = entriesOf(this.#replica.streams, { after, until: '', buckets: [] });
    const patience = Math.min(2 ** this.#silences, PATIENCE_MAX);
    const deadlineMs = now.steadyMs + patience * this.#options.fullSyncTimeoutMs;
    this.#state = { name: 'syncing', peer, deadlineMs, after, until: digest.until, records };
    this.#traffic.send(peer, { type: 'FULL_SYNC_REQUEST', digest }, out);
  }

  #finish(state: Syncing, records: number, out: Outbox): void {
    this.#state = { name: 'idle' };
    this.#done = true;
    out.announce({ type: 'full-sync-finished', peer: state.peer, records });
  }
}
