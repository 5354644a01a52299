// A place in a file that is replaced as a whole: where the target is a directory, or cannot say where it stands.
// SPEC rules SK2, SK14.

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parsePlace, placeText } from './row.ts';
import type { SinkPlace } from './sink.ts';

export class PlaceFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<SinkPlace | null> {
    try {
      return parsePlace((await readFile(this.#path, 'utf8')).trim());
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
      throw cause;
    }
  }

  async save({ group, sequence }: SinkPlace): Promise<void> {
    const draft = `${this.#path}.new`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${placeText(group, sequence)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
    await syncDirectory(dirname(this.#path));
  }
}

/** A new name is durable once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
