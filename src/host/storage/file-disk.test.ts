import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Result } from '../../kit/result.ts';
import { diskContract } from '../../storage/disk.contract.ts';
import type { Answer, DiskFile, DiskProblem } from '../../storage/disk.ts';
import { FileDisk } from './file-disk.ts';

diskContract('real directory', async () => {
  const { disk, end } = await diskInTest();
  return { disk, answer, end };
});

test('[ST2] the space of a created file is taken, and only its owner reads it', async () => {
  const { disk, path, end } = await diskInTest();

  await answer<DiskFile>((done) => disk.create('a', 1_500_000, done));

  const { blocks, mode } = await stat(join(path, 'a'));
  expect(blocks * 512).toBeGreaterThanOrEqual(1_500_000);
  expect(mode & 0o777).toBe(0o600);
  await end();
});

test('[ST2] a write larger than one call takes arrives whole', async () => {
  const { disk, path, end } = await diskInTest();
  const file = await answer<DiskFile>((done) => disk.create('a', 0, done));
  const data = Uint8Array.from({ length: 5_000_000 }, (_, at) => at % 253);

  if (file.ok) await answer<null>((done) => file.value.write(0, data, done));

  expect((await readFile(join(path, 'a'))).equals(data)).toBe(true);
  await end();
});

// Other systems have no such writes, or none that say as much as a sync.
const onLinux = test.skipIf(process.platform !== 'linux');
onLinux('[ST2] a write within a file that was synced needs no second call to be durable', async () => {
  const { disk, path, end } = await diskInTest();
  const file = must(await answer<DiskFile>((done) => disk.create('a', 4_096, done)));
  await answer<null>((done) => file.sync(done));
  // The file is opened once more beside the first writes.
  let turns = 0;
  while (disk.counters().disk_synced_writes_total === 0) await writeAndSync(file, turns++ % 9, 7);
  const before = disk.counters();

  for (let turn = 0; turn < 8; turn++) await writeAndSync(file, turn * 100, turn + 1);

  const content = await readFile(join(path, 'a'));
  expect(Array.from({ length: 8 }, (_, turn) => content[turn * 100])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(risen(disk, before, 'disk_synced_writes_total')).toBe(8);
  expect(risen(disk, before, 'disk_syncs_total')).toBe(8);
  await answer<null>((done) => file.close(done));
  await end();
});

test('[ST2] a file that has grown, or was written by another handle, is really synced', async () => {
  const { disk, end } = await diskInTest();
  const file = must(await answer<DiskFile>((done) => disk.create('a', 10, done)));
  await answer<null>((done) => file.sync(done));
  for (let turn = 0; turn < 10; turn++) await writeAndSync(file, 0, turn);
  const before = disk.counters();

  await answer<null>((done) => file.sync(done));
  await writeAndSync(file, 10, 1);

  expect(risen(disk, before, 'disk_synced_writes_total')).toBe(0);
  expect(risen(disk, before, 'disk_syncs_total')).toBe(2);
  await answer<null>((done) => file.close(done));
  await end();
});

test('[ST2] what the system refuses is answered with the file and the reason', async () => {
  const { disk, path, end } = await diskInTest();
  await rm(path, { recursive: true });

  const result = await answer<DiskFile>((done) => disk.create('a', 1, done));

  expect(result.ok ? '' : result.problem.detail).toContain(join(path, 'a'));
  expect(result.ok ? '' : result.problem.detail).toContain('ENOENT');
  await end();
});

async function writeAndSync(file: DiskFile, offset: number, byte: number): Promise<void> {
  await answer<null>((done) => file.write(offset, Uint8Array.of(byte), done));
  await answer<null>((done) => file.sync(done));
}

function risen(disk: FileDisk, before: { readonly [name: string]: number }, name: string): number {
  return (disk.counters()[name] ?? 0) - (before[name] ?? 0);
}

function must(result: Result<DiskFile, DiskProblem>): DiskFile {
  if (!result.ok) throw new Error(result.problem.detail);
  return result.value;
}

async function diskInTest(): Promise<{ disk: FileDisk; path: string; end: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'sensorium-disk-'));
  const disk = await FileDisk.open(path);
  return { disk, path, end: () => rm(path, { recursive: true, force: true }) };
}

function answer<T>(call: (done: Answer<T>) => void): Promise<Result<T, DiskProblem>> {
  return new Promise((resolve) => call(resolve));
}
