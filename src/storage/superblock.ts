// What a peer must never forget, in one file of two copies, each checked by its CRC. A save writes the older copy,
// then the other, so that a crash leaves one whole copy and later rot of one loses nothing. SPEC rules ST12-ST14.

import type { PeerId } from '../model/ids.ts';
import type { Disk, DiskFile } from './disk.ts';
import {
  COPY_BYTES,
  decodeCopy,
  encodeCopy,
  type SuperblockCopy,
  type SuperblockState,
} from './superblock-copy.ts';
import { need, run, StorageFailure, type StorageProblem, type Task } from './task.ts';

export const SUPERBLOCK_NAME = 'superblock';
const COPIES = 2;

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
    const decoded = bytes && decodeCopy(bytes, node);
    isUnused ||= decoded === null && (bytes?.every((byte) => byte === 0) ?? false);
    copies.push(decoded);
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
  /** There was no space for it, which a file system may want even for what is there. */
  readonly #full: (detail: string) => void;

  constructor(
    file: DiskFile,
    node: PeerId,
    generation: number,
    compose: () => SuperblockState,
    failed: (problem: StorageProblem) => void,
    full: (detail: string) => void,
  ) {
    this.#full = full;
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

  /** There may be space again. */
  tryAgain(): void {
    if (this.#waiting.length > 0 && !this.#isWriting) this.#write();
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
      (problem) => this.#refused(problem, answered),
    );
  }

  #refused(problem: StorageProblem, answered: readonly (() => void)[]): void {
    if (problem.kind !== 'full') {
      this.#failed(problem);
      return;
    }
    this.#isWriting = false;
    this.#waiting = [...answered, ...this.#waiting];
    this.#full(problem.detail);
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
