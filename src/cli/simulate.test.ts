import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

test('[SM19] a simulation that passes exits with 0 and says all as JSON', async () => {
  const { code, stdout, stderr } = await sensorium('--seed', '3', '--nodes', '2', '--for', '5', '--json');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, seeds: 1, failures: [] });
  expect(stderr).toBe('');
});

test('[SM19] an unknown family of faults is refused with those that are known, before anything runs', async () => {
  const { code, stdout, stderr } = await sensorium('--faults', 'floods');

  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('faults are all, none, or a list of loss');
});

function sensorium(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'simulate', ...args];
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
