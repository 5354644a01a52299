// The files that rows are appended to: a bounded number is open, of more the longest unused is closed, and what is
// to be written waits together, so that a file gets it in one piece. SPEC rules HI7, HI8.

import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

interface Waiting {
  bytes: Buffer;
  length: number;
}

/** Of more files the whole file system is synced at once: a hundred thousand one by one take minutes. */
const SYNC_EACH_MAX = 512;
const FIRST_BYTES = 512;
/** A UTF-16 unit takes at most so many bytes. */
const UTF8_PER_UNIT = 3;

export class OpenFiles {
  readonly #directory: string;
  readonly #openMax: number;
  /** The longest unused first. */
  readonly #open = new Map<string, number>();
  readonly #waiting = new Map<string, Waiting>();
  #pendingBytes = 0;
  /** Written to since they were last synced. */
  readonly #unsynced = new Set<string>();

  constructor(directory: string, openMax: number) {
    this.#directory = directory;
    this.#openMax = openMax;
  }

  /** What waits to be written. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get openCount(): number {
    return this.#open.size;
  }

  append(name: string, text: string): void {
    let waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      waiting = { bytes: Buffer.allocUnsafe(Math.max(FIRST_BYTES, text.length * UTF8_PER_UNIT)), length: 0 };
      this.#waiting.set(name, waiting);
    }
    // Bytes at once: strings that wait for long cost the collector of garbage more than their making.
    if (waiting.length + text.length * UTF8_PER_UNIT > waiting.bytes.length) grow(waiting, text.length);
    const added = waiting.bytes.write(text, waiting.length);
    waiting.length += added;
    this.#pendingBytes += added;
  }

  write(): void {
    for (const [name, { bytes, length }] of this.#waiting) {
      const file = this.#handle(name);
      this.#unsynced.add(name);
      for (let at = 0; at < length; ) at += writeSync(file, bytes, at, length - at);
    }
    this.#waiting.clear();
    this.#pendingBytes = 0;
  }

  /** Everything that was written is durable when it returns, but for the names of files that were made. */
  sync(): void {
    if (this.#unsynced.size > SYNC_EACH_MAX && syncFileSystem(this.#directory)) this.#unsynced.clear();
    for (const name of this.#unsynced) fdatasyncSync(this.#handle(name));
    this.#unsynced.clear();
  }

  /** Another file has taken the place of the one of this name, and is durable. */
  replaced(name: string): void {
    const file = this.#open.get(name);
    if (file !== undefined) closeSync(file);
    this.#open.delete(name);
    this.#unsynced.delete(name);
  }

  close(): void {
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }

  #handle(name: string): number {
    const known = this.#open.get(name);
    if (known !== undefined) {
      this.#open.delete(name);
      this.#open.set(name, known);
      return known;
    }
    if (this.#open.size >= this.#openMax) this.#closeOldest();
    const file = openSync(join(this.#directory, name), 'a', 0o600);
    this.#open.set(name, file);
    return file;
  }

  #closeOldest(): void {
    for (const [name, file] of this.#open) {
      this.#open.delete(name);
      closeSync(file);
      return;
    }
  }
}

/** By syncfs(2), for which the system has a program; false where it has none. */
function syncFileSystem(directory: string): boolean {
  return spawnSync('sync', ['-f', directory], { stdio: 'ignore' }).status === 0;
}

function grow(waiting: Waiting, units: number): void {
  const grown = Buffer.allocUnsafe(
    Math.max(waiting.bytes.length * 2, waiting.length + units * UTF8_PER_UNIT),
  );
  waiting.bytes.copy(grown, 0, 0, waiting.length);
  waiting.bytes = grown;
}
