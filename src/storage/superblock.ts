// What a peer must never forget, in one file of two copies, each checked by its CRC. A save writes the older copy,
// then the other, so that a crash leaves one whole copy and later rot of one loses nothing. SPEC rules ST12-ST14.
//
//    0 magic   4 crc of the rest   8 format   12 generation   20 flags   24 last segment
//   32 floor: identity, index      64 lengths and bytes of node id and hard state

import { assert } from '../kit/assert.ts';
import { crc32 } from '../kit/crc32.ts';
import type { HardState } from '../model/durable.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import { decodeHardState, encodeHardState } from '../wire/durable.ts';
import type { Disk, DiskFile } from './disk.ts';
import { identityAt, putIdentity, putSafeInteger, safeIntegerAt, viewOf } from './fields.ts';
import { STORAGE_FORMAT } from './segment.ts';
import { need, run, StorageFailure, type StorageProblem, type Task } from './task.ts';

export const SUPERBLOCK_NAME = 'superblock';
const COPY_BYTES = 4_096;
const COPIES = 2;
const MAGIC = 0x4253_4e53;
const TEXT_AT = 64;
const HAS_FLOOR = 1;
const TAIL_UNKNOWN = 2;

export interface SuperblockState {
  /** Null: the directory was never used. */
  readonly hardState: HardState | null;
  /** Records of the hard state's identity are lost and nobody knows how many: it may not be continued. */
  readonly tailUnknown: boolean;
  /** The highest number a segment was created under; 0 for none. */
  readonly lastSegment: number;
  /** An index known durable when this was written. */
  readonly floor: { readonly identity: Identity; readonly index: number } | null;
}

export interface SuperblockCopy {
  readonly generation: number;
  readonly state: SuperblockState;
}

export type SuperblockContent =
  | { readonly kind: 'unused' }
  /** Both copies are bad. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'found'; readonly copy: SuperblockCopy; readonly badCopies: readonly number[] };

/** Reads the superblock and changes nothing. Refuses another node's, and that of a later format. (ST14) */
export function* readSuperblock(disk: Disk, names: readonly string[], node: PeerId): Task<SuperblockContent> {
  if (!names.includes(SUPERBLOCK_NAME)) return { kind: 'unused' };

  const file = yield* need<DiskFile>((done) => disk.open(SUPERBLOCK_NAME, done));
  const copies: (SuperblockCopy | null)[] = [];
  // The first save of all writes one copy and then the other: until it has ended, one of them is zeros.
  let isUnused = false;
  for (let copy = 0; copy < COPIES; copy++) {
    const bytes = yield* readCopy(file, copy);
    isUnused ||= bytes?.every((byte) => byte === 0) ?? false;
    copies.push(bytes && decodeCopy(bytes, node));
  }
  yield* need<null>((done) => file.close(done));

  const newest = copies.reduce((a, b) => (a && b ? (a.generation > b.generation ? a : b) : (a ?? b)), null);
  if (newest === null) return { kind: isUnused ? 'unused' : 'lost' };
  const badCopies = [...copies.keys()].filter((at) => copies[at]?.generation !== newest.generation);
  return { kind: 'found', copy: newest, badCopies };
}

/** A superblock of zeros, durable. */
export function* createSuperblock(disk: Disk): Task<null> {
  const file = yield* need<DiskFile>((done) => disk.create(SUPERBLOCK_NAME, COPIES * COPY_BYTES, done));
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => file.close(done));
  return yield* need<null>((done) => disk.syncDirectory(done));
}

/** Makes both copies say the same, the one that is worth less first. */
export function saveSuperblock(
  file: DiskFile,
  node: PeerId,
  worse: number,
  copy: SuperblockCopy,
): Task<null> {
  return writeBoth(file, encodeCopy(copy, node), worse);
}

/** Saves one state after another; what is asked while one is written goes into the next. */
export class Superblock {
  readonly #file: DiskFile;
  readonly #node: PeerId;
  readonly #compose: () => SuperblockState;
  readonly #failed: (problem: StorageProblem) => void;
  #generation: number;
  #waiting: (() => void)[] = [];
  #isWriting = false;

  constructor(
    file: DiskFile,
    node: PeerId,
    generation: number,
    compose: () => SuperblockState,
    failed: (problem: StorageProblem) => void,
  ) {
    this.#file = file;
    this.#node = node;
    this.#generation = generation;
    this.#compose = compose;
    this.#failed = failed;
  }

