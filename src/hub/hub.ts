// The port for the edges: all that an input, a sink or the API may know of the peer it sits on.

import type { StreamName } from '../model/durable.ts';
import type { Fact, SyncSource } from '../model/fact.ts';
import type { GroupId, OrderView } from '../model/group-view.ts';
import type { Identity, PeerId, SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import type { LatestReading, MemberView, StreamView, TopologyView } from '../model/view.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';
import type { LogPage } from './log-page.ts';
import type { MessagePort } from './message-port.ts';

/** `stored`: durable at this node. `committed`: durable at a quorum, with its place in the order. */
export type Durability = 'stored' | 'committed';

export interface Hub {
  readonly self: PeerId;
  readonly identity: Identity;
  readonly incarnation: number;

  /**
   * Resolves once the readings are as durable as asked, all of them under consecutive `n`. Rejects with
   * `SubmitRefused` when nothing of it was taken, and with `NotCommitted` when they are stored and will be committed,
   * but not in time: at once where there is no quorum. The readings have passed `checkReading`.
   */
  submit(readings: readonly Reading[], until: Durability, receipt?: SubmitReceipt): Promise<Submitted>;
  /** The answer already given to this `Idempotency-Key`, or null. */
  answered(key: string): Submitted | null;
  /** Hides the sensors everywhere until they speak again. Resolves once that is durable here. */
  forget(sensors: readonly SensorId[]): Promise<Submitted>;

  /** The last-write-wins winner of every sensor, in no order, without retained topics and what nodes keep for themselves. */
  latest(): Iterable<LatestReading>;
  /** The registers of retained topics that are no sensors. (MQ12) */
  retained(): Iterable<LatestReading>;
  /** The registers that nodes keep for themselves, under names no device can write. (AC1) */
  reserved(): Iterable<LatestReading>;
  latestOf(sensor: SensorId): LatestReading | null;
  /** Messages that are passed on from node to node as they come. */
  readonly messages: MessagePort;
  members(): readonly MemberView[];
  /** Whom each node keeps links to, as far as known here. */
  topology(): readonly TopologyView[];
  replication(): ReplicationView;
  /** What is known here of the group that keeps the common order. */
  order(): OrderView;
  /** Committed readings from the sequence `from` on, at most `limit` and `logPageReadingsMax`. */
  log(from: number, limit: number): Promise<LogPage>;
  /** Whether this reading has its place in the order, and which. */
  commitOf(latest: LatestReading): CommitState;
  /** Up to which `n` all readings of this stream have their place in the order, as far as known here. */
  committedN(stream: StreamName): number;
  /** Resolves when the group has done it; rejects with `CommandRefused`. */
  command(command: HistoryCommand): Promise<void>;
  /** Counters by name (`gossip_messages_sent_total` …), rising only. */
  counters(): { readonly [name: string]: number };

  /** Changes after the cursor, oldest first; at most `limit`. */
  changes(after: number, limit: number): ChangePage;
  /** The facts kept, oldest first. */
  facts(): readonly TimedFact[];
  /** Calls back at once for each fact, in order. Returns how to stop it. */
  follow(listener: (fact: TimedFact) => void): () => void;
}

export interface SubmitReceipt {
  readonly key: string;
  readonly answer: string;
}

export interface Submitted {
  readonly firstN: number;
  /** The edge's own answer, where it was submitted with a receipt. */
  readonly answer?: string;
}

export class SubmitRefused extends Error {
  override readonly name = 'SubmitRefused';
  /** Whether the same submit may succeed later. */
  readonly retry: boolean;

  constructor(why: string, retry: boolean) {
    super(why);
    this.retry = retry;
  }
}

/** What would only wait with what is at the full disk already. */
export class DiskFull extends SubmitRefused {
  constructor() {
    super("this node's disk is full: nothing is stored here until there is room", true);
  }
}

/** The readings are durable here, have their numbers and will be committed; but that was not to be had in time. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
  readonly stored: Submitted;

  constructor(why: string, stored: Submitted) {
    super(why);
    this.stored = stored;
  }
}

export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
}

export interface CommitState {
  readonly commit: Durability;
  /** The group whose order it is in; null while it is in none. */
  readonly group: GroupId | null;
  /** Null while it has no place, and for a moment after it was given one. */
  readonly sequence: number | null;
}

export interface ReplicationView {
  /** Own next `n`. */
  readonly nextN: number;
  readonly streams: readonly StreamView[];
  readonly sensors: number;
  readonly oldestChange: number;
  readonly newestChange: number;
  readonly changesKept: number;
}

/** A sensor's winner changed. `cursor` counts changes at this node since it started, from 1. */
export interface Change {
  readonly cursor: number;
  readonly atMs: number;
  readonly sensor: SensorId;
  /** Null: the sensor was forgotten. */
  readonly latest: LatestReading | null;
  readonly source: SyncSource;
}

export interface ChangePage {
  readonly changes: readonly Change[];
  /** To be passed as `after` next time. */
  readonly cursor: number;
  /** The ring no longer held what came after the cursor: the client must read everything anew. */
  readonly reset: boolean;
}

export interface TimedFact {
  readonly id: number;
  readonly atMs: number;
  readonly fact: Fact;
}
