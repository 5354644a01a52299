// A hub of one node that keeps everything in memory: for the tests of edges, which need no peers and no disk.
// It passes the same contract as the hub of a real peer.

import type { Batch, StreamName } from '../model/durable.ts';
import type { Entry } from '../model/entry.ts';
import type { Fact } from '../model/fact.ts';
import type { OrderView } from '../model/group-view.ts';
import type { Identity, PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading, ReadingRecord } from '../model/reading.ts';
import type { RelayMessage } from '../model/relay-message.ts';
import { isHidden, isReservedName } from '../model/reserved-name.ts';
import { isRetainedTopic } from '../model/retained-topic.ts';
import type { LatestReading, MemberView, TopologyView } from '../model/view.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';
import { ChangeRing } from './change-ring.ts';
import { FactLog } from './fact-log.ts';
import {
  type ChangePage,
  CommandRefused,
  type CommitState,
  type Durability,
  type Hub,
  NotCommitted,
  type ReplicationView,
  type SubmitReceipt,
  SubmitRefused,
  type Submitted,
  type TimedFact,
} from './hub.ts';
import { type LogPage, readingsOf, readPage } from './log-page.ts';
import { MemoryHistory } from './memory-history.ts';
import type { MessagePort } from './message-port.ts';
import { Places } from './places.ts';

export interface MemoryHubOptions {
  readonly self: PeerId;
  readonly wallMs: () => number;
  readonly changesKept: number;
}

export class MemoryHub implements Hub {
  readonly self: PeerId;
  readonly identity: Identity = { birth: 1, random: '0123456789abcdef' };
  readonly incarnation = 1;
  /** When set, every submit is refused with it. */
  refusal: SubmitRefused | null = null;
  readonly history: MemoryHistory;
  /** Members beside this one, as a test wants them shown. */
  others: MemberView[] = [];

  /** What was passed on, and what was wanted at last. */
  readonly passedOn: RelayMessage[] = [];
  wanted: readonly string[] = [];
  readonly messages: MessagePort = {
    wantedElsewhere: () => true,
    pass: (messages) => this.passedOn.push(...messages),
    want: (filters) => {
      this.wanted = filters;
    },
    isKnown: () => true,
  };

  readonly #wallMs: () => number;
  readonly #changes: ChangeRing;
  readonly #facts = new FactLog(LIMITS.factsKeptMax);
  readonly #latest = new Map<SensorId, LatestReading>();
  readonly #answers = new Map<string, Submitted>();
  readonly #places = new Places(LIMITS.placesMax);
  #n = 0;

  constructor(options: MemoryHubOptions) {
    this.self = options.self;
    this.history = new MemoryHistory(options.self);
    this.history.onCommitted = (entry) => this.#committed(entry);
    this.#wallMs = options.wallMs;
    this.#changes = new ChangeRing(options.changesKept);
  }

