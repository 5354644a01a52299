// The outbox as the order drains it: own batches that are not known ordered, from memory where they came in lately,
// else from the disk. SPEC rules ST46-ST48.

import { must } from '../kit/assert.ts';
import { type Batch, isOrdered } from '../model/durable.ts';
import { compareIdentities, type Identity, identityText, sameIdentity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { decodeBatch, encodeBatch } from '../wire/durable.ts';
import type { Disk, DiskFile } from './disk.ts';
import { viewOf } from './fields.ts';
import { RECORD_HEADER_BYTES, readRecord, recordBytes } from './record.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from './segment.ts';
import type { Segment } from './segmented-log.ts';
import type { StoredBatch } from './store.ts';
import type { Mark } from './superblock-copy.ts';
import { need, StorageFailure, type Task } from './task.ts';

const CHUNK_BYTES = 1_048_576;

interface Cursor {
  readonly identity: Identity;
  readonly n: number;
  readonly number: number;
  readonly offset: number;
}

export class OutboxDrain {
  readonly #disk: Disk;
  readonly #segments: () => readonly Segment[];
  readonly #tailBytesMax: number;
  /** By identity: all up to there is known ordered. */
  readonly #ordered = new Map<string, Mark>();
  /** The latest batches, in order, without a gap within an identity. */
  #tail: StoredBatch[] = [];
  /** Where in it the batches begin that are still of use. */
  #begin = 0;
  #tailBytes = 0;
  /** Where the last reading from the disk ended. */
  #cursor: Cursor | null = null;

  constructor(
    disk: Disk,
    segments: () => readonly Segment[],
    tailBytesMax: number,
    ordered: readonly Mark[],
  ) {
    this.#disk = disk;
    this.#segments = segments;
    this.#tailBytesMax = tailBytesMax;
    for (const mark of ordered) this.#ordered.set(identityText(mark.identity), mark);
  }

  orderedUpto(identity: Identity): number {
    return this.#ordered.get(identityText(identity))?.index ?? 0;
  }

  /** For the superblock: of the latest identities. */
  get marks(): readonly Mark[] {
    const marks = [...this.#ordered.values()].sort((a, b) => compareIdentities(b.identity, a.identity));
    return marks.slice(0, LIMITS.identitiesPerOriginMax);
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  /** Whether the mark has moved. */
  ordered(identity: Identity, upto: number): boolean {
    if (upto <= this.orderedUpto(identity)) return false;
    this.#ordered.set(identityText(identity), { identity, index: upto });
    this.#shorten((batch) => batch.lastN <= upto && sameIdentity(batch.identity, identity));
    return true;
  }

  /** A batch is durable. */
  stored(batch: StoredBatch): void {
    if (batch.lastN <= this.orderedUpto(batch.identity)) return;
    this.#tail.push(batch);
    this.#tailBytes += batch.payload.length;
    this.#shorten(() => this.#tailBytes > this.#tailBytesMax);
  }

  /** The first one begins at `fromN`, or where the outbox does if that is later. (ST47) */
  *read(identity: Identity, fromN: number, bytesMax: number): Task<readonly StoredBatch[]> {
    const [first, ...rest] = yield* this.#whole(identity, fromN, bytesMax);
    if (first === undefined) return [];
    return [first.firstN < fromN ? cutAt(first, fromN) : first, ...rest];
  }

  *#whole(identity: Identity, fromN: number, bytesMax: number): Task<readonly StoredBatch[]> {
    const first = this.#tail[this.#placeOf(identity, 0)];
    const isHere = first !== undefined && sameIdentity(first.identity, identity) && first.firstN <= fromN;
    if (isHere) return this.#inTail(identity, fromN, bytesMax);
    return yield* this.#onDisk(identity, fromN, bytesMax);
  }

  #inTail(identity: Identity, fromN: number, bytesMax: number): readonly StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let at = this.#placeOf(identity, fromN); at < this.#tail.length; at++) {
      const batch = this.#tail[at];
      if (batch === undefined || !sameIdentity(batch.identity, identity)) break;
      bytes += batch.payload.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(batch);
    }
    return found;
  }

  /** The first batch of the tail that reaches `fromN`; identities and numbers rise in it. */
  #placeOf(identity: Identity, fromN: number): number {
    let low = this.#begin;
    let high = this.#tail.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const batch = this.#tail[middle];
      const order = batch === undefined ? 1 : compareIdentities(batch.identity, identity);
      const isBefore = order < 0 || (order === 0 && batch !== undefined && batch.lastN < fromN);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  *#onDisk(identity: Identity, fromN: number, bytesMax: number): Task<readonly StoredBatch[]> {
    const found: StoredBatch[] = [];
    let left = bytesMax;
    for (const segment of [...this.#segments()]) {
      if (!sameIdentity(segment.identity, identity) || segment.last < fromN) continue;
      const next = (found.at(-1)?.lastN ?? fromN - 1) + 1;
      const batches = yield* this.#inSegment(segment, next, left, found.length === 0);
      if (batches === null) break;
      for (const batch of batches) {
        left -= batch.payload.length;
        found.push(batch);
      }
      if (left <= 0) break;
    }
    return found;
  }

  /** Null where the file is gone or cannot be read: it was removed meanwhile, or is damaged. */
  *#inSegment(
    segment: Segment,
    fromN: number,
    bytesMax: number,
    wantsOne: boolean,
  ): Task<StoredBatch[] | null> {
    try {
      const file = yield* need<DiskFile>((done) => this.#disk.open(segmentName(segment.number), done));
      const found = yield* this.#walk(file, segment, fromN, bytesMax, wantsOne);
      yield* need<null>((done) => file.close(done));
      return found;
    } catch (error) {
      if (error instanceof StorageFailure) return null;
      throw error;
    }
  }

  *#walk(
    file: DiskFile,
    { number, identity, bytes: end }: Segment,
    fromN: number,
    bytesMax: number,
    wantsOne: boolean,
  ): Task<StoredBatch[]> {
    const found: StoredBatch[] = [];
    let bytes = 0;
    let size = CHUNK_BYTES;
    for (let offset = this.#startIn(number, identity, fromN); offset < end; ) {
      const from = offset;
      const chunk = yield* need<Uint8Array>((done) => file.read(from, Math.min(size, end - from), done));
      const view = viewOf(chunk);
      let at = 0;
      for (let record = readRecord(chunk, view, at); record !== null; record = readRecord(chunk, view, at)) {
        const start = at + RECORD_HEADER_BYTES;
        const payload = chunk.subarray(start, start + record.payloadBytes);
        const lastN = record.index + record.count - 1;
        if (record.kind === 'data' && lastN >= fromN) {
          bytes += payload.length;
          if (bytes > bytesMax && !(wantsOne && found.length === 0)) return found;
          const batch = decoded(payload);
          if (batch !== null) found.push(batch);
        }
        at += recordBytes(record.payloadBytes);
        // Marks stand between batches and say nothing of where the next one begins.
        if (record.kind === 'data' && found.length > 0) {
          this.#cursor = { identity, n: lastN + 1, number, offset: offset + at };
        }
      }
      // What is too large for a piece is read as a whole; what is damaged is passed over.
      if (at === 0 && size >= end - offset) return found;
      size = at === 0 ? size * 4 : CHUNK_BYTES;
      offset += at;
    }
    return found;
  }

  #startIn(number: number, identity: Identity, fromN: number): number {
    const cursor = this.#cursor;
    const fits = cursor?.number === number && cursor.n === fromN && sameIdentity(cursor.identity, identity);
    return fits ? cursor.offset : SEGMENT_HEADER_BYTES;
  }

  #shorten(isGone: (batch: StoredBatch) => boolean): void {
    for (let batch = this.#tail[this.#begin]; batch !== undefined && isGone(batch); ) {
      this.#tailBytes -= batch.payload.length;
      batch = this.#tail[++this.#begin];
    }
    if (this.#begin * 2 <= this.#tail.length) return;
    this.#tail = this.#tail.slice(this.#begin);
    this.#begin = 0;
  }
}

