// One of the two copies of a superblock as bytes. SPEC rules ST13, ST14.
//
//    0 magic   4 crc of the rest   8 format   12 generation   20 length   24 what is remembered

import { assert } from '../kit/assert.ts';
import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { crc32 } from '../kit/crc32.ts';
import type { HardState } from '../model/durable.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { decodeHardState, encodeHardState } from '../wire/durable.ts';
import { count, flag, identity, peerId } from '../wire/nouns.ts';
import { orNull } from '../wire/order-nouns.ts';
import { list, type Shape, struct } from '../wire/shape.ts';
import { putSafeInteger, safeIntegerAt, viewOf } from './fields.ts';
import { RANGES_MAX, type Range } from './history/ranges.ts';
import { STORAGE_FORMAT } from './segment.ts';
import { StorageFailure } from './task.ts';

export const COPY_BYTES = LIMITS.superblockBytesMax;
const MAGIC = 0x4253_4e53;
const HEAD_BYTES = 24;
/** A copy is written in whole sectors. */
const SECTOR_BYTES = 512;

/** How far something of one identity has come. */
export interface Mark {
  readonly identity: Identity;
  readonly index: number;
}

/** Which files of the history log there must be, and how far it was durable. */
export interface HistoryMark {
  /** Segments below this number were trimmed; from it on, none may be missing. */
  readonly firstSegment: number;
  /** The highest number a segment was created under; 0 for none. */
  readonly lastSegment: number;
  /** An index that was durable when this was written; never above where a cut has ended the log since. */
  readonly durable: number;
  /** Entries up to here are needed no more, though some may still be there. */
  readonly trimmed: number;
  /** Entries that were acknowledged once and are wrong or gone, until others have given them back. */
  readonly holes: readonly Range[];
  /** The same, behind the end of what was found: until the log has grown beyond it. */
  readonly owed: Range | null;
}

export interface SuperblockState {
  /** Null: the directory was never used. */
  readonly hardState: HardState | null;
  /** Records of the hard state's identity are lost and nobody knows how many: it may not be continued. */
  readonly tailUnknown: boolean;
  /** The highest number a segment of the outbox was created under; 0 for none. */
  readonly lastSegment: number;
  /** An index of the outbox known durable when this was written. */
  readonly floor: Mark | null;
  /** By identity: up to where the outbox is known to be ordered. */
  readonly ordered: readonly Mark[];
  readonly history: HistoryMark;
}

export const UNUSED: SuperblockState = {
  hardState: null,
  tailUnknown: false,
  lastSegment: 0,
  floor: null,
  ordered: [],
  history: { firstSegment: 1, lastSegment: 0, durable: 0, trimmed: 0, holes: [], owed: null },
};

export interface SuperblockCopy {
  readonly generation: number;
  readonly state: SuperblockState;
}

const hardState: Shape<HardState> = {
  text: 'hardState',
  write(writer, value) {
    const bytes = encodeHardState(value);
    writer.varint(bytes.length);
    writer.raw(bytes);
  },
  read(reader) {
    const state = decodeHardState(reader.raw(reader.varint()));
    if (state.ok) return state.value;
    reader.refuse('the hard state makes no sense');
    return { identity: { birth: 1, random: '0000000000000000' }, incarnation: 0 };
  },
};

const range = struct<Range>({ from: count, to: count });
const mark = struct<Mark>({ identity, index: count });

const remembered = struct<SuperblockState>({
  hardState: orNull(hardState),
  tailUnknown: flag,
  lastSegment: count,
  floor: orNull(mark),
  ordered: list(mark, LIMITS.identitiesPerOriginMax),
  history: struct<HistoryMark>({
    firstSegment: count,
    lastSegment: count,
    durable: count,
    trimmed: count,
    holes: list(range, RANGES_MAX),
    owed: orNull(range),
  }),
});

export function encodeCopy({ generation, state }: SuperblockCopy, node: PeerId): Uint8Array {
  const writer = new ByteWriter(SECTOR_BYTES);
  writer.zeros(HEAD_BYTES);
  peerId.write(writer, node);
  remembered.write(writer, state);
  const { length } = writer;
  assert(length <= COPY_BYTES, 'a hard state fits the superblock');
  writer.zeros(Math.ceil(length / SECTOR_BYTES) * SECTOR_BYTES - length);
  const bytes = writer.take();
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, STORAGE_FORMAT, true);
  putSafeInteger(view, 12, generation);
  view.setUint32(20, length, true);
  view.setUint32(4, crc32(bytes, 8, length, 0), true);
  return bytes;
}

/** Null where no whole copy stands. Throws for another node's, and for one of a later format. (ST14) */
export function decodeCopy(bytes: Uint8Array, node: PeerId): SuperblockCopy | null {
  if (bytes.length < HEAD_BYTES) return null;
  const view = viewOf(bytes);
  const length = view.getUint32(20, true);
  if (view.getUint32(0, true) !== MAGIC || length < HEAD_BYTES || length > bytes.length) return null;
  if (view.getUint32(4, true) !== crc32(bytes, 8, length, 0)) return null;
  const format = view.getUint32(8, true);
  if (format > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found: format, supported: STORAGE_FORMAT });
  }

  const reader = new ByteReader(bytes.subarray(0, length), HEAD_BYTES);
  const found = peerId.read(reader);
  if (!reader.failed && found !== node) {
    throw new StorageFailure({ kind: 'other-node', found, expected: node });
  }
  const state = remembered.read(reader);
  return reader.failed ? null : { generation: safeIntegerAt(view, 12), state };
}
