import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sensorium-'));
});

afterEach(() => rmSync(base, { recursive: true }));

test('[ST26] a directory is made with all that is missing above it, for its owner alone, and again without harm', async () => {
  const path = join(base, 'a', 'b', 'c');

  await makeDirectory(path, 0o700);
  await makeDirectory(path, 0o700);

  expect(statSync(path).isDirectory()).toBe(true);
  expect(statSync(join(base, 'a')).mode & 0o777).toBe(0o700);
});

test('[ST26] a file in the way is an error', async () => {
  writeFileSync(join(base, 'file'), '');

  await expect(makeDirectory(join(base, 'file'), 0o700)).rejects.toThrow('EEXIST');
  await expect(makeDirectory(join(base, 'file', 'below'), 0o700)).rejects.toThrow('ENOTDIR');
});

test('[ST26] where the system makes nothing it is an error soon, not a wait', async (context) => {
  if (!existsSync('/proc/self')) context.skip('there is no /proc here');

  await expect(makeDirectory('/proc/sensorium/below', 0o700)).rejects.toThrow('ENOENT');
});