  async submit(readings: readonly Reading[], until: Durability, receipt?: SubmitReceipt): Promise<Submitted> {
    if (this.refusal !== null) throw this.refusal;
    if (readings.length < 1) throw new SubmitRefused('a submit carries a reading', false);
    const known = receipt && this.#answers.get(receipt.key);
    if (known) return this.#asDurable(known, until);

    const firstN = this.#n + 1;
    const stored = receipt ? { firstN, answer: receipt.answer } : { firstN };
    if (receipt) this.#answers.set(receipt.key, stored);
    const taken = readings.map((reading) => this.#take(reading));
    const batch: Batch = {
      identity: this.identity,
      records: taken.map(({ record }) => record),
      units: taken.map(({ unit }) => unit),
    };
    this.history.store(this.self, batch);
    return this.#asDurable(stored, until);
  }

  answered(key: string): Submitted | null {
    return this.#answers.get(key) ?? null;
  }

  async forget(sensors: readonly SensorId[]): Promise<Submitted> {
    const firstN = this.#n + 1;
    for (const sensor of sensors) {
      this.#n++;
      const atMs = this.#wallMs();
      const record = { kind: 'tombstone', n: this.#n, sensor, lwwTsMs: atMs } as const;
      this.history.store(this.self, { identity: this.identity, records: [record] });
      if (!this.#latest.delete(sensor)) continue;
      this.#changes.add({ atMs, sensor, latest: null, source: 'local_sensor' });
    }
    return { firstN };
  }

  latest(): Iterable<LatestReading> {
    return this.#shown((sensor) => !isHidden(sensor));
  }

  retained(): Iterable<LatestReading> {
    return this.#shown(isRetainedTopic);
  }

  reserved(): Iterable<LatestReading> {
    return this.#shown(isReservedName);
  }

  latestOf(sensor: SensorId): LatestReading | null {
    return this.#latest.get(sensor) ?? null;
  }

  members(): readonly MemberView[] {
    const self: MemberView = {
      peer: this.self,
      self: true,
      identity: this.identity,
      incarnation: this.incarnation,
      address: { host: '127.0.0.1', port: 9000 },
      apiPort: 10_000,
      zone: '',
      status: 'alive',
      statusSinceMs: this.#wallMs(),
      phi: null,
      samples: 0,
      sampleWindow: 0,
      lastDirectMs: 0,
      lastEvidenceMs: 0,
      lastEvidenceSource: '',
      directStatus: 'alive',
      linked: false,
      clockOffsetMs: null,
      roundTripMs: null,
    };
    return [self, ...this.others].sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }

  topology(): readonly TopologyView[] {
    const neighbours = this.others.map((member) => member.peer);
    return [{ node: this.self, neighbours, updatedAtMs: this.#wallMs() }];
  }

  replication(): ReplicationView {
    return {
      nextN: this.#n + 1,
      streams: [
        {
          origin: this.self,
          identity: this.identity,
          upto: this.#n,
          registers: this.#latest.size,
          advancedAtMs: this.#wallMs(),
          retired: false,
          lagRecords: 0,
          staleMs: 0,
        },
      ],
      sensors: this.#latest.size,
      oldestChange: this.#changes.oldest,
      newestChange: this.#changes.newest,
      changesKept: this.#changes.kept,
    };
  }

  order(): OrderView {
    return this.history.view();
  }

  log(from: number, limit: number): Promise<LogPage> {
    return readPage(this.history, from, limit);
  }

  commitOf({ origin, identity, record }: LatestReading): CommitState {
    if (record.n > this.history.committedN({ origin, identity })) {
      return { commit: 'stored', group: null, sequence: null };
    }
    const sequence = this.#places.sequenceOf(record.sensor, origin, identity, record.n);
    return { commit: 'committed', group: this.history.extent().group, sequence };
  }

  committedN({ origin, identity }: StreamName): number {
    return this.history.committedN({ origin, identity });
  }

  async command(command: HistoryCommand): Promise<void> {
    const { refusal } = this.history;
    this.history.command(0, command);
    if (refusal !== null) throw new CommandRefused(refusal);
  }

  counters(): { readonly [name: string]: number } {
    return { sensor_updates_applied_total: this.#n };
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

  /** Lets a fact happen. */
  announce(fact: Fact): void {
    this.#facts.add(fact, this.#wallMs());
  }

  /** Without a quorum it is plain at once that nothing will be committed. */
  #asDurable(stored: Submitted, until: Durability): Submitted {
    const { self: origin, identity } = this;
    if (until === 'stored' || this.history.committedN({ origin, identity }) >= stored.firstN) return stored;
    throw new NotCommitted('there is no quorum to commit with', stored);
  }

  #committed(entry: Entry): void {
    for (const reading of readingsOf(entry)) this.#places.learn(reading);
    const { group, watermark: sequence } = this.history.extent();
    const atMs = this.#wallMs();
    if (group === null) return;
    this.#facts.add({ type: 'committed', group, index: entry.index, sequence }, atMs);
    if (entry.body.kind !== 'data') return;
    const { lastN: upto, producer } = entry.body;
    this.#facts.add({ type: 'own-committed', identity: producer.identity, upto }, atMs);
  }

  *#shown(isWanted: (sensor: SensorId) => boolean): Iterable<LatestReading> {
    for (const latest of this.#latest.values()) {
      if (isWanted(latest.record.sensor)) yield latest;
    }
  }

  #take(reading: Reading): { readonly record: ReadingRecord; readonly unit: string } {
    const atMs = this.#wallMs();
    this.#n++;
    const tsMs = reading.tsMs ?? atMs;
    const { sensor, value } = reading;
    const record: ReadingRecord = {
      kind: 'reading',
      n: this.#n,
      sensor,
      value,
      tsMs,
      ingestTsMs: atMs,
      lwwTsMs: tsMs,
    };
    const before = this.#latest.get(sensor);
    const unit = reading.unit ?? before?.unit ?? '';
    if (before && before.record.lwwTsMs > record.lwwTsMs) return { record, unit };

    const latest: LatestReading = {
      origin: this.self,
      identity: this.identity,
      record,
      unit,
      periodMs: reading.periodMs ?? before?.periodMs ?? 0,
      origins: [this.self],
    };
    this.#latest.set(sensor, latest);
    if (!isHidden(sensor)) this.#changes.add({ atMs, sensor, latest, source: 'local_sensor' });
    this.#facts.add(
      {
        type: 'registers-changed',
        origin: this.self,
        identity: this.identity,
        records: [record],
        source: 'local_sensor',
        from: this.self,
      },
      atMs,
    );
    return { record, unit };
  }
}
