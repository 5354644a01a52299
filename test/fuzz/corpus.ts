// The kept corpus: inputs that brought a decoder to an answer it had not given before, and those that once broke it. Each
// run begins with them.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOfHex, hexOf } from './fuzzer.ts';

const DIRECTORY = join(import.meta.dirname, 'corpus');
const KEPT_MAX = 64;
/** What is larger says mostly the same as what is smaller. */
const KEPT_BYTES_MAX = 256;

export function corpusOf(target: string): readonly Uint8Array[] {
  const path = pathOf(target);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(bytesOfHex);
}

/** The smallest ones, one a line in hex. */
export function keep(target: string, found: Iterable<Uint8Array>): void {
  const lines = [...corpusOf(target), ...found]
    .filter((bytes) => bytes.length <= KEPT_BYTES_MAX)
    .sort((a, b) => a.length - b.length)
    .map(hexOf);
  const kept = [...new Set(lines)].slice(0, KEPT_MAX);
  writeFileSync(pathOf(target), kept.map((line) => `${line}\n`).join(''));
}

function pathOf(target: string): string {
  return join(DIRECTORY, `${target}.hex`);
}
