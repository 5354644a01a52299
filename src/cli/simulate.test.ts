import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

test('[SM24] a plot is a picture and its numbers in the directory, and the same numbers in the terminal', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-plot-'));

  const { code, stdout, stderr } = await sensorium(
    ...['--plot', 'convergence', '--nodes', '4,20', '--loss', '0,20', '--interval', '200', '--seeds', '1'],
    ...['--out', directory],
  );

  const files = readdirSync(directory);
  const csv = readFileSync(join(directory, 'convergence.csv'), 'utf8').trimEnd().split('\n');
  const svg = readFileSync(join(directory, 'convergence.svg'), 'utf8');
  rmSync(directory, { recursive: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(files.toSorted()).toEqual(['convergence.csv', 'convergence.svg']);
  // Two sizes, two losses, in rounds and in milliseconds, under a heading.
  expect(csv).toHaveLength(9);
  expect(svg).toContain('gossip every 200 ms');
  for (const row of csv.slice(1)) expect(stdout).toContain(row.split(',')[6]);
});

test('[SM24] a size, a loss or an interval that cannot be is one line, and nothing is written', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-plot-'));
  const wrong = [
    [['--nodes', '3-12'], 'with --plot it is a list'],
    [['--loss', '120'], 'whole numbers from 0 to 90'],
  ] as const;

  for (const [args, said] of wrong) {
    const { code, stdout, stderr } = await sensorium('--plot', 'bytes', '--out', directory, ...args);

    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(said);
  }

  const files = readdirSync(directory);
  rmSync(directory, { recursive: true });
  expect(files).toEqual([]);
});

function sensorium(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'simulate', ...args];
    execFile(process.execPath, command, { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
