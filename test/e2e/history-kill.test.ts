// A process that writes its history log to a real disk is killed at any moment, or refused a write: what it answered
// is there.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NodeInTest } from '../../src/host/storage/testing.ts';
import { continues } from '../../src/wire/entry.ts';

const WRITER = fileURLToPath(new URL('./history-writer.ts', import.meta.url));
const KILLS = 4;
/** A file may grow no larger from here on; the next segment would. */
const FILE_BYTES_MAX = 900_000;

test('[ST35] a process that is killed at any moment has in its log all that was answered', async () => {
  await inDirectory(async (dataDir) => {
    let answered = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const lines = 120 * kill;
      const told = await writtenBy(dataDir, kill, (line, child) => {
        if (line === lines) child.kill('SIGKILL');
      });
      answered = Number(told.at(-1));

      const found = await readBack(dataDir);

      expect(found.last).toBeGreaterThanOrEqual(answered);
      expect(found.isRow).toBe(true);
      expect(found.report).toEqual([]);
    }
    expect(answered).toBeGreaterThan(500);
  });
});

test('[ST23] after a write that a real disk refused nothing is answered any more, and what was answered is there', async (context) => {
  if (spawnSync('prlimit', ['--version']).status !== 0) context.skip('there is no prlimit here');
  await inDirectory(async (dataDir) => {
    const told = await writtenBy(dataDir, 1, (line, child, text) => {
      if (line === 40) spawnSync('prlimit', [`--pid=${child.pid}`, `--fsize=${FILE_BYTES_MAX}`]);
      if (text.startsWith('failed')) setTimeout(() => child.kill('SIGKILL'), 200);
    });

    const found = await readBack(dataDir);

    const failed = told.findIndex((text) => text.startsWith('failed'));
    expect(told[failed]).toMatch(/^failed broken: write .*(?:history|outbox)-\d{8}\.log: EFBIG/);
    expect(told.slice(failed + 1)).toEqual([]);
    expect(found.last).toBeGreaterThanOrEqual(Number(told[failed - 1]));
    expect(found.isRow).toBe(true);
    expect(found.report).toEqual([]);
  });
});

/** All lines of a writer until it has ended. */
async function writtenBy(
  dataDir: string,
  seed: number,
  heard: (line: number, child: ChildProcess, text: string) => void,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, dataDir, String(seed)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const lines: string[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    lines.push(text);
    heard(lines.length, child, text);
  }
  await ended;
  return lines;
}

async function readBack(dataDir: string) {
  const node = await NodeInTest.open(dataDir);
  const entries = await node.readAll();
  const { opened, store } = node;
  const last = store.logEnd;
  const isWhole = entries.at(-1)?.index === last && entries[0]?.index === store.logStart;
  const isChained = entries.every((entry, at) => {
    const before = entries[at - 1];
    return before === undefined || (entry.index === before.index + 1 && continues(before.chain, entry));
  });
  await node.end();
  const report = opened.report.filter(({ kind }) => kind !== 'torn' && kind !== 'superblock-copy');
  return { last, isRow: isWhole && isChained, report };
}

async function inDirectory(body: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sensorium-kill-'));
  try {
    await body(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