  /** Answered once a state composed after this call is durable. A failed save is never answered. */
  save(done: () => void): void {
    this.#waiting.push(done);
    if (!this.#isWriting) this.#write();
  }

  close(done: () => void): void {
    this.#file.close(done);
  }

  #write(): void {
    this.#isWriting = true;
    const answered = this.#waiting;
    this.#waiting = [];
    const copy = { generation: ++this.#generation, state: this.#compose() };
    run(
      saveSuperblock(this.#file, this.#node, 0, copy),
      () => {
        this.#isWriting = false;
        for (const done of answered) done();
        if (this.#waiting.length > 0 && !this.#isWriting) this.#write();
      },
      this.#failed,
    );
  }
}

function* writeBoth(file: DiskFile, bytes: Uint8Array, first: number): Task<null> {
  for (const copy of [first, 1 - first]) {
    yield* need<null>((done) => file.write(copy * COPY_BYTES, bytes, done));
    yield* need<null>((done) => file.sync(done));
  }
  return null;
}

/** Null where the disk does not give it. */
function* readCopy(file: DiskFile, copy: number): Task<Uint8Array | null> {
  try {
    return yield* need<Uint8Array>((done) => file.read(copy * COPY_BYTES, COPY_BYTES, done));
  } catch (error) {
    if (error instanceof StorageFailure) return null;
    throw error;
  }
}

function encodeCopy(copy: SuperblockCopy, node: PeerId): Uint8Array {
  const { hardState, tailUnknown, lastSegment, floor } = copy.state;
  const bytes = new Uint8Array(COPY_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, STORAGE_FORMAT, true);
  putSafeInteger(view, 12, copy.generation);
  view.setUint32(20, (floor ? HAS_FLOOR : 0) | (tailUnknown ? TAIL_UNKNOWN : 0), true);
  view.setUint32(24, lastSegment, true);
  if (floor) {
    putIdentity(view, 32, floor.identity);
    putSafeInteger(view, 48, floor.index);
  }

  const name = new TextEncoder().encode(node);
  const state = hardState ? encodeHardState(hardState) : new Uint8Array(0);
  assert(TEXT_AT + 4 + name.length + state.length <= COPY_BYTES, 'a hard state fits the superblock');
  view.setUint16(TEXT_AT, name.length, true);
  view.setUint16(TEXT_AT + 2, state.length, true);
  bytes.set(name, TEXT_AT + 4);
  bytes.set(state, TEXT_AT + 4 + name.length);
  view.setUint32(4, crc32(bytes, 8, COPY_BYTES, 0), true);
  return bytes;
}

function decodeCopy(bytes: Uint8Array, node: PeerId): SuperblockCopy | null {
  const view = viewOf(bytes);
  if (bytes.length < COPY_BYTES || view.getUint32(0, true) !== MAGIC) return null;
  if (view.getUint32(4, true) !== crc32(bytes, 8, COPY_BYTES, 0)) return null;
  const format = view.getUint32(8, true);
  if (format > STORAGE_FORMAT) {
    throw new StorageFailure({ kind: 'newer-format', found: format, supported: STORAGE_FORMAT });
  }

  const nameEnd = TEXT_AT + 4 + view.getUint16(TEXT_AT, true);
  const stateEnd = nameEnd + view.getUint16(TEXT_AT + 2, true);
  const found = String.fromCharCode(...bytes.subarray(TEXT_AT + 4, nameEnd));
  if (found !== node) throw new StorageFailure({ kind: 'other-node', found, expected: node });
  const hardState = stateEnd === nameEnd ? null : decodeHardState(bytes.subarray(nameEnd, stateEnd));
  if (hardState !== null && !hardState.ok) return null;

  const flags = view.getUint32(20, true);
  const hasFloor = (flags & HAS_FLOOR) !== 0;
  return {
    generation: safeIntegerAt(view, 12),
    state: {
      hardState: hardState?.value ?? null,
      tailUnknown: (flags & TAIL_UNKNOWN) !== 0,
      lastSegment: view.getUint32(24, true),
      floor: hasFloor ? { identity: identityAt(view, 32), index: safeIntegerAt(view, 48) } : null,
    },
  };
}
