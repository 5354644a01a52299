// Lines of a CSV file and the places they stand for: a row begins with its sequence, a remark `# gap 5..9 …` stands
// for its last. Reading from the end finds where a file is without reading it whole. SPEC rules HI5, HI6.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 65_536;
const LINE_BYTES_MAX = 1_048_576;
const ROW = /^(\d{1,16}),/;
const REMARK = /^# (?:gap|trimmed) \d{1,16}\.\.(\d{1,16})(?: |$)/;

/** The sequence that a whole line stands for; null for a heading, and for what is no line of ours. */
export function placeOf(line: string): number | null {
  const match = ROW.exec(line) ?? REMARK.exec(line);
  return match === null ? null : Number(match[1]);
}

export function remark(what: 'gap' | 'trimmed', from: number, to: number, why: string): string {
  return `# ${what} ${from}..${to} ${why}\n`;
}

/** The first line, without its end; null when there is no whole one within `CHUNK_BYTES`. */
export function headingOf(file: number): string | null {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const bytes = readSync(file, chunk, 0, CHUNK_BYTES, 0);
  const end = chunk.subarray(0, bytes).indexOf(0x0a);
  return end < 0 ? null : chunk.toString('utf8', 0, end);
}

/**
 * The last line that stands for a place of at most `upto`, and where it ends; whatever is behind it, also half a
 * line or a stretch that the file system never filled. Null where there is no such line.
 */
export function lastPlace(
  file: number,
  upto: number,
): { readonly place: number; readonly end: number } | null {
  let start = fstatSync(file).size;
  /** What is not looked at yet of the bytes from `start` on. */
  let buffer = Buffer.alloc(0);
  for (;;) {
    const newline = buffer.lastIndexOf(0x0a);
    const before = newline > 0 ? buffer.lastIndexOf(0x0a, newline - 1) : -1;
    if (newline >= 0 && (before >= 0 || start === 0)) {
      const place = placeOf(buffer.toString('latin1', before + 1, newline));
      if (place !== null && place <= upto) return { place, end: start + newline + 1 };
      buffer = buffer.subarray(0, before + 1);
      continue;
    }
    if (start === 0) return null;
    // Half a line at the end, and what is longer than a line can be, is none.
    const kept = newline < 0 || buffer.length > LINE_BYTES_MAX ? Buffer.alloc(0) : buffer;
    const from = Math.max(0, start - CHUNK_BYTES);
    buffer = Buffer.concat([readRange(file, from, start), kept]);
    start = from;
  }
}

/** Leaves nothing in the file beyond `upto`. Whether anything is left at all: a heading alone is nothing. */
export function cutBeyond(path: string, upto: number): boolean {
  const file = openSync(path, 'r+');
  try {
    const last = lastPlace(file, upto);
    if (last === null) return false;
    if (last.end < fstatSync(file).size) ftruncateSync(file, last.end);
    return true;
  } finally {
    closeSync(file);
  }
}

function readRange(file: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  let have = 0;
  while (have < bytes.length) {
    const count = readSync(file, bytes, have, bytes.length - have, start + have);
    if (count === 0) break;
    have += count;
  }
  return bytes.subarray(0, have);
}
