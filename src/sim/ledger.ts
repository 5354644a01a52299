// The simulator's own account of what every origin wrote, kept from the disks' answers alone: the measure that
// peers are checked against. SPEC rules SM8.

import type { Batch, StreamName } from '../model/durable.ts';
import { type Identity, identityText, type PeerId, type SensorId, sameIdentity } from '../model/ids.ts';
import type { ReadingRecord, Record, Value } from '../model/reading.ts';
import type { DiskContent, DiskWrite } from './disk.ts';
import { type Place, Watcher } from './watcher.ts';

export interface WrittenStream extends StreamName {
  /** By `n - 1`: all that was ever durable under that number. More than one only after an old copy came back. */
  readonly contents: readonly Record[][];
  /** The highest `n` that was ever durable at the origin. */
  readonly durableN: number;
  /** All up to here is on the origin's present disk: it must be found again. */
  readonly keptN: number;
}

interface Stream extends WrittenStream {
  readonly contents: Record[][];
  durableN: number;
  keptN: number;
}

export class Ledger extends Watcher {
  /** By origin: one stream for each identity, in order of their first record. */
  readonly #streams = new Map<PeerId, Stream[]>();
  /** Origins whose disk was replaced by an older copy at some time. */
  readonly #copied = new Set<PeerId>();
  /** Where the reading of this serial number was written last. */
  readonly #places = new Map<number, { readonly stream: Stream; readonly n: number }>();
  /** Sensors that were ever forgotten, by anybody. */
  readonly #forgotten = new Set<SensorId>();
  /** Sensors of which a tombstone was written under a number that was given twice. */
  readonly #doubtfullyForgotten = new Set<SensorId>();
  /** Streams, by the text of their identity. */
  readonly #forked = new Set<string>();
  #records = 0;

  /** How many records were written. */
  get records(): number {
    return this.#records;
  }

  stream(origin: PeerId, identity: Identity): WrittenStream | undefined {
    return this.#streams.get(origin)?.find((stream) => sameIdentity(stream.identity, identity));
  }

  streamsOf(origin: PeerId): readonly WrittenStream[] {
    return this.#streams.get(origin) ?? [];
  }

  *streams(): Iterable<WrittenStream> {
    for (const streams of this.#streams.values()) yield* streams;
  }

  /** Whether numbers of this origin may have been given twice, since a copied disk cannot know of the first time. */
  wasCopied(origin: PeerId): boolean {
    return this.#copied.has(origin);
  }

  /** Whether the reading with this serial number is on its origin's present disk. */
  isKept(serial: number): boolean {
    const place = this.#places.get(serial);
    return place !== undefined && place.n <= place.stream.keptN;
  }

  /**
   * Whether numbers of this stream were given twice, since a copied disk cannot know of the first time: peers
   * that heard different ones first show different readings until the origin speaks again.
   */
  isForked(name: StreamName): boolean {
    return this.#forked.has(identityText(name.identity));
  }

  /** Whether a number that was given twice means in one life that this sensor is forgotten. */
  isDoubtfullyForgotten(sensor: SensorId): boolean {
    return this.#doubtfullyForgotten.has(sensor);
  }

  get hasForks(): boolean {
    return this.#forked.size > 0;
  }

  wasForgotten(sensor: SensorId): boolean {
    return this.#forgotten.has(sensor);
  }

  /** The reading with the latest time of each sensor on the origin's present disk. */
  lastKept(origin: PeerId): ReadonlyMap<SensorId, ReadingRecord> {
    const last = new Map<SensorId, ReadingRecord>();
    for (const { contents, keptN } of this.streamsOf(origin)) {
      for (const written of contents.slice(0, keptN)) {
        const record = written.at(-1);
        if (record?.kind !== 'reading') continue;
        const before = last.get(record.sensor);
        if (before === undefined || record.lwwTsMs > before.lwwTsMs) last.set(record.sensor, record);
      }
    }
    return last;
  }

  override durable(at: Place, write: DiskWrite): void {
    if (write.type === 'batch') this.#add(at.peer, write.batch);
  }

  override diskReplaced(at: Place, content: DiskContent): void {
    const kept = new Map<string, number>();
    const keep = (identity: Identity, n: number): void => {
      const name = identityText(identity);
      kept.set(name, Math.max(kept.get(name) ?? 0, n));
    };
    for (const { identity, records } of content.batches) keep(identity, records.at(-1)?.n ?? 0);
    for (const { origin, identity, upto } of content.snapshot?.streams ?? []) {
      if (origin === at.peer) keep(identity, upto);
    }
    for (const stream of this.#streams.get(at.peer) ?? []) {
      stream.keptN = Math.min(stream.keptN, kept.get(identityText(stream.identity)) ?? 0);
    }
    if (content.hardState !== null) this.#copied.add(at.peer);
  }

  #add(origin: PeerId, batch: Batch): void {
    const stream = this.#of(origin, batch.identity);
    for (const record of batch.records) {
      this.#records++;
      const contents = stream.contents[record.n - 1];
      if (contents) {
        contents.push(record);
        this.#forked.add(identityText(batch.identity));
        for (const { kind, sensor } of contents)
          if (kind === 'tombstone') this.#doubtfullyForgotten.add(sensor);
      } else stream.contents[record.n - 1] = [record];
      stream.durableN = Math.max(stream.durableN, record.n);
      stream.keptN = record.n;
      const serial = serialOf(record);
      if (serial !== null) this.#places.set(serial, { stream, n: record.n });
      if (record.kind === 'tombstone') this.#forgotten.add(record.sensor);
    }
  }

  #of(origin: PeerId, identity: Identity): Stream {
    let streams = this.#streams.get(origin);
    if (streams === undefined) {
      streams = [];
      this.#streams.set(origin, streams);
    }
    let stream = streams.find((known) => sameIdentity(known.identity, identity));
    if (stream === undefined) {
      stream = { origin, identity, contents: [], durableN: 0, keptN: 0 };
      streams.push(stream);
    }
    return stream;
  }
}

/** The serial number in a value that the workload made. */
export function serialOf(record: Record): number | null {
  return record.kind === 'reading' ? serialIn(record.value) : null;
}

export function serialIn(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return Number(value.slice('reading '.length));
  if (typeof value === 'boolean') return null;
  return typeof value.serial === 'number' ? value.serial : null;
}
