// Takes what a running node has frozen to a directory, file by file with its check sum. SPEC rule SK22.

import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frozen } from '../../control/request.ts';
import { parsePeerId } from '../../model/ids.ts';
import { EXIT, Failure } from '../failure.ts';
import { copyFile } from './copy-file.ts';
import { type BackupFile, MANIFEST, type Manifest, manifestText } from './manifest.ts';

export type BackupProgress = (bytes: number, of: number) => void;

/** Refuses a directory that has something in it, so that no backup is written over. */
export async function checkTarget(directory: string): Promise<void> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new Failure(`${directory} cannot be used: ${cause.message}`, EXIT.usage, { cause });
  });
  if (names.length > 0) throw new Failure(`${directory} is not empty`, EXIT.usage);
}

export async function takeBackup(
  { staging, node, ...frozen }: Frozen,
  directory: string,
  progress: BackupProgress,
): Promise<Manifest> {
  const peer = parsePeerId(node);
  if (!peer.ok) throw new Failure(peer.problem);
  try {
    const names = await filesIn(staging);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(staging, name))).size));
    const of = sizes.reduce((sum, size) => sum + size, 0);
    await mkdir(join(directory, 'store'), { recursive: true, mode: 0o700 });
    let done = 0;
    const files: BackupFile[] = [];
    for (const path of names) {
      const copied = await copyFile(join(staging, path), join(directory, path), {
        sparse: true,
        copied: (bytes) => {
          done += bytes;
          progress(done, of);
        },
      });
      files.push({ path, ...copied });
    }
    const manifest: Manifest = { node: peer.value, ...frozen, taken: new Date().toISOString(), files };
    await writeDurably(directory, MANIFEST, manifestText(manifest));
    return manifest;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function filesIn(staging: string): Promise<readonly string[]> {
  const above = (await readdir(staging)).filter((name) => name !== 'store');
  const store = (await readdir(join(staging, 'store'))).map((name) => join('store', name));
  return [...above, ...store];
}

async function writeDurably(directory: string, name: string, text: string): Promise<void> {
  const draft = join(directory, `${name}.new`);
  const file = await open(draft, 'w', 0o600);
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(draft, join(directory, name));
  for (const path of [join(directory, 'store'), directory]) {
    const folder = await open(path, 'r');
    await folder.sync();
    await folder.close();
  }
}
