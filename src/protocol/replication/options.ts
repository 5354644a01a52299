// What the operator may choose about replication. SPEC rules RP1-RP54 say what each does.

export interface ReplicationOptions {
  /** One round of exchanges each interval. */
  readonly gossipIntervalMs: number;
  /** Partners of a round: this share of the live peers, at least and at most so many. */
  readonly pushRatio: number;
  readonly pushMinPeers: number;
  /** The same for digest-only exchanges, which happen every so many rounds. */
  readonly pullRatio: number;
  readonly pullMinPeers: number;
  readonly pullEveryRounds: number;
  /** At most so many partners of either kind, so that the cost of a peer does not grow with the cluster. */
  readonly maxFanout: number;
  /** Fresh own changes are pushed at once, and then no sooner than this after the push before. */
  readonly pushCoalesceMs: number;
  /** Up to so many live peers, each push goes to all of them; beyond, to a random few. */
  readonly eagerPeersMax: number;
  /** At least one exchange in so many is with a peer of another zone, where there are any. */
  readonly crossZoneEvery: number;
  /** How long a partner may take over one answer of a full sync before another one is asked, at first. */
  readonly fullSyncTimeoutMs: number;
  /** A tombstone is dropped once its stream has gone on by so many changes. */
  readonly tombstoneSpan: number;
  /** The streams of an origin that is away leave the digest after so long. */
  readonly absentListedMs: number;
}

export const REPLICATION_DEFAULTS: ReplicationOptions = {
  gossipIntervalMs: 1_000,
  pushRatio: 0.35,
  pushMinPeers: 1,
  pullRatio: 0.05,
  pullMinPeers: 1,
  pullEveryRounds: 6,
  maxFanout: 3,
  pushCoalesceMs: 25,
  eagerPeersMax: 16,
  crossZoneEvery: 10,
  fullSyncTimeoutMs: 500,
  tombstoneSpan: 65_536,
  absentListedMs: 900_000,
};

export function pushFanout(alive: number, options: ReplicationOptions): number {
  return fanout(alive, options.pushRatio, options.pushMinPeers, options.maxFanout);
}

export function pullFanout(alive: number, options: ReplicationOptions): number {
  return fanout(alive, options.pullRatio, options.pullMinPeers, options.maxFanout);
}

function fanout(alive: number, ratio: number, min: number, max: number): number {
  return Math.min(alive, Math.max(min, Math.ceil(ratio * alive)), max);
}
