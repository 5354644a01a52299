// The history plane of one peer: election and ordering wired together, all that the peer, the simulator and the
// tests see of them. The election decides who may lead, the ordering keeps the log; here alone each hears of the
// other. SPEC rules EL and OR.

import type { Random } from '../kit/random.ts';
import { type Ballot, higherBallot } from '../model/ballot.ts';
import type { StreamName } from '../model/durable.ts';
import type { Base, Entry, OrderState } from '../model/entry.ts';
import type { GroupId, OrderView } from '../model/group-view.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { OrderFact } from '../model/order-fact.ts';
import { NEVER, type Now } from '../model/time.ts';
import { Election } from '../protocol/election/machine.ts';
import type { ElectionPort } from '../protocol/election/standing.ts';
import { Ordering, type RecoveredHistory } from '../protocol/ordering/machine.ts';
import type { OrderingHost } from '../protocol/ordering/ordering-host.ts';
import type { OrderingOutbox, OutboxBatch } from '../protocol/ordering/port.ts';
import type { LinkLoss } from '../protocol/outbox.ts';
import type { OrderingMessage } from '../wire/ordering-messages.ts';
import { begin, commandView, done, type HistoryCommand, HistoryCommands } from './history-commands.ts';
import { wordOf } from './history-gate.ts';
import type { DiskState, HistoryOptions, LinkedMember } from './history-options.ts';
import { electionPort, type HistoryStep } from './history-port.ts';
import { HistoryReads } from './history-reads.ts';
import { type HistoryRules, SOUND_RULES } from './history-rules.ts';
import { HistoryStanding } from './history-standing.ts';
import { orderView } from './history-view.ts';
import { HistoryWords, wordsOf } from './history-words.ts';

export class History {
  readonly #options: HistoryOptions;
  readonly #rules: HistoryRules;
  readonly #ordering: Ordering;
  readonly #election: Election;
  readonly #words: HistoryWords;
  readonly #commands = new HistoryCommands();
  readonly #reads: HistoryReads;
  readonly #startedMs: number;
  #identity: Identity;
  #standing: HistoryStanding;
  #isLeaving = false;
  #isFull = false;
  /** It has seen what must not be, or does not understand, and takes no further part. */
  #isHalted = false;
  readonly #step: HistoryStep;
  readonly #port: ElectionPort;

  constructor(
    options: HistoryOptions,
    found: RecoveredHistory,
    random: Random,
    now: Now,
    rules: HistoryRules = SOUND_RULES,
  ) {
    const { peer, identity, priority, address, expectNodes, election, ordering } = options;
    const recovered = { ...found, state: wordsOf(found) };
    this.#options = options;
    this.#rules = rules;
    this.#identity = identity;
    this.#startedMs = now.steadyMs;
    this.#step = { now, out: null };
    this.#words = new HistoryWords(recovered.state);
    const member = { peer, identity, priority, address };
    const self = { member, expectNodes, options: ordering, rules: rules.ordering };
    this.#ordering = new Ordering(self, this.#host, recovered, random.fork(), now);
    this.#port = electionPort(this.#step, this.#ordering, this.#words, (fact) => this.#announce(fact));
    this.#standing = this.#stand();
    this.#election = new Election(
      { peer, priority },
      this.#standing,
      // The log may have been written under a ballot that the words do not know of.
      higherBallot(this.#standing.lastBallot, recovered.state.promised),
      election,
      rules.election,
      random.fork(),
      now,
    );
    this.#reads = new HistoryReads(random.fork());
  }

