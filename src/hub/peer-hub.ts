// The hub of a peer, on whichever host carries it: turns submits into inputs, facts into answers, and keeps the
// ring of changes that consumers resume from. SPEC rules HB1-HB6.

import { must } from '../kit/assert.ts';
import type { Fact } from '../model/fact.ts';
import { type Identity, type PeerId, type SensorId, sameIdentity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading } from '../model/reading.ts';
import type { Now } from '../model/time.ts';
import type { LatestReading, MemberView, TopologyView } from '../model/view.ts';
import type { Peer } from '../peer/peer.ts';
import type { Input } from '../peer/port.ts';
import { ChangeRing } from './change-ring.ts';
import { FactLog } from './fact-log.ts';
import {
  type ChangePage,
  type Durability,
  type Hub,
  type ReplicationView,
  type SubmitReceipt,
  SubmitRefused,
  type Submitted,
  type TimedFact,
} from './hub.ts';

/** What a hub needs of the host that carries its peer. */
export interface Carrier {
  readonly self: PeerId;
  readonly peer: Peer;
  now(): Now;
  deliver(input: Input): void;
  counters(): { readonly [name: string]: number };
}

interface Waiting {
  resolve(submitted: Submitted): void;
  reject(why: Error): void;
}

export class PeerHub implements Hub {
  readonly #carrier: Carrier;
  readonly #changes: ChangeRing;
  readonly #facts = new FactLog(LIMITS.factsKeptMax);
  /** Bounded by the peer, which refuses above submitsPendingMax. */
  readonly #waiting = new Map<number, Waiting>();
  #lastTicket = 0;
  /** Why nothing is taken any more. */
  #closed: string | null = null;

  constructor(carrier: Carrier, changesKept: number) {
    this.#carrier = carrier;
    this.#changes = new ChangeRing(changesKept);
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
    else if (fact.type === 'submit-refused') {
      this.#take(fact.ticket)?.reject(new SubmitRefused(fact.why, fact.retry));
    }
    this.#facts.add(fact, atMs);
  }

  submit(readings: readonly Reading[], until: Durability, receipt?: SubmitReceipt): Promise<Submitted> {
    if (until === 'committed') {
      return Promise.reject(new SubmitRefused('there is no quorum to commit with', true));
    }
    if (readings.length < 1 || readings.length > LIMITS.readingsPerSubmitMax) {
      const why = `a submit carries 1 to ${LIMITS.readingsPerSubmitMax} readings, got ${readings.length}`;
      return Promise.reject(new SubmitRefused(why, false));
    }
    return this.#ask((ticket) => ({ type: 'submit', ticket, readings, ...(receipt && { receipt }) }));
  }

  answered(key: string): Submitted | null {
    return this.#carrier.peer.answered(key);
  }

  forget(sensors: readonly SensorId[]): Promise<Submitted> {
    if (sensors.length < 1) return Promise.reject(new SubmitRefused('no sensor was named', false));
    return this.#ask((ticket) => ({ type: 'forget', ticket, sensors }));
  }

  latest(): Iterable<LatestReading> {
    return this.#carrier.peer.replication.latest();
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

  counters(): { readonly [name: string]: number } {
    const { peer } = this.#carrier;
    return { ...peer.membership.counters(), ...peer.replication.counters(), ...this.#carrier.counters() };
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
    this.#waiting.clear();
  }

  #ask(inputFor: (ticket: number) => Input): Promise<Submitted> {
    if (this.#closed !== null) return Promise.reject(new SubmitRefused(this.#closed, true));
    return new Promise((resolve, reject) => {
      const ticket = ++this.#lastTicket;
      this.#waiting.set(ticket, { resolve, reject });
      this.#carrier.deliver(inputFor(ticket));
    });
  }

  #answer({ ticket, firstN, answer }: Extract<Fact, { type: 'submit-stored' }>): void {
    this.#take(ticket)?.resolve({ firstN, ...(answer !== undefined && { answer }) });
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
