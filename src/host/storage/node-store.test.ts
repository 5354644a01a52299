// The history log on a real disk: begun again from a base, mended after rot, full, and refused.

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { crc32 } from '../../kit/crc32.ts';
import type { Entry } from '../../model/entry.ts';
import { viewOf } from '../../storage/fields.ts';
import { bob } from '../../storage/testing.ts';
import { DataDirectory, DataDirectoryError } from './data-directory.ts';
import { NodeStore } from './node-store.ts';
import { NodeInTest } from './testing.ts';

const STORE = join('ann', 'store');
/** The outbox takes 17 MB of it, the rest is for the history log and what stands in its way. */
const SMALL_DISK = '40m';

test('[ST44] a log that was trimmed begins again at its base, and a joiner is given that base', async () => {
  await inDirectory(async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    for (const index of [20, 40, 60]) {
      await node.append(Array.from({ length: 20 }, () => node.order.next(90_000)));
      await node.append([node.order.next(0)]);
      await node.saveBase(index);
    }
    const before = await segmentsIn(dataDir);
    node.store.trimLog(40);
    await until(async () => (await segmentsIn(dataDir)).length < before.length);
    const expected = node.order.entries;
    await node.end();

    const again = await NodeInTest.open(dataDir);

    expect(again.opened.renamed).toBe(null);
    expect(again.opened.report).toEqual([]);
    expect(again.log.start).toBe(41);
    expect(again.log.base?.index).toBe(60);
    expect(again.log.earlier?.map(({ index }) => index)).toEqual([40]);
    expect(again.log.entries.map(({ index }) => index)).toEqual([61, 62, 63]);
    expect(chainsOf(await again.readAll())).toEqual(chainsOf(expected.slice(40)));
    await again.append([again.order.next(50)]);
    await again.end();
    const third = await NodeInTest.open(dataDir);
    expect(third.log.entries.map(({ index }) => index)).toEqual([61, 62, 63, 64]);
    await third.end();
  });
});

test('[ST45] rot on a real disk is found by the scrub, and what other peers have mends it for good', async () => {
  await inDirectory(async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    for (let i = 0; i < 40; i++) await node.append([node.order.next(60_000)]);
    const [first = ''] = await segmentsIn(dataDir);
    await flipBit(join(dataDir, STORE, first), 200_000);

    for (let steps = 0; steps < 10 && node.store.logHoles.length === 0; steps++) await scrub(node);

    // What is wrong may have said that the entry before it, which was not known committed then, had left the log.
    expect(node.store.logHoles).toEqual([{ from: 3, to: 4 }]);
    expect(node.events.filter(({ type }) => type === 'log-damaged').length).toBe(1);
    expect((await node.readAll()).length).toBe(2);
    const mended = await new Promise((done) => node.store.mendLog(node.order.entries.slice(2, 4), done));
    expect(mended).toBe(true);
    expect(chainsOf(await node.readAll())).toEqual(chainsOf(node.order.entries));
    await node.end();
    const again = await NodeInTest.open(dataDir);
    expect(again.opened.report).toEqual([]);
    expect(again.log.damaged).toEqual([]);
    expect(chainsOf(await again.readAll())).toEqual(chainsOf(node.order.entries));
    await again.end();
  });
});

test('[ST42] on a real disk without space the order goes on, readings wait, and nothing answered is lost', async (context) => {
  await onSmallDisk(context, async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    await writeFile(join(dataDir, 'ballast'), new Uint8Array(12_000_000));
    let answered = 0;
    let asked = 0;
    const append = (): void => {
      asked++;
      void node.append([node.order.next(90_000)]).then(() => answered++);
    };
    while (node.events.every(({ type }) => type !== 'full')) {
      append();
      await until(async () => answered === asked);
    }
    // More than what may be left of the segment that is written to.
    for (let i = 0; i < 60; i++) append();
    await untilNothingMoves(node);
    const stuck = asked - answered;

    await rm(join(dataDir, 'ballast'));
    await until(async () => answered === asked);
    await node.append([node.order.next(0)]);

    expect(stuck).toBeGreaterThan(0);
    expect(node.failures).toEqual([]);
    expect(node.events.map(({ type }) => type).filter((type) => type !== 'log-sealed')).toEqual([
      'full',
      'space',
    ]);
    await node.end();
    const again = await NodeInTest.open(dataDir);
    expect(chainsOf(await again.readAll())).toEqual(chainsOf(node.order.entries));
    await again.end();
  });
});

test('[ST42] on a real disk that is full an election still finds room', async (context) => {
  await onSmallDisk(context, async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    await fillUp(dataDir);
    // The last ones that fit; none is asked for that would have to wait.
    while (node.events.every(({ type }) => type !== 'full')) await node.append([node.order.next(10_000)]);

    for (let i = 0; i < 40; i++) await node.append([node.order.next(0)]);

    expect(node.failures).toEqual([]);
    await rm(join(dataDir, 'ballast'));
    await node.end();
    const again = await NodeInTest.open(dataDir);
    expect(chainsOf(await again.readAll())).toEqual(chainsOf(node.order.entries));
    await again.end();
  });
});

