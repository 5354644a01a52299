// How soon a node that comes to a cluster with a full state has all of it, and what it is sent for that, beside
// the size of the state. SPEC rule SM23.

import { must } from '../../../kit/assert.ts';
import type { StreamSnapshot } from '../../../model/durable.ts';
import { encodeMessage } from '../../../wire/codec.ts';
import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';

export interface LateJoiner {
  /** From its start until it has all; null: not in time. */
  readonly fullStateMs: number | null;
  readonly stateBytes: number;
  /** Readings and digests it was sent until then; and all that it was sent, the list of members among it. */
  readonly replicationBytes: number;
  readonly receivedBytes: number;
}

export interface LateJoinerOptions {
  readonly sensorsPerNode: number;
  readonly giveUpMs: number;
}

export const LATE_JOINER: LateJoinerOptions = { sensorsPerNode: 8, giveUpMs: 60_000 };

const REST_MS = 3_000;
const LOOK_EVERY_MS = 10;
/** Streams encoded together to learn the size of a state. */
const STREAMS_TOGETHER = 100;
const REPLICATION = ['GOSSIP_STATE', 'GET_STATE', 'GET_DELTA', 'SENSOR_UPDATE', 'FULL_SYNC_RESPONSE', 'ACK'];

/** `knobs.nodes` are there before it comes. */
export function measureLateJoiner(knobs: Knobs, options: LateJoinerOptions): LateJoiner {
  const joinerIndex = knobs.nodes;
  const fleet = new Fleet(fleetOptionsOf({ ...knobs, nodes: knobs.nodes + 1 }), options.sensorsPerNode, [
    joinerIndex,
  ]);
  const joiner = fleet.station(joinerIndex);
  fleet.startAll(0, new Set([joinerIndex]));
  fleet.runFor(REST_MS);
  const [first] = fleet.stations;
  const streams = must(first?.peer, 'the first runs').replication.snapshotStreams();

  fleet.tally.begin();
  fleet.tally.follow(joinerIndex);
  fleet.start(joiner);
  const others = fleet.stations
    .slice(0, -1)
    .map((one) => ({ origin: one.id, identity: one.hello().identity }));
  const hasAll = (): boolean =>
    others.every((name) => (joiner.peer?.replication.upto(name) ?? 0) >= options.sensorsPerNode);
  const fullStateMs = fleet.runUntilTrue(hasAll, options.giveUpMs, LOOK_EVERY_MS);
  return {
    fullStateMs,
    stateBytes: sizeOf(streams),
    replicationBytes: fleet.tally.followedBytes(REPLICATION),
    receivedBytes: fleet.tally.followedBytes(),
  };
}

/** As deltas from the beginning, the way it is sent. */
function sizeOf(streams: readonly StreamSnapshot[]): number {
  let bytes = 0;
  for (let at = 0; at < streams.length; at += STREAMS_TOGETHER) {
    const deltas = streams.slice(at, at + STREAMS_TOGETHER).map((stream) => ({ ...stream, after: 0 }));
    bytes += encodeMessage({ type: 'FULL_SYNC_RESPONSE', deltas, more: false }).length;
  }
  return bytes;
}
