// Makes a directory with all that is missing above it. Node's own recursive `mkdir` never ends where the system
// answers that a thing does not exist although its parent does, as in /proc. SPEC rule ST26.

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(resolve(path));
    if (code !== 'ENOENT' || parent === resolve(path) || (await exists(parent))) throw error;
    await makeDirectory(parent, mode);
    await makeDirectory(path, mode);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
