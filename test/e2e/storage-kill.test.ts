// kill -9 of a process that writes to a real disk: what it said was stored is there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DataDirectory } from '../../src/host/storage/data-directory.ts';
import { NodeStore } from '../../src/host/storage/node-store.ts';
import { ann } from '../../src/storage/testing.ts';

const WRITER = fileURLToPath(new URL('./storage-writer.ts', import.meta.url));
const KILLS = 6;

test('[ST17] a process that is killed at any moment has stored all that it acknowledged', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sensorium-kill-'));
  try {
    let acknowledged = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      acknowledged = Math.max(acknowledged, await killedAfter(dataDir, kill, 40 * kill));

      const found = await readBack(dataDir);

      expect(found.last).toBeGreaterThanOrEqual(acknowledged);
      expect(found.gaps).toEqual([]);
      expect(found.report).toEqual([]);
      acknowledged = found.last;
    }
    expect(acknowledged).toBeGreaterThan(1_000);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

/** The last n that the process had acknowledged when it was killed. */
async function killedAfter(dataDir: string, seed: number, lines: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, dataDir, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let last = 0;
  let left = lines;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    left--;
    if (left === 0) child.kill('SIGKILL');
  }
  await ended;
  expect(left).toBeLessThanOrEqual(0);
  return last;
}

async function readBack(dataDir: string) {
  const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
  const { store, recovered, report } = await NodeStore.open(directory, () => {});
  let last = recovered.snapshot?.ownN ?? 0;
  const gaps: string[] = [];
  for (const { records } of recovered.batches) {
    for (const record of records) {
      // A batch may begin inside of what the snapshot covers.
      if (record.n > last + 1) gaps.push(`${last} ${record.n}`);
      if (record.kind !== 'reading' || !String(record.value).startsWith(`${record.n}:`))
        gaps.push(`${record.n} is wrong`);
      last = Math.max(last, record.n);
    }
  }
  await store.close();
  await directory.release();
  return { last, gaps, report: report.filter(({ kind }) => kind !== 'torn' && kind !== 'superblock-copy') };
}
