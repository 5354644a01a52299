// How far the CSV files are sure: a small file of its own beside them, replaced as a whole. Every row up to its
// sequence is durable; what stands in the files beyond it is not believed after a crash and written again.
// SPEC rules HI5, HI6.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupId } from '../model/group-view.ts';

export interface CsvCursor {
  readonly group: GroupId;
  /** The last entry, and the last sequence, whose rows are durable. */
  readonly index: number;
  readonly sequence: number;
  /** Nothing is in the files beyond it: they were closed in peace. */
  readonly clean: boolean;
  /** Sequences that this node never had, oldest first: its files say so before the next row. */
  readonly gaps: readonly CsvGap[];
}

export interface CsvGap {
  readonly from: number;
  readonly to: number;
}

const NAME = 'csv.cursor';
const FORMAT = 1;

/** Null where there is none, or none that can be made sense of. */
export function readCursor(directory: string): CsvCursor | null {
  let text: string;
  try {
    text = readFileSync(join(directory, NAME), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    const kept = JSON.parse(text) as CsvCursor & { readonly format: number };
    return kept.format === FORMAT ? kept : null;
  } catch {
    return null;
  }
}

/** Durable when it returns. */
export function writeCursor(directory: string, cursor: CsvCursor): void {
  const path = join(directory, NAME);
  const draft = `${path}.tmp`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ format: FORMAT, ...cursor })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncDirectory(directory);
}

export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
