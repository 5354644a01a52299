// Where a node keeps all of its own: `<DATA_DIR>/<node id>/`, of which the peer's durable memory takes `store/`.
// SPEC rules ST26-ST29.

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HardState } from '../../model/durable.ts';
import { type Identity, type PeerId, parsePeerId } from '../../model/ids.ts';
import { DirectoryLock, LockedError } from './directory-lock.ts';
import { FileDisk } from './file-disk.ts';
import { makeDirectory } from './make-directory.ts';

const NODE_ID_FILE = 'node-id';
const STORE = 'store';
/** Only the owner reads what a node keeps. */
const MODE = 0o700;
const ID_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

export type DirectoryProblem =
  | 'in-use'
  | 'unusable'
  | 'bad-node-id'
  | 'newer-format'
  | 'other-node'
  | 'full'
  | 'broken';

/** The operator can do something about it: one line, exit code 2. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
  readonly exitCode = 2;
  readonly problem: DirectoryProblem;

  constructor(problem: DirectoryProblem, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.problem = problem;
  }
}

export interface DataDirectoryOptions {
  readonly dataDir: string;
  /** Null: the one in `<dataDir>/node-id`, which is drawn once. */
  readonly node: PeerId | null;
  /** Whether the peer's durable memory is wiped first. */
  readonly clear: boolean;
}

export class DataDirectory {
  readonly path: string;
  readonly node: PeerId;
  readonly disk: FileDisk;
  readonly #lock: DirectoryLock;

  private constructor(path: string, node: PeerId, disk: FileDisk, lock: DirectoryLock) {
    this.path = path;
    this.node = node;
    this.disk = disk;
    this.#lock = lock;
  }

  /** Throws `DataDirectoryError`. */
  static async open(options: DataDirectoryOptions): Promise<DataDirectory> {
    const { dataDir, clear } = options;
    try {
      await makeDirectory(dataDir, MODE);
      const node = options.node ?? (await nodeIdOf(dataDir));
      const path = join(dataDir, node);
      await makeDirectory(path, MODE);
      const lock = await DirectoryLock.take(path);
      if (clear) await rm(join(path, STORE), { recursive: true, force: true });
      return new DataDirectory(path, node, await FileDisk.open(join(path, STORE)), lock);
    } catch (error) {
      throw explained(error, dataDir);
    }
  }

  /** Once the store is closed. */
  release(): Promise<void> {
    return this.#lock.release();
  }
}

/** The life of a node with a directory that was never used. */
export function freshHardState(): HardState {
  return { identity: { birth: 1, random: randomOf() }, incarnation: 0 };
}

/** A life with the same directory under a later name, where the former one may not be continued. */
export function laterIdentity(identity: Identity): Identity {
  return { birth: identity.birth + 1, random: randomOf() };
}

function randomOf(): string {
  return randomBytes(8).toString('hex');
}

/** Two processes that start at once draw one id: only one of them links its own. */
async function nodeIdOf(dataDir: string): Promise<PeerId> {
  const file = join(dataDir, NODE_ID_FILE);
  const draft = `${file}-${randomBytes(6).toString('hex')}.new`;
  let text = await textOf(file);
  if (text === null) {
    const letters = [...randomBytes(6)].map((byte) => ID_LETTERS.charAt(byte % ID_LETTERS.length));
    await writeFile(draft, `node-${letters.join('')}\n`, { flush: true });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(draft);
    text = await readFile(file, 'utf8');
  }
  const node = parsePeerId(text.trim());
  if (!node.ok) throw new DataDirectoryError('bad-node-id', `${file}: ${node.problem}`);
  return node.value;
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function explained(error: unknown, dataDir: string): unknown {
  if (error instanceof DataDirectoryError || !(error instanceof Error)) return error;
  if (error instanceof LockedError) {
    return new DataDirectoryError(
      'in-use',
      `the data directory ${error.message}: stop it, or set another NODE_ID or DATA_DIR`,
    );
  }
  const message = `DATA_DIR ${dataDir} cannot be used: ${error.message}`;
  return 'code' in error ? new DataDirectoryError('unusable', message, { cause: error }) : error;
}
