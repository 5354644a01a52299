import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sensorium-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('[HO12] a log file of its size is set aside whole, and so many former ones are kept', () => {
  const file = fileOf({ maxBytes: 20, keep: 2 });

  for (const line of ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'])
    file.write(`${line} line\n`);
  file.close();

  expect(readdirSync(directory).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  expect(textOf('a.log')).toBe('eight line\n');
  expect(textOf('a.log.1')).toBe('six line\nseven line\n');
  expect(textOf('a.log.2')).toBe('four line\nfive line\n');
});

test('[HO12] a log of which no former file is kept begins anew, and one without a limit goes on', () => {
  const small = fileOf({ maxBytes: 20, keep: 0 });
  for (const line of ['one', 'two', 'three']) small.write(`${line} line\n`);
  small.close();
  const few = textOf('a.log');

  const large = fileOf({ maxBytes: 'never', keep: 0 });
  for (const line of ['four', 'five', 'six']) large.write(`${line} line\n`);
  large.close();

  expect(few).toBe('three line\n');
  expect(textOf('a.log')).toBe('three line\nfour line\nfive line\nsix line\n');
  expect(readdirSync(directory)).toEqual(['a.log']);
});

test('[HO12] a file that another program has moved away is opened anew by its name', () => {
  const file = fileOf({ maxBytes: 'never', keep: 0 });
  file.write('before\n');
  renameSync(join(directory, 'a.log'), join(directory, 'moved.log'));

  file.write('still\n');
  file.reopen();
  file.write('after\n');
  file.close();

  expect(textOf('moved.log')).toBe('before\nstill\n');
  expect(textOf('a.log')).toBe('after\n');
});

function fileOf(options: { readonly maxBytes: number | 'never'; readonly keep: number }): RotatingFile {
  return new RotatingFile({ path: join(directory, 'a.log'), clear: false, ...options });
}

function textOf(name: string): string {
  return readFileSync(join(directory, name), 'utf8');
}
