// A hub of one node that keeps everything in memory: for the tests of edges, which need no peers and no disk.
// It passes the same contract as the hub of a real peer.

import type { Fact } from '../model/fact.ts';
import type { Identity, PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading, ReadingRecord } from '../model/reading.ts';
import type { LatestReading, MemberView, TopologyView } from '../model/view.ts';
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
  /** Members beside this one, as a test wants them shown. */
  others: MemberView[] = [];

  readonly #wallMs: () => number;
  readonly #changes: ChangeRing;
  readonly #facts = new FactLog(LIMITS.factsKeptMax);
  readonly #latest = new Map<SensorId, LatestReading>();
  readonly #answers = new Map<string, Submitted>();
  #n = 0;

  constructor(options: MemoryHubOptions) {
    this.self = options.self;
    this.#wallMs = options.wallMs;
    this.#changes = new ChangeRing(options.changesKept);
  }

  async submit(readings: readonly Reading[], until: Durability, receipt?: SubmitReceipt): Promise<Submitted> {
    if (this.refusal !== null) throw this.refusal;
    if (until === 'committed') throw new SubmitRefused('there is no quorum to commit with', true);
    const known = receipt && this.#answers.get(receipt.key);
    if (known) return known;

    const firstN = this.#n + 1;
    for (const reading of readings) this.#take(reading);
    const submitted = receipt ? { firstN, answer: receipt.answer } : { firstN };
    if (receipt) this.#answers.set(receipt.key, submitted);
    return submitted;
  }

  answered(key: string): Submitted | null {
    return this.#answers.get(key) ?? null;
  }

  async forget(sensors: readonly SensorId[]): Promise<Submitted> {
    const firstN = this.#n + 1;
    for (const sensor of sensors) {
      this.#n++;
      if (!this.#latest.delete(sensor)) continue;
      this.#changes.add({ atMs: this.#wallMs(), sensor, latest: null, source: 'local_sensor' });
    }
    return { firstN };
  }

  latest(): Iterable<LatestReading> {
    return this.#latest.values();
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
        },
      ],
      sensors: this.#latest.size,
      oldestChange: this.#changes.oldest,
      newestChange: this.#changes.newest,
      changesKept: this.#changes.kept,
    };
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

  #take(reading: Reading): void {
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
    if (before && before.record.lwwTsMs > record.lwwTsMs) return;

    const latest: LatestReading = {
      origin: this.self,
      identity: this.identity,
      record,
      unit: reading.unit ?? before?.unit ?? '',
      periodMs: reading.periodMs ?? before?.periodMs ?? 0,
      origins: [this.self],
    };
    this.#latest.set(sensor, latest);
    this.#changes.add({ atMs, sensor, latest, source: 'local_sensor' });
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
  }
}
