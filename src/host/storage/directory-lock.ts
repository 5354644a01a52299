// Keeps two processes out of one data directory. SPEC rules ST26, ST27.
//
// A lock is a symbolic link `lock.<number>` to nothing, whose target names its owner: it is made whole or refused at
// once, and needs no room on a disk that is full. Who finds the highest one's owner gone makes the next number, which
// only one can, and has the lock if no higher one came up meanwhile. The highest is never removed before there is a
// higher one, so no two can make the same number one after the other.

import { readdir, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^lock\.(\d{1,9})$/;
const OWNER = /^(\d{1,10}) (.*)$/;
const TRIES = 10;

interface Owner {
  readonly pid: number;
  /** When the process started, in the system's own count, and the start of the system: '' where it does not say. */
  readonly started: string;
}

/** The process has ended and nobody has asked how. */
const ENDED = 'ended';
const NOBODY: Owner = { pid: 0, started: '' };

export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly pid: number;

  constructor(path: string, pid: number) {
    super(`${path} is in use by process ${pid}`);
    this.pid = pid;
  }
}

export class DirectoryLock {
  readonly #path: string;
  readonly #number: number;

  private constructor(path: string, number: number) {
    this.#path = path;
    this.#number = number;
  }

  static async take(path: string): Promise<DirectoryLock> {
    const self: Owner = { pid: process.pid, started: await startOf(process.pid) };
    for (let tries = 0; tries < TRIES; tries++) {
      const number = await highest(path);
      const owner = number === 0 ? NOBODY : await ownerIn(join(path, nameOf(number)));
      if (await isAlive(owner)) throw new LockedError(path, owner.pid);

      const own = number + 1;
      if (!(await make(path, own, self))) continue;
      if ((await highest(path)) === own) {
        await removeBelow(path, own);
        return new DirectoryLock(path, own);
      }
      await unlink(join(path, nameOf(own)));
    }
    throw new LockedError(path, (await ownerIn(join(path, nameOf(await highest(path))))).pid);
  }

  async release(): Promise<void> {
    // Refused, it is taken over as that of a process that is gone.
    if (await make(this.#path, this.#number + 1, NOBODY))
      await unlink(join(this.#path, nameOf(this.#number)));
  }
}

function nameOf(number: number): string {
  return `lock.${number}`;
}

/** Whether this process made it. */
async function make(path: string, number: number, { pid, started }: Owner): Promise<boolean> {
  try {
    await symlink(`${pid} ${started}`, join(path, nameOf(number)));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function highest(path: string): Promise<number> {
  const names = await readdir(path);
  return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
}

async function removeBelow(path: string, own: number): Promise<void> {
  for (const name of await readdir(path)) {
    const number = Number(NAME.exec(name)?.[1] ?? own);
    // Another process may do the same.
    if (number < own) await unlink(join(path, name)).catch(() => {});
  }
}

/** What names nobody belongs to nobody. */
async function ownerIn(lock: string): Promise<Owner> {
  try {
    const [, pid, started] = OWNER.exec(await readlink(lock)) ?? [];
    return pid === undefined || started === undefined ? NOBODY : { pid: Number(pid), started };
  } catch (error) {
    // Gone meanwhile, or no link.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EINVAL') return NOBODY;
    throw error;
  }
}

/** A process of that id that started at another time is another one. (ST27) */
async function isAlive({ pid, started }: Owner): Promise<boolean> {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process lives as well.
    if (codeOf(error) !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return started === '' || now === '' || now === started;
}

async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    // The second field is a name in brackets and may hold anything; the third is the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? ENDED : `${boot.trim()}/${fields[19]}`;
  } catch {
    // A system without /proc.
    return '';
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
