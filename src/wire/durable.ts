// What a peer keeps on its disk, as bytes. How files and their checksums are laid out is the storage's affair;
// this is what is inside. SPEC rules WR16, WR17.

import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { Batch, HardState, KnownAddress, Receipt, Snapshot } from '../model/durable.ts';
import type { Base, OrderState } from '../model/entry.ts';
import type { Identity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import { records } from './layout.ts';
import { finished, type Malformed } from './malformed.ts';
import { address, count, flag, identity, peerId } from './nouns.ts';
import { base, formerBase, orderState } from './order-nouns.ts';
import { list, optional, type Shape, struct } from './shape.ts';
import { chunksOf, receipt, SnapshotBuilder, snapshotChunk } from './snapshot-chunks.ts';
import { readUnits, UNITS_LAYOUT, writeUnits } from './units.ts';

/** Raised with every change of a layout below; today's code reads all from DISK_VERSION_MIN on. */
export const DISK_VERSION = 1;
export const DISK_VERSION_MIN = 1;

interface HardStateLayout {
  readonly identity: Identity;
  readonly incarnation: number;
  readonly order: OrderState | undefined;
}

const hardState = struct<HardStateLayout>({ identity, incarnation: count, order: optional(orderState) });

interface BatchHead {
  readonly identity: Identity;
  readonly records: readonly Record[];
  readonly receipt: Receipt | undefined;
}

const batchHead = struct<BatchHead>({ identity, records, receipt: optional(receipt) });

const batchLayout: Shape<Batch> = {
  text: `${batchHead.text}${UNITS_LAYOUT}copies:${flag.text}`,
  write(writer, { identity, records, receipt, units, copies = false }) {
    batchHead.write(writer, { identity, records, receipt });
    writeUnits(writer, units ?? [], records.length);
    flag.write(writer, copies);
  },
  read(reader) {
    const { identity, records, receipt } = batchHead.read(reader);
    const units = reader.failed ? [] : readUnits(reader, records.length);
    const copies = flag.read(reader);
    return {
      identity,
      records,
      ...(units.length > 0 && { units }),
      ...(copies && { copies }),
      ...(receipt && { receipt }),
    };
  },
};

const addresses = list(
  struct<KnownAddress>({ peer: peerId, address, seenMs: count }),
  LIMITS.addressesAbsentMax + LIMITS.addressesPresentMax,
);

/** The layouts in words, for the hash that is pinned to DISK_VERSION. */
export const DURABLE_LAYOUTS = [hardState, batchLayout, snapshotChunk, base, addresses]
  .map((shape) => shape.text)
  .join('\n');

export function encodeHardState(state: HardState): Uint8Array {
  return encode(hardState, { ...state, order: state.order }, 64);
}

export function decodeHardState(bytes: Uint8Array): Result<HardState, Malformed> {
  const state = decode('hard state', hardState, bytes);
  if (!state.ok) return state;
  const { order, ...rest } = state.value;
  return ok(order === undefined ? rest : { ...rest, order });
}

export function encodeAddresses(known: readonly KnownAddress[]): Uint8Array {
  return encode(addresses, known, 4_096);
}

export function decodeAddresses(bytes: Uint8Array): Result<readonly KnownAddress[], Malformed> {
  return decode('address book', addresses, bytes);
}

export function encodeBase(it: Base): Uint8Array {
  return encode(base, it, 1_024);
}

export function decodeBase(bytes: Uint8Array): Result<Base, Malformed> {
  const known = decode('base', base, bytes);
  if (known.ok) return known;
  const former = decode('base', formerBase, bytes);
  return former.ok ? ok({ ...former.value, absorbed: [] }) : known;
}

export function encodeBatch(batch: Batch): Uint8Array {
  return encode(batchLayout, batch, 64 + batch.records.length * 32);
}

export function decodeBatch(bytes: Uint8Array): Result<Batch, Malformed> {
  return decode('batch', batchLayout, bytes);
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
