// Puts a backup where a node can start from it. The copy is another disk to the site: what the node did after the backup is
// nowhere in it, so it goes on under a later identity, and neither votes nor counts in a group as the one it was copied
// from. SPEC rule SK23.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirectory, laterIdentity } from '../../host/storage/data-directory.ts';
import { NodeStore } from '../../host/storage/node-store.ts';
import { type Finding, findingText } from '../../storage/finding.ts';
import { EXIT, Failure } from '../failure.ts';
import { copyFile } from './copy-file.ts';
import { MANIFEST, type Manifest, parseManifest } from './manifest.ts';

const BOUNDS = { outboxBytesMax: Number.MAX_SAFE_INTEGER, outboxPolicy: 'block' } as const;

export interface Restored {
  readonly manifest: Manifest;
  readonly found: readonly string[];
}

export async function manifestOf(directory: string): Promise<Manifest> {
  const text = await readFile(join(directory, MANIFEST), 'utf8').catch((cause: unknown) => {
    throw new Failure(
      `${directory} holds no backup, or one that was not finished: there is no ${MANIFEST}`,
      EXIT.usage,
      {
        cause,
      },
    );
  });
  const manifest = parseManifest(text);
  if (!manifest.ok) throw new Failure(`${directory}: ${manifest.problem}`, EXIT.usage);
  return manifest.value;
}

export async function restore(
  from: string,
  dataDir: string,
  progress: (bytes: number, of: number) => void,
): Promise<Restored> {
  const manifest = await manifestOf(from);
  const target = join(dataDir, manifest.node);
  const there = await readdir(target).catch(() => []);
  if (there.length > 0)
    throw new Failure(`${target} is not empty: a backup is restored into an empty one`, EXIT.usage);
  await mkdir(join(target, 'store'), { recursive: true, mode: 0o700 });
  try {
    await copyAll(manifest, from, target, progress);
    return { manifest, found: (await renamed(dataDir, manifest)).map(findingText) };
  } catch (cause) {
    // A directory that is half there would be taken for a damaged one.
    await rm(target, { recursive: true, force: true });
    throw cause;
  }
}

async function copyAll(
  { files }: Manifest,
  from: string,
  target: string,
  progress: (bytes: number, of: number) => void,
): Promise<void> {
  const of = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) {
    const copied = await copyFile(join(from, file.path), join(target, file.path), {
      sparse: false,
      copied: (bytes) => {
        done += bytes;
        progress(done, of);
      },
    }).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Failure(`${file.path} of the backup could not be copied: ${why}`, EXIT.failed, { cause });
    });
    if (copied.sha256 !== file.sha256 || copied.bytes !== file.bytes) {
      throw new Failure(`${join(from, file.path)} is not what was backed up: its check sum is another`);
    }
  }
}

/** The store repairs what a crash would have left; then it is told that it is another disk. */
async function renamed(dataDir: string, { node }: Manifest): Promise<readonly Finding[]> {
  const directory = await DataDirectory.open({ dataDir, node, clear: false });
  try {
    const { store, recovered, report } = await NodeStore.openOrdered(directory, BOUNDS, {
      failed: () => {},
      happened: () => {},
    });
    const { hardState } = recovered;
    const identity = laterIdentity(hardState.identity);
    await new Promise<void>((saved) => store.saveHardState({ ...hardState, identity }, saved));
    await store.close();
    return report;
  } finally {
    await directory.release();
  }
}
