// Bases: where recovery may start, and where a peer that joins may begin. Each in a file of its own, named by its
// index. SPEC rule ST41.

import { ok, type Result, refused } from '../../kit/result.ts';
import type { Base, Chain } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeBase, encodeBase } from '../../wire/durable.ts';
import { malformedText } from '../../wire/malformed.ts';
import type { Disk } from '../disk.ts';
import { type FileDamage, FRAME_HEADER_BYTES, readFramed, writeFramed } from '../framed-file.ts';
import type { Task } from '../task.ts';

export const BASE_NEW_NAME = 'base.new';
const MAGIC = 0x4253_414e;
const NAME = /^base-(\d{16})-(\d{8})$/;

/** `from`: the first segment of the log that it belongs to. */
export interface BaseName {
  readonly name: string;
  readonly index: number;
  readonly from: number;
}

/** What a base on the disk says of the log's end. */
export interface BaseKept extends BaseName {
  readonly sequence: number;
  readonly chain: Chain;
}

export function baseName(index: number, from: number): string {
  return `base-${index.toString().padStart(16, '0')}-${from.toString().padStart(8, '0')}`;
}

/** The files of bases, the one that counts most first: that of the latest log, and of these the highest. */
export function basesIn(names: readonly string[]): readonly BaseName[] {
  const bases = names.flatMap((name) => {
    const match = NAME.exec(name);
    return match ? [{ name, index: Number(match[1]), from: Number(match[2]) }] : [];
  });
  return bases.sort((a, b) => b.from - a.from || b.index - a.index);
}

export function* writeBase(disk: Disk, base: Base, from: number): Task<BaseKept> {
  const bytes = encodeBase(base);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LIMITS.snapshotChunkBytesMax) {
    chunks.push(bytes.subarray(at, at + LIMITS.snapshotChunkBytesMax));
  }
  const name = baseName(base.index, from);
  yield* writeFramed(disk, { name, newName: BASE_NEW_NAME, magic: MAGIC }, chunks);
  return { name, index: base.index, from, sequence: base.nextSequence, chain: base.chain };
}

/**
 * Those that are of use, of all there are, best first: behind what is trimmed, and two in any case, so that one may
 * rot. Of too many the second lowest goes: who joins begins at the lowest.
 */
export function keptOf(bases: readonly BaseKept[], trimmed: number): readonly BaseKept[] {
  const kept = bases.filter(({ from, index }, at) => from === bases[0]?.from && (at < 2 || index >= trimmed));
  return kept.length > LIMITS.basesMax ? kept.toSpliced(-2, 1) : kept;
}

export function* readBase(disk: Disk, name: string): Task<Result<Base, FileDamage>> {
  const chunks = yield* readFramed(disk, name, MAGIC);
  if (!chunks.ok) return chunks;
  const bytes = new Uint8Array(chunks.value.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks.value) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const base = decodeBase(bytes);
  if (base.ok) return ok(base.value);
  return refused({ offset: FRAME_HEADER_BYTES, why: malformedText(base.problem) });
}
