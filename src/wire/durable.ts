// What a peer keeps on its disk, as bytes. How files and their checksums are laid out is the storage's affair;
// this is what is inside. SPEC rules WR16, WR17.

import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Batch, HardState, Receipt, Snapshot } from '../model/durable.ts';
import type { Identity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import { records } from './layout.ts';
import { finished, type Malformed } from './malformed.ts';
import { count, identity } from './nouns.ts';
import { optional, type Shape, struct } from './shape.ts';
import { chunksOf, receipt, SnapshotBuilder, snapshotChunk } from './snapshot-chunks.ts';

/** Raised with every change of a layout below; today's code reads all from DISK_VERSION_MIN on. */
export const DISK_VERSION = 1;
export const DISK_VERSION_MIN = 1;

const hardState = struct<HardState>({ identity, incarnation: count });

interface BatchLayout {
  readonly identity: Identity;
  readonly records: readonly Record[];
  readonly receipt: Receipt | undefined;
}

const batchLayout = struct<BatchLayout>({ identity, records, receipt: optional(receipt) });

/** The layouts in words, for the hash that is pinned to DISK_VERSION. */
export const DURABLE_LAYOUTS = [hardState, batchLayout, snapshotChunk].map((shape) => shape.text).join('\n');

export function encodeHardState(state: HardState): Uint8Array {
  return encode(hardState, state, 64);
}

export function decodeHardState(bytes: Uint8Array): Result<HardState, Malformed> {
  return decode('hard state', hardState, bytes);
}

export function encodeBatch(batch: Batch): Uint8Array {
  return encode(batchLayout, { ...batch, receipt: batch.receipt }, 64 + batch.records.length * 32);
}

export function decodeBatch(bytes: Uint8Array): Result<Batch, Malformed> {
  const batch = decode('batch', batchLayout, bytes);
  if (!batch.ok) return batch;
  const { receipt, ...rest } = batch.value;
  return ok(receipt === undefined ? rest : { ...rest, receipt });
}

/** Chunks of at most `snapshotChunkBytesMax`, made one at a time, so that no buffer holds a whole snapshot. */
export function* encodeSnapshot(snapshot: Snapshot): Generator<Uint8Array> {
  let chunks = 0;
  for (const it of chunksOf(snapshot)) {
    yield encode(snapshotChunk, it, 4_096);
    chunks++;
  }
  yield encode(snapshotChunk, { part: 'end', chunks }, 16);
}

export function decodeSnapshot(chunks: Iterable<Uint8Array>): Result<Snapshot, Malformed> {
  const building = new SnapshotBuilder();
  for (const bytes of chunks) {
    if (bytes.length > LIMITS.snapshotChunkBytesMax) {
      return refused({ kind: 'oversize', bytes: bytes.length, max: LIMITS.snapshotChunkBytesMax });
    }
    const it = decode('snapshot', snapshotChunk, bytes);
    if (!it.ok) return it;
    const why = building.add(it.value);
    if (why !== null) return refused({ kind: 'refused', where: 'snapshot', why });
  }
  return building.finish();
}

function encode<T>(shape: Shape<T>, value: T, capacity: number): Uint8Array {
  const writer = new ByteWriter(capacity);
  writer.u8(DISK_VERSION);
  shape.write(writer, value);
  return writer.take();
}

function decode<T>(what: string, shape: Shape<T>, bytes: Uint8Array): Result<T, Malformed> {
  const got = bytes[0];
  if (got !== undefined && (got < DISK_VERSION_MIN || got > DISK_VERSION)) {
    return refused({ kind: 'version', got, min: DISK_VERSION_MIN, max: DISK_VERSION });
  }
  const reader = new ByteReader(bytes, 1);
  return finished(what, reader, shape.read(reader));
}
