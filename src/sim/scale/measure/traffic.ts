// What a cluster costs: bytes and messages per node and second, by type of message, and how old what each peer has
// is meanwhile. Under a load, or idle. SPEC rule SM23.

import { must } from '../../../kit/assert.ts';
import { Fleet } from '../fleet.ts';
import { Load, type LoadOptions } from '../load.ts';
import type { FleetOptions } from '../options.ts';
import { type Spread, spreadOf } from '../quantiles.ts';
import type { TypeTally } from '../tally.ts';

export interface Traffic {
  readonly seconds: number;
  readonly nodes: number;
  readonly bytesPerNodeSecond: number;
  readonly messagesPerNodeSecond: number;
  /** Of the node that sends the most, and of the one that receives the most. */
  readonly sentMostPerSecond: number;
  readonly receivedMostPerSecond: number;
  readonly largestBytes: number;
  readonly types: readonly TypeTally[];
  readonly readings: number;
  /**
   * Of random pairs of a peer and an origin, at random moments: since when the origin has had something that the
   * peer does not have; 0 where it has all.
   */
  readonly stalenessMs: Spread;
}

export interface TrafficOptions {
  /** Null for an idle cluster. */
  readonly load: LoadOptions | null;
  readonly warmUpMs: number;
  readonly forMs: number;
}

const SAMPLE_EVERY_MS = 250;
const PAIRS_PER_SAMPLE = 500;

export function measureTraffic(fleetOptions: FleetOptions, options: TrafficOptions): Traffic {
  const fleet = new Fleet(fleetOptions, options.load?.sensorsPerNode ?? 1);
  const writes = new Writes(fleet);
  fleet.startAll();
  const load = options.load && new Load(fleet, options.load);
  load?.begin();
  fleet.runFor(options.warmUpMs);
  const before = load?.submitted ?? 0;

  fleet.tally.begin();
  const stale: number[] = [];
  const endMs = fleet.nowMs + options.forMs;
  while (fleet.nowMs < endMs) {
    fleet.runUntil(Math.min(endMs, fleet.nowMs + SAMPLE_EVERY_MS));
    for (let pair = 0; pair < PAIRS_PER_SAMPLE; pair++) {
      stale.push(
        writes.staleMs(fleet.random.below(fleetOptions.nodes), fleet.random.below(fleetOptions.nodes)),
      );
    }
  }
  fleet.tally.end();
  load?.end();
  return {
    ...costOf(fleet, options.forMs / 1_000),
    readings: (load?.submitted ?? 0) - before,
    stalenessMs: spreadOf(stale),
  };
}

function costOf(fleet: Fleet, seconds: number): Omit<Traffic, 'readings' | 'stalenessMs'> {
  const { tally } = fleet;
  const nodes = fleet.stations.length;
  return {
    seconds,
    nodes,
    bytesPerNodeSecond: tally.totalBytes / nodes / seconds,
    messagesPerNodeSecond: tally.totalMessages / nodes / seconds,
    sentMostPerSecond: tally.sentBytes.reduce((most, bytes) => Math.max(most, bytes), 0) / seconds,
    receivedMostPerSecond: tally.receivedBytes.reduce((most, bytes) => Math.max(most, bytes), 0) / seconds,
    largestBytes: tally.largestBytes,
    types: tally.types(),
  };
}

/** When each origin had each of its changes. */
class Writes {
  readonly #fleet: Fleet;
  /** By origin: the first `n` written in this run, and the moments of it and those that followed. */
  readonly #firstN: Int32Array;
  readonly #atMs: number[][];

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#firstN = new Int32Array(fleet.stations.length);
    this.#atMs = fleet.stations.map(() => []);
    fleet.listen((station, fact) => {
      if (fact.type !== 'registers-changed' || fact.source !== 'local_sensor') return;
      const moments = must(this.#atMs[station.index], 'a station');
      const [first] = fact.records;
      if (moments.length === 0 && first !== undefined) this.#firstN[station.index] = first.n;
      for (const _ of fact.records) moments.push(fleet.nowMs);
    });
  }

  staleMs(at: number, of: number): number {
    const { nowMs } = this.#fleet;
    const origin = this.#fleet.station(of);
    const { peer } = this.#fleet.station(at);
    if (peer === null || origin.peer === null) return 0;
    const upto = peer.replication.upto({ origin: origin.id, identity: origin.peer.identity });
    const firstUnknown = upto + 1 - (this.#firstN[of] as number);
    const atMs = this.#atMs[of]?.[Math.max(0, firstUnknown)];
    return atMs === undefined ? 0 : nowMs - atMs;
  }
}