  get wakeAt(): number {
    if (this.#isHalted) return NEVER;
    const log = this.#ordering.log;
    const election = log === null ? NEVER : this.#election.wakeAt;
    const owedMs = this.leads === null ? NEVER : (log?.replica.disk.oldestMs ?? NEVER);
    const stuck = owedMs + this.#options.ordering.diskStuckMs;
    return Math.min(this.#ordering.wakeAt, election, this.#commands.wakeAt, this.#reads.wakeAt, stuck);
  }

  /** The ballot it leads with. */
  get leads(): Ballot | null {
    return this.#election.leads;
  }

  /** Whose log it has. */
  get group(): GroupId | null {
    return this.#ordering.log?.replica.group ?? null;
  }

  get commitIndex(): number {
    return this.#ordering.log?.replica.commitIndex ?? 0;
  }

  start(now: Now, out: OrderingOutbox): void {
    this.#enter(now, out);
    this.#ordering.start(now, out);
    this.#leave();
  }

  wake(now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.wake(now, out);
    const disk = this.#ordering.log?.replica.disk;
    if (disk !== undefined && now.steadyMs >= disk.oldestMs + this.#options.ordering.diskStuckMs) {
      this.#election.giveUp('its disk does not answer', now, this.#port);
    }
    if (this.#ordering.log !== null) this.#election.wake(now, this.#port);
    for (const ticket of this.#reads.late(now)) this.#tellReadPoint(ticket, -1);
    this.#leave();
  }

  receive(from: PeerId, message: OrderingMessage, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    const word = wordOf(from, message, this.#ordering.log, this.leads, this.#ordering.mergesInto);
    if (word === 'counts') this.#take(from, message, now, out);
    else this.#ordering.counters.messagesRefused++;
    if (word === 'unknown') this.#ordering.greet(from, now, out);
    this.#leave();
  }

  linkUp(member: LinkedMember, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#election.linkUp(member.peer);
    this.#ordering.linkUp(member.peer, now, out);
    this.#leave();
  }

  linkDown(peer: PeerId, cause: LinkLoss, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.linkDown(peer);
    this.#election.linkDown(peer, cause !== 'silent', now);
    this.#leave();
  }

  /** Whom membership believes alive. */
  present(peers: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#election.present(peers);
    this.#leave();
  }

  /** An own batch is durable in the outbox; in n order. */
  stored(batch: OutboxBatch, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.stored(batch, now, out);
    this.#leave();
  }

  /** The directory is an older copy: what was promised and acknowledged from it since is not on it. (PR17) */
  doubted(now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#election.giveUp('its directory is an older copy', now, this.#port);
    this.#ordering.log?.doubt(out);
    this.#leave();
  }

  /**
   * The own producer goes on under another identity; what earlier ones left in the outbox is ordered first, of the former
   * one what it wrote up to `formerUpto`.
   */
  identityTaken(identity: Identity, now: Now, out: OrderingOutbox, formerUpto = NEVER): void {
    if (!this.#enter(now, out)) return;
    this.#election.giveUp('its identity was another disk’s', now, this.#port);
    this.#identity = identity;
    this.#ordering.identityTaken(identity, formerUpto, now, out);
    this.#standing = this.#stand();
    this.#election.stand(this.#standing, now);
    this.#leave();
  }

  orderStateSaved(state: OrderState, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#words.wasSaved(state);
    this.#ordering.stateSaved(state, now, out);
    this.#election.promiseSaved(state.promised, now, this.#port);
    this.#leave();
  }

  baseSaved(base: Base, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.baseSaved(base, now, out);
    this.#leave();
  }

  logAppended(upto: number, version: number, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.appended(upto, version, now, out);
    this.#election.logSaved(now, this.#port);
    this.#election.progressed(now, this.#port);
    this.#leave();
  }

  logRead(id: number, entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.read(id, entries, now, out);
    this.#leave();
  }

  outboxRead(id: number, batches: readonly OutboxBatch[], now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.outboxRead(id, batches, now, out);
    this.#leave();
  }

  /** The process did nothing for so long, and nobody else was silent meanwhile. */
  stalled(forMs: number, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#election.stalled(forMs, now, this.#port);
    this.#leave();
  }

  disk(state: DiskState, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    if (typeof state === 'object') this.#ordering.log?.holes.told(state, now, out);
    else this.#isFull = state === 'full';
    this.#ordering.takesData(!this.#isFull);
    if (this.#isFull) this.#giveWay('its disk is full');
    this.#leave();
  }

  /** The process is about to stop: who leads hands over first. The place in the group stays. */
  leave(now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#isLeaving = true;
    this.#giveWay('this node stops');
    this.#leave();
  }

  /** Answered by the fact `command-done`. */
  command(ticket: number, command: HistoryCommand, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) {
      out.announce(done(ticket, { ok: false, why: 'this node takes no part in the order', retry: false }));
      return;
    }
    const why = begin(command, this.#options.peer, this.#election, this.#ordering, this.#port, now, out);
    if (why === null) this.#commands.add(ticket, command, now, (fact) => out.announce(fact));
    else out.announce(done(ticket, { ok: false, why, retry: true }));
    this.#leave();
  }

  /** Answered by the fact `read-point`. */
  readIndex(ticket: number, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    const { leader } = this.#election;
    const { log } = this.#ordering;
    if (log?.reign != null) log.reign.readPoint((index) => this.#tellReadPoint(ticket, index), now, out);
    else {
      const nonce = this.#reads.ask(ticket, this.#options.election.suspectMs, now);
      if (log === null || leader === null || nonce === null) this.#tellReadPoint(ticket, -1);
      else log.askReadPoint(leader, nonce, out);
    }
    this.#leave();
  }

  /** Entries up to `upto` are older or more than is to be kept; who leads acts on it. */
  retain(upto: number, isForced: boolean, now: Now, out: OrderingOutbox): void {
    if (!this.#enter(now, out)) return;
    this.#ordering.retain(upto, isForced, now, out);
    this.#leave();
  }

  view(_now: Now): OrderView {
    return orderView(this.#election, this.#ordering, !this.#isHalted);
  }

  /** The highest n of a producer that is known committed here. */
  committedN(name: StreamName): number {
    return this.#ordering.committedN(name);
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#ordering.counters };
  }

  // ── inside ──
  #take(from: PeerId, message: OrderingMessage, now: Now, out: OrderingOutbox): void {
    switch (message.type) {
      case 'ELECTION':
      case 'OK':
      case 'YES':
      case 'NO':
      case 'STALE':
      case 'PROMISE':
      case 'REFUSE':
      case 'TRANSFER':
        this.#election.receive(from, message, now, this.#port);
        return;
      case 'COORDINATOR':
      case 'APPEND':
      case 'HEARTBEAT': {
        const how = message.type === 'COORDINATOR' ? message.how : null;
        if (!this.#election.heard(from, message.ballot, how, now, this.#port)) return;
        this.#ordering.fromLeader(from, message, now, out);
        this.#election.logSaved(now, this.#port);
        return;
      }
      case 'APPEND_ACK':
      case 'HEARTBEAT_ACK':
      case 'MISMATCH':
        this.#election.acked(message.identity, now);
        this.#ordering.receive(from, message, now, out);
        this.#election.progressed(now, this.#port);
        return;
      case 'READ_INDEX_REPLY': {
        const ticket = this.#reads.answered(message.nonce);
        if (ticket !== null) this.#tellReadPoint(ticket, message.index);
        return;
      }
      case 'VIEW_SYNC_REQUEST':
        this.#ordering.greeted(from, message, now, out);
        return;
      case 'VIEW_CHANGE':
        this.#ordering.told(from, message, now, out);
        return;
      case 'FOUND_PREPARE':
      case 'FOUND_PROMISE':
      case 'FOUND_ACCEPT':
      case 'FOUND_ACCEPTED':
      case 'FOUND_REFUSE':
        this.#ordering.founding(from, message, now, out);
        return;
      default:
        this.#ordering.receive(from, message, now, out);
    }
  }

  #giveWay(why: string): void {
    if (this.leads !== null) this.#election.transfer(null, why, this.#step.now, this.#port);
  }

  #tellReadPoint(ticket: number, index: number): void {
    this.#announce({ type: 'read-point', ticket, index: index < 0 ? null : index });
  }

  #announce(fact: OrderFact): void {
    this.#step.out?.announce(fact);
    if (fact.type === 'transfer' && fact.step === 'failed') {
      this.#commands.transferFailed(fact.why, (told) => this.#step.out?.announce(told));
    }
  }

  /** False: the peer takes no part any more. */
  #enter(now: Now, out: OrderingOutbox): boolean {
    this.#step.now = now;
    this.#step.out = out;
    this.#standing.at(now);
    return !this.#isHalted;
  }

  #leave(): void {
    const { out, now } = this.#step;
    if (this.#commands.isEmpty || out === null) return;
    const view = commandView(this.#options.peer, this.#election, this.#ordering);
    this.#commands.settle(view, now, (fact) => out.announce(fact));
  }

  #stand(): HistoryStanding {
    const { heartbeatMs } = this.#options.ordering;
    const standing = new HistoryStanding(
      this.#ordering.log,
      this.#identity,
      this.#rules.ordering,
      heartbeatMs,
      () => !this.#isLeaving && !this.#isFull && !this.#isHalted && this.#ordering.joins,
    );
    standing.at(this.#step.now);
    return standing;
  }

  readonly #host: OrderingHost = {
    remember: (words, out) => this.#words.remember(words, out),
    health: (now) => {
      const leaving = this.#isLeaving || !this.#ordering.joins;
      return this.#standing.health(this.#options.ordering, now.steadyMs - this.#startedMs, leaving);
    },
    raise: (ballot, now) => this.#election.raise(ballot, now, this.#port),
    synced: (isAdopted, now) => this.#election.synced(isAdopted, now, this.#port),
    entered: (now) => {
      this.#standing = this.#stand();
      this.#election.stand(this.#standing, now);
    },
    halt: (outcome, now, out) => {
      const { format: known } = this.#options.ordering;
      if (outcome.kind === 'format') out.announce({ type: 'format-unknown', format: outcome.format, known });
      else out.announce({ type: 'safety-halt', why: outcome.why, index: outcome.index });
      this.#election.giveUp('it takes no further part', now, this.#port);
      this.#isHalted = true;
    },
  };
}
