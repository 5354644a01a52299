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

test('[ST2] what the system refuses is answered with the file and the reason', async () => {
  const { disk, path, end } = await diskInTest();
  await rm(path, { recursive: true });

  const result = await answer<DiskFile>((done) => disk.create('a', 1, done));

  expect(result.ok ? '' : result.problem.detail).toContain(join(path, 'a'));
  expect(result.ok ? '' : result.problem.detail).toContain('ENOENT');
  await end();
});

async function diskInTest(): Promise<{ disk: FileDisk; path: string; end: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'sensorium-disk-'));
  const disk = await FileDisk.open(path);
  return { disk, path, end: () => rm(path, { recursive: true, force: true }) };
}

function answer<T>(call: (done: Answer<T>) => void): Promise<Result<T, DiskProblem>> {
  return new Promise((resolve) => call(resolve));
}