/** As it goes into the order, `payload` being the whole batch encoded. What was answered to whom stays at home. (ST47) */
export function storedBatch(batch: Batch, payload: Uint8Array): StoredBatch {
  const { identity, records } = batch;
  const firstN = must(records[0], 'a batch has a record').n;
  const readings = records.reduce((sum, record) => sum + (isOrdered(batch, record) ? 1 : 0), 0);
  const shared = batch.receipt === undefined ? payload : encodeBatch(withoutReceipt(batch));
  return { identity, firstN, lastN: firstN + records.length - 1, readings, payload: shared };
}

/** Its records from `fromN` on, encoded again. */
function cutAt(stored: StoredBatch, fromN: number): StoredBatch {
  const batch = decodeBatch(stored.payload);
  if (!batch.ok) return stored;
  const { records, units } = batch.value;
  const gone = fromN - stored.firstN;
  const rest = { ...batch.value, records: records.slice(gone), ...(units && { units: units.slice(gone) }) };
  return storedBatch(rest, encodeBatch(rest));
}

/** Null where the bytes are no batch: such a record is passed over. */
function decoded(payload: Uint8Array): StoredBatch | null {
  const batch = decodeBatch(payload);
  return batch.ok ? storedBatch(batch.value, payload) : null;
}

function withoutReceipt({ receipt: _, ...batch }: Batch): Batch {
  return batch;
}
