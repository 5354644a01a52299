// Old rows leave a file when the log is trimmed: not with each trim, which would copy everything each time, but as
// soon as they are at least half of it. Decided at the trim's own place in the order, from the file alone, so every
// node decides alike. SPEC rule HI9.

import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { headingOf, placeOf, remark } from './csv-lines.ts';

const CHUNK_BYTES = 1_048_576;
const LINE_BYTES_MAX = 1_048_576;

/** Whether the file was replaced by one that begins at `firstKept`. It is durable, but for its name. */
export function trimFile(directory: string, name: string, firstKept: number): boolean {
  const path = join(directory, name);
  const file = openSync(path, 'r');
  try {
    const heading = headingOf(file);
    if (heading === null) return false;
    const begin = Buffer.byteLength(heading) + 1;
    const { size } = fstatSync(file);
    const cut = firstFrom(file, begin, size, firstKept);
    if (cut === begin || (cut - begin) * 2 < size - begin) return false;

    const draft = `${path}.tmp`;
    const trimmed = `${heading}\n${remark('trimmed', 1, firstKept - 1, 'by retention')}`;
    copyBehind(file, cut, size, draft, trimmed);
    renameSync(draft, path);
    return true;
  } finally {
    closeSync(file);
  }
}

/** Where the first line begins that stands for `place` or more, by halving; `end` when there is none. */
function firstFrom(file: number, begin: number, end: number, place: number): number {
  // Lines that begin before `low` are earlier; one that begins at `high` is not.
  let low = begin;
  let high = end;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const line = lineFrom(file, middle === low ? low : middle, low, high);
    if (line === null) {
      // No line begins between the middle and the end: look at the first one.
      const first = lineFrom(file, low, low, high);
      if (first === null || (placeOf(first.text) ?? 0) >= place) return low;
      low = first.end;
    } else if ((placeOf(line.text) ?? 0) >= place) {
      if (line.start === high || line.start === low) return line.start;
      high = line.start;
    } else low = line.end;
  }
  return low;
}

interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The first line that begins at `at` or behind it, and before `high`. `low` is where a line begins. */
function lineFrom(file: number, at: number, low: number, high: number): Line | null {
  let start = at;
  if (at > low) {
    // A line begins behind each line's end, the one just before `at` included.
    const end = endOfLine(file, at - 1, high);
    if (end === null) return null;
    start = end;
  }
  if (start >= high) return null;
  const end = endOfLine(file, start, high);
  if (end === null) return null;
  const bytes = Buffer.alloc(Math.min(end - start, 256));
  readSync(file, bytes, 0, bytes.length, start);
  return { start, end, text: bytes.toString('latin1').split('\n')[0] ?? '' };
}

/** Behind the next line break from `at` on. */
function endOfLine(file: number, at: number, high: number): number | null {
  const chunk = Buffer.alloc(4_096);
  for (let from = at; from < Math.min(high, at + LINE_BYTES_MAX); from += chunk.length) {
    const bytes = readSync(file, chunk, 0, chunk.length, from);
    const end = chunk.subarray(0, bytes).indexOf(0x0a);
    if (end >= 0) return from + end + 1;
    if (bytes < chunk.length) return null;
  }
  return null;
}

function copyBehind(file: number, from: number, to: number, draft: string, heading: string): void {
  const copy = openSync(draft, 'w', 0o600);
  try {
    writeSync(copy, heading);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = from; at < to; ) {
      const bytes = readSync(file, chunk, 0, Math.min(chunk.length, to - at), at);
      if (bytes === 0) break;
      for (let done = 0; done < bytes; ) done += writeSync(copy, chunk, done, bytes - done);
      at += bytes;
    }
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
}
