// The hub of a peer, on whichever host carries it: turns submits into inputs, facts into answers, and keeps the
// ring of changes that consumers resume from. SPEC rules HB1-HB6.

import { must } from '../kit/assert.ts';
import type { StreamName } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { OrderView } from '../model/group-view.ts';
import { type Identity, type PeerId, type SensorId, sameIdentity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading } from '../model/reading.ts';
import { isHidden, isReservedName } from '../model/reserved-name.ts';
import { isRetainedTopic } from '../model/retained-topic.ts';
import type { Now } from '../model/time.ts';
import type { LatestReading, MemberView, TopologyView } from '../model/view.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';
import type { Peer } from '../peer/peer.ts';
import type { Input } from '../peer/port.ts';
import { ChangeRing } from './change-ring.ts';
import { CommitWaits, type Later } from './commit-waits.ts';
import { FactLog } from './fact-log.ts';
import {
  type ChangePage,
  CommandRefused,
  type CommitState,
  DiskFull,
  type Durability,
  type Hub,
  NotCommitted,
  type ReplicationView,
  type SubmitReceipt,
  SubmitRefused,
  type Submitted,
  type TimedFact,
} from './hub.ts';
import { type LogPage, readPage } from './log-page.ts';
import type { HistoryCarrier } from './log-source.ts';
import type { MessagePort } from './message-port.ts';
import { type Placed, Places } from './places.ts';

const NOT_COMMITTED: CommitState = { commit: 'stored', group: null, sequence: null };

/** What a hub needs of the host that carries its peer. */
export interface Carrier {
  readonly self: PeerId;
  readonly peer: Peer;
  now(): Now;
  deliver(input: Input): void;
  counters(): { readonly [name: string]: number };
  readonly history: HistoryCarrier;
  /** Acts once, after `ms`. Gives how to call it off. */
  readonly later: Later;
}

export interface PeerHubOptions {
  readonly changesKept: number;
  /** How long a submit waits for being committed. */
  readonly commitTimeoutMs: number;
}

interface Waiting {
  readonly until: Durability;
  resolve(submitted: Submitted): void;
  reject(why: Error): void;
}

export class PeerHub implements Hub {
  readonly #carrier: Carrier;
  #diskIsFull = false;
  readonly #changes: ChangeRing;
  readonly #facts = new FactLog(LIMITS.factsKeptMax);
  /** Bounded by the peer, which refuses above submitsPendingMax. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #commits: CommitWaits;
  /** Bounded by commandsPendingMax. */
  readonly #commands = new Map<number, { resolve(): void; reject(why: Error): void }>();
  readonly #places = new Places(LIMITS.placesMax);
  readonly messages: MessagePort = {
    wantedElsewhere: (topic) => this.#carrier.peer.relay.wantedElsewhere(topic),
    pass: (messages) => this.#carrier.deliver({ type: 'pass-on', messages }),
    want: (filters) => this.#carrier.deliver({ type: 'interest', filters }),
    isKnown: () => this.#carrier.peer.relay.isKnown,
  };
  #lastTicket = 0;
  /** Why nothing is taken any more. */
  #closed: string | null = null;

  constructor(carrier: Carrier, { changesKept, commitTimeoutMs }: PeerHubOptions) {
    this.#carrier = carrier;
    this.#changes = new ChangeRing(changesKept);
    this.#commits = new CommitWaits(commitTimeoutMs, () => carrier.now().steadyMs, carrier.later);
  }

  get self(): PeerId {
    return this.#carrier.self;
  }

  get identity(): Identity {
    return this.#carrier.peer.identity;
  }

  get incarnation(): number {
    return this.#carrier.peer.incarnation;
  }

  /** Every fact of the peer comes by here, once, in order. */
  hear(fact: Fact): void {
    const atMs = this.#carrier.now().wallMs;
    if (fact.type === 'registers-changed') this.#keepChanges(fact, atMs);
    else if (fact.type === 'submit-stored') this.#answer(fact);
    else if (fact.type === 'command-done') this.#commandDone(fact);
    else if (fact.type === 'own-committed') this.#commits.committed(fact.identity, fact.upto);
    else if (fact.type === 'submit-refused') {
      this.#take(fact.ticket)?.reject(new SubmitRefused(fact.why, fact.retry));
    }
    this.#facts.add(fact, atMs);
  }

