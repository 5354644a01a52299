// Helpers for the tests of replication: words to build its values with, and an outbox that remembers.

import { Random } from '../../kit/random.ts';
import type { StreamName, StreamSnapshot } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import { type Identity, type PeerId, parsePeerId, parseSensorId, type SensorId } from '../../model/ids.ts';
import type { MetaRecord, ReadingRecord, Record, TombstoneRecord, Value } from '../../model/reading.ts';
import type { Now } from '../../model/time.ts';
import type { Delta, DigestEntry, Message } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import type { EntriesDigest } from './digest.ts';
import { Replication } from './machine.ts';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './options.ts';

export const EPOCH_MS = 1_700_000_000_000;
/** How long tombstones stay where a test is not about that. */
export const SPAN = REPLICATION_DEFAULTS.tombstoneSpan;

export function at(steadyMs: number): Now {
  return { steadyMs, wallMs: EPOCH_MS + steadyMs };
}

export function peerOf(name: string): PeerId {
  const parsed = parsePeerId(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function sensorOf(name: string): SensorId {
  const parsed = parseSensorId(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function identityOf(birth: number): Identity {
  return { birth, random: birth.toString(16).padStart(16, '0') };
}

export function streamOf(origin: PeerId, birth = 1): StreamName {
  return { origin, identity: identityOf(birth) };
}

/** A reading whose times are all the same. */
export function reading(n: number, sensor: string, value: Value, tsMs: number): ReadingRecord {
  return { kind: 'reading', n, sensor: sensorOf(sensor), value, tsMs, ingestTsMs: tsMs, lwwTsMs: tsMs };
}

export function meta(n: number, sensor: string, unit: string): MetaRecord {
  return { kind: 'meta', n, sensor: sensorOf(sensor), unit, periodMs: 1_000 };
}

export function tombstone(n: number, sensor: string, lwwTsMs: number): TombstoneRecord {
  return { kind: 'tombstone', n, sensor: sensorOf(sensor), lwwTsMs };
}

/** From `after` to the last record, or to `upto`. */
export function deltaOf(
  name: StreamName,
  after: number,
  records: readonly Record[],
  more: { readonly upto?: number; readonly droppedUpto?: number } = {},
): Delta {
  const upto = more.upto ?? records.at(-1)?.n ?? after;
  return { ...name, after, upto, droppedUpto: more.droppedUpto ?? 0, records };
}

export function digestOf(entries: readonly DigestEntry[], after = '', until = ''): EntriesDigest {
  return { kind: 'entries', after, until, buckets: [], entries };
}

export interface RecordingOutbox extends Outbox {
  readonly sent: { readonly to: PeerId; readonly message: Message }[];
  readonly facts: Fact[];
  /** What was sent since the last call. */
  take(): readonly Message[];
  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { readonly type: T }>[];
}

export function recordingOutbox(): RecordingOutbox {
  const sent: { readonly to: PeerId; readonly message: Message }[] = [];
  const facts: Fact[] = [];
  return {
    sent,
    facts,
    send: (to, message) => void sent.push({ to, message }),
    contact: () => {
      throw new Error('replication dials nobody');
    },
    announce: (fact) => void facts.push(fact),
    take: () => sent.splice(0).map(({ message }) => message),
    factsOf<T extends Fact['type']>(type: T) {
      return facts.filter((fact): fact is Extract<Fact, { readonly type: T }> => fact.type === type);
    },
  };
}

export interface Started {
  readonly machine: Replication;
  readonly out: RecordingOutbox;
  /** Wakes it as often as it asks for, up to and including this moment. */
  runUntil(steadyMs: number): void;
}

/** A machine that runs since 0, linked to these partners; what it said meanwhile is taken away. */
export function machineOf(
  peer: PeerId,
  partners: readonly PeerId[],
  options: Partial<ReplicationOptions> = {},
  streams: readonly StreamSnapshot[] = [],
): Started {
  const machine = new Replication(
    streamOf(peer),
    { ...REPLICATION_DEFAULTS, ...options },
    new Random(1),
    at(0),
  );
  const out = recordingOutbox();
  machine.restore(streams, at(0));
  machine.start(at(0), out);
  for (const partner of partners) {
    machine.memberUp(partner, at(0), out);
    machine.linkUp(partner, at(0), out);
  }
  // Whoever has nothing yet asks the first one for everything; it has nothing either.
  const [first] = partners;
  if (first) machine.receive(first, { type: 'ACK', of: 'FULL_SYNC_REQUEST' }, at(0), out);
  out.take();
  const runUntil = (steadyMs: number) => {
    while (machine.wakeAt <= steadyMs) machine.wake(at(machine.wakeAt), out);
  };
  return { machine, out, runUntil };
}
