// Which reading of each sensor must win, computed anew from what the origins wrote and nothing that a peer
// believes: of each stream the last state of the sensor, of those the last write. SPEC rule SM16.

import { compareText } from '../kit/order.ts';
import type { StreamName } from '../model/durable.ts';
import { compareIdentities, type SensorId } from '../model/ids.ts';
import type { ReadingRecord, TombstoneRecord } from '../model/reading.ts';
import type { WrittenStream } from './ledger.ts';

type State = ReadingRecord | TombstoneRecord;

export interface Candidate extends StreamName {
  readonly record: State;
}

/** A stream, as far as all peers have it. */
export interface Reached {
  readonly stream: WrittenStream;
  readonly upto: number;
}

/** A tombstone that wins hides its sensor: then there is no winner. */
export function expectedWinners(reached: Iterable<Reached>): ReadonlyMap<SensorId, Candidate> {
  const best = new Map<SensorId, Candidate>();
  for (const { stream, upto } of reached) {
    const { origin, identity } = stream;
    for (const record of lastStates(stream, upto).values()) {
      const candidate = { origin, identity, record };
      const other = best.get(record.sensor);
      if (other === undefined || compareCandidates(candidate, other) > 0) best.set(record.sensor, candidate);
    }
  }
  for (const [sensor, { record }] of best) if (record.kind === 'tombstone') best.delete(sensor);
  return best;
}

/**
 * What each register of a stream holds when everything up to `upto` came in: the latest by time, and of equal
 * times the later number. What a device says late takes its number and is gone.
 */
export function lastStates(stream: WrittenStream, upto: number): ReadonlyMap<SensorId, State> {
  const last = new Map<SensorId, State>();
  for (let n = 1; n <= upto; n++) {
    const record = stream.contents[n - 1]?.at(-1);
    if (!record || record.kind === 'meta') continue;
    const before = last.get(record.sensor);
    if (before === undefined || record.lwwTsMs >= before.lwwTsMs) last.set(record.sensor, record);
  }
  return last;
}

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    a.record.lwwTsMs - b.record.lwwTsMs ||
    compareText(a.origin, b.origin) ||
    compareIdentities(a.identity, b.identity) ||
    a.record.n - b.record.n
  );
}