test('[ST29] a disk that may not be written is one line, and nothing on it is changed', async (context) => {
  await onSmallDisk(context, async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    await node.append([node.order.next(100)]);
    await node.end();
    const before = await contentsOf(join(dataDir, STORE));
    mount(context, ['-o', 'remount,ro', dataDir]);

    const problem = await refusalOf(NodeInTest.open(dataDir));

    expect(problem.exitCode).toBe(2);
    expect(problem.message).toContain('cannot be used: ');
    expect(problem.message).toContain('read-only file system');
    expect(problem.message).not.toContain('\n');
    expect(await contentsOf(join(dataDir, STORE))).toEqual(before);
  });
});

test('[ST14] a log of another node, or of a later format, is one line, and nothing of it is changed', async () => {
  await inDirectory(async (dataDir) => {
    const node = await NodeInTest.open(dataDir);
    await node.append([node.order.next(100)]);
    await node.end();
    const store = join(dataDir, STORE);
    const [first = ''] = await segmentsIn(dataDir);
    await mkdir(join(dataDir, 'bob', 'store'), { recursive: true });
    await writeFile(join(dataDir, 'bob', 'store', 'superblock'), await readFile(join(store, 'superblock')));
    const others = await contentsOf(join(dataDir, 'bob', 'store'));
    const asBob = await DataDirectory.open({ dataDir, node: bob, clear: false });
    const bounds = { outboxBytesMax: 1_000_000, outboxPolicy: 'block' } as const;

    const other = await refusalOf(
      NodeStore.openOrdered(asBob, bounds, { failed: () => {}, happened: () => {} }),
    );
    await writeLaterFormat(join(store, first));
    const before = await contentsOf(store);
    const later = await refusalOf(NodeInTest.open(dataDir));

    expect(other.message).toContain('belongs to node ann, not to bob');
    expect(await contentsOf(join(dataDir, 'bob', 'store'))).toEqual(others);
    expect(later.message).toContain('has storage format 2, this version reads up to 1');
    expect(later.message).not.toContain('\n');
    expect(await contentsOf(store)).toEqual(before);
  });
});

async function scrub(node: NodeInTest): Promise<void> {
  await new Promise<void>((done) => node.store.scrubLog(400_000, done));
}

async function segmentsIn(dataDir: string): Promise<readonly string[]> {
  const names = await readdir(join(dataDir, STORE));
  return names.filter((name) => name.startsWith('history-0')).sort();
}

function chainsOf(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ index, chain }) => `${index} ${chain.a} ${chain.b}`);
}

async function contentsOf(path: string): Promise<ReadonlyMap<string, number>> {
  const contents = new Map<string, number>();
  for (const name of await readdir(path)) {
    const bytes = await readFile(join(path, name));
    contents.set(name, crc32(bytes, 0, bytes.length, 0));
  }
  return contents;
}

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, offset);
  await file.close();
}

/** The header of the segment says that a later version wrote it. */
async function writeLaterFormat(path: string): Promise<void> {
  const bytes = await readFile(path);
  const view = viewOf(bytes);
  view.setUint32(8, 2, true);
  view.setUint32(4, crc32(bytes, 8, 128, 0), true);
  await writeFile(path, bytes);
}

/** Takes what is left of the disk. */
async function fillUp(dataDir: string): Promise<void> {
  const file = await open(join(dataDir, 'ballast'), 'w');
  try {
    for (;;) await file.write(new Uint8Array(4_096));
  } catch {
    await file.close();
  }
}

async function untilNothingMoves({ store }: NodeInTest): Promise<void> {
  const moved = (): number => store.counters().history_groups_total ?? 0;
  for (let before = -1; before !== moved(); ) {
    before = moved();
    await new Promise((turn) => setTimeout(turn, 200));
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await new Promise((turn) => setTimeout(turn, 20));
  }
  throw new Error('what is waited for does not come');
}

async function refusalOf(attempt: Promise<unknown>): Promise<DataDirectoryError> {
  const error = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  return must(error instanceof DataDirectoryError ? error : null, `the directory is refused (${error})`);
}

async function inDirectory(body: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sensorium-log-'));
  try {
    await body(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A file system of its own, in memory. */
async function onSmallDisk(context: TestContext, body: (dataDir: string) => Promise<void>): Promise<void> {
  await inDirectory(async (dataDir) => {
    mount(context, ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'sensorium-test', dataDir]);
    try {
      await body(dataDir);
    } finally {
      spawnSync('umount', ['-l', dataDir]);
    }
  });
}

function mount(context: TestContext, args: readonly string[]): void {
  const { status } = spawnSync('mount', args);
  if (status !== 0) context.skip('a file system may not be mounted here');
}
