// A program as a later release would be, as far as this one can tell: it speaks one version of the wire more and knows
// one format of the order's entries more. It is what was built here with those two numbers raised.

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const RAISED = [
  { file: 'wire/messages.js', from: 'export const PROTOCOL = 1;', to: 'export const PROTOCOL = 2;' },
  { file: 'wire/entry.js', from: 'export const ENTRY_FORMAT = 1;', to: 'export const ENTRY_FORMAT = 2;' },
];

/** Makes it in `directory`, and returns the file that runs it. */
export function laterRelease(directory: string): string {
  mkdirSync(directory, { recursive: true });
  for (const name of ['bin', 'dist', 'package.json']) {
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const { file, from, to } of RAISED) {
    const path = join(directory, 'dist', file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
    writeFileSync(path, text.replace(from, to));
  }
  return join(directory, 'bin', 'sensorium');
}