  /** From here on submits are refused, or taken again. (HO3) */
  diskFull(isFull: boolean): void {
    this.#diskIsFull = isFull;
  }

  submit(readings: readonly Reading[], until: Durability, receipt?: SubmitReceipt): Promise<Submitted> {
    if (this.#diskIsFull) return Promise.reject(new DiskFull());
    if (readings.length < 1 || readings.length > LIMITS.readingsPerSubmitMax) {
      const why = `a submit carries 1 to ${LIMITS.readingsPerSubmitMax} readings, got ${readings.length}`;
      return Promise.reject(new SubmitRefused(why, false));
    }
    return this.#ask(until, (ticket) => ({ type: 'submit', ticket, readings, ...(receipt && { receipt }) }));
  }

  answered(key: string): Submitted | null {
    return this.#carrier.peer.answered(key);
  }

  forget(sensors: readonly SensorId[]): Promise<Submitted> {
    if (sensors.length < 1) return Promise.reject(new SubmitRefused('no sensor was named', false));
    return this.#ask('stored', (ticket) => ({ type: 'forget', ticket, sensors }));
  }

  latest(): Iterable<LatestReading> {
    return filtered(this.#carrier.peer.replication.latest(), (sensor) => !isHidden(sensor));
  }

  retained(): Iterable<LatestReading> {
    return filtered(this.#carrier.peer.replication.latest(), isRetainedTopic);
  }

  reserved(): Iterable<LatestReading> {
    return filtered(this.#carrier.peer.replication.latest(), isReservedName);
  }

  latestOf(sensor: SensorId): LatestReading | null {
    return this.#carrier.peer.replication.latestOf(sensor);
  }

  members(): readonly MemberView[] {
    return this.#carrier.peer.membership.view(this.#carrier.now());
  }

  topology(): readonly TopologyView[] {
    return this.#carrier.peer.topology(this.#carrier.now().wallMs);
  }

  replication(): ReplicationView {
    const { peer } = this.#carrier;
    return {
      nextN: peer.lastN + 1,
      streams: peer.replication.streams(),
      sensors: peer.replication.sensorCount,
      oldestChange: this.#changes.oldest,
      newestChange: this.#changes.newest,
      changesKept: this.#changes.kept,
    };
  }

  order(): OrderView {
    return this.#carrier.history.view();
  }

  log(from: number, limit: number): Promise<LogPage> {
    return readPage(this.#carrier.history, from, limit);
  }

  commitOf({ origin, identity, record }: LatestReading): CommitState {
    const { history } = this.#carrier;
    if (record.n > history.committedN({ origin, identity })) return NOT_COMMITTED;
    const { group } = history.extent();
    const sequence = this.#places.sequenceOf(record.sensor, origin, identity, record.n);
    return { commit: 'committed', group, sequence };
  }

  committedN({ origin, identity }: StreamName): number {
    return this.#carrier.history.committedN({ origin, identity });
  }

  command(command: HistoryCommand): Promise<void> {
    if (this.#closed !== null) return Promise.reject(new CommandRefused(this.#closed));
    if (this.#commands.size >= LIMITS.commandsPendingMax) {
      return Promise.reject(new CommandRefused('too many commands are under way'));
    }
    if (this.order().group === null) {
      return Promise.reject(new CommandRefused('this node belongs to no group yet'));
    }
    return new Promise((resolve, reject) => {
      const ticket = ++this.#lastTicket;
      this.#commands.set(ticket, { resolve, reject });
      this.#carrier.history.command(ticket, command);
    });
  }

  /** What a follower of the order has found out about the latest committed readings. (HB10) */
  placed(placed: readonly Placed[]): void {
    for (const one of placed) this.#places.learn(one);
  }

  /** The sequences told so far are those of a group that has ended. */
  forgetPlaces(): void {
    this.#places.clear();
  }

  counters(): { readonly [name: string]: number } {
    const { peer } = this.#carrier;
    const protocols = { ...peer.membership.counters(), ...peer.replication.counters() };
    return { ...protocols, ...peer.relay.counters(), ...this.#carrier.counters() };
  }

  changes(after: number, limit: number): ChangePage {
    return this.#changes.after(after, limit);
  }

  facts(): readonly TimedFact[] {
    return this.#facts.all();
  }

  follow(listener: (fact: TimedFact) => void): () => void {
    return this.#facts.follow(listener);
  }

  /** Ends all waiting, and lets nobody wait from here on: the peer will not answer. */
  close(why: string): void {
    this.#closed = why;
    for (const waiting of this.#waiting.values()) waiting.reject(new SubmitRefused(why, true));
    for (const { reject } of this.#commands.values()) reject(new CommandRefused(why));
    this.#waiting.clear();
    this.#commands.clear();
    this.#commits.close();
  }

  #ask(until: Durability, inputFor: (ticket: number) => Input): Promise<Submitted> {
    if (this.#closed !== null) return Promise.reject(new SubmitRefused(this.#closed, true));
    return new Promise((resolve, reject) => {
      const ticket = ++this.#lastTicket;
      this.#waiting.set(ticket, { until, resolve, reject });
      this.#carrier.deliver(inputFor(ticket));
    });
  }

  #answer({ ticket, firstN, lastN, answer }: Extract<Fact, { type: 'submit-stored' }>): void {
    const waiting = this.#take(ticket);
    if (waiting === null) return;
    const stored = { firstN, ...(answer !== undefined && { answer }) };
    if (waiting.until === 'stored') waiting.resolve(stored);
    else this.#awaitCommit(waiting, lastN, stored);
  }

  /** Who asked for more than stored waits on, unless it is plain that it would be in vain. (HB9) */
  #awaitCommit(waiting: Waiting, lastN: number, stored: Submitted): void {
    const { identity } = this;
    const { history } = this.#carrier;
    if (history.committedN({ origin: this.self, identity }) >= lastN) {
      waiting.resolve(stored);
    } else if (!history.view().quorum) {
      waiting.reject(new NotCommitted('there is no quorum to commit with', stored));
    } else {
      this.#commits.add({
        identity,
        lastN,
        committed: () => waiting.resolve(stored),
        late: () => waiting.reject(new NotCommitted('no quorum has it durable yet', stored)),
      });
    }
  }

  #commandDone({ ticket, outcome }: Extract<Fact, { type: 'command-done' }>): void {
    const asked = this.#commands.get(ticket);
    this.#commands.delete(ticket);
    if (outcome.ok) asked?.resolve();
    else asked?.reject(new CommandRefused(outcome.why));
  }

  /** Null when the answer comes after the end. */
  #take(ticket: number): Waiting | null {
    if (this.#closed !== null) return null;
    const waiting = must(this.#waiting.get(ticket), 'a ticket is answered once');
    this.#waiting.delete(ticket);
    return waiting;
  }

  /** A change of a register is a change of the view only where that register wins. (HB1) */
  #keepChanges(fact: Extract<Fact, { type: 'registers-changed' }>, atMs: number): void {
    for (const record of fact.records) {
      const { sensor } = record;
      if (isHidden(sensor)) continue;
      const latest = this.latestOf(sensor);
      const wins =
        latest === null
          ? record.kind === 'tombstone'
          : record.kind !== 'tombstone' &&
            latest.origin === fact.origin &&
            sameIdentity(latest.identity, fact.identity) &&
            (record.kind === 'meta' || latest.record.n === record.n);
      if (wins) this.#changes.add({ atMs, sensor, latest, source: fact.source });
    }
  }
}

function* filtered(
  all: Iterable<LatestReading>,
  isWanted: (sensor: SensorId) => boolean,
): Iterable<LatestReading> {
  for (const latest of all) if (isWanted(latest.record.sensor)) yield latest;
}
