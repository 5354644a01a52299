// Writes a segment anew: what is whole of it, and entries that other peers gave for what is not. SPEC rule ST40.

import type { Chain, Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { viewOf } from '../fields.ts';
import { need, type Task } from '../task.ts';
import { MARK_BYTES, recordBytes, writeRecord } from './record.ts';
import { HEADER_BYTES, segmentName, writeHeader } from './segment.ts';
import { addPoint, emptySegment, type LogSegment } from './segments.ts';

export const REPAIR_NAME = 'history-repair.new';
const EMPTY = new Uint8Array(0);
const WRITE_BYTES = 4_194_304;

/** What the header of a segment says of what is before it. */
interface Before {
  readonly chain: Chain;
  readonly floor: number;
  readonly identity: Identity;
  readonly prevFrom: number;
  readonly prevSequence: number;
  readonly prevHasCuts: boolean;
}

/** Puts the file in the place of the segment's, and gives its table of contents. */
export function* rebuild(
  disk: Disk,
  segment: LogSegment,
  entries: readonly Entry[],
  before: Before,
): Task<LogSegment> {
  const sorted = entries.toSorted((a, b) => a.index - b.index);
  const first = Math.min(segment.from, sorted[0]?.index ?? segment.from);
  const isFirst = first === sorted[0]?.index;
  const sequence = isFirst ? (sorted[0]?.firstSequence ?? segment.sequence) : segment.sequence;
  const { number } = segment;
  const content =
    sorted.reduce((sum, { bytes }) => sum + recordBytes(bytes.length), HEADER_BYTES) + MARK_BYTES;
  const size = Math.max(segment.bytes, content + MARK_BYTES);
  const written = emptySegment({ number, bytes: size, end: content, from: first, sequence, chain: null });
  const { chain: chainBefore, floor, identity, ...told } = before;
  written.chain = chainBefore;
  written.sealed = segment.sealed;
  written.to = segment.to;

  const bytes = new Uint8Array(content);
  const view = viewOf(bytes);
  writeHeader(bytes, view, { number, identity, first, sequence, chain: chainBefore, floor, ...told });
  let at = HEADER_BYTES;
  let end = { index: first - 1, sequence, chain: chainBefore };
  for (const entry of sorted) {
    const { index, firstSequence, count, chain, bytes: payload } = entry;
    const header = { kind: 'data', index, sequence: firstSequence, count, chain, floor, group: 0 } as const;
    writeRecord(bytes, view, at, { number, offset: at }, header, payload);
    addPoint(written, { offset: at, index, sequence: firstSequence });
    at += recordBytes(payload.length);
    end = { index, sequence: firstSequence + count, chain };
  }
  writeRecord(
    bytes,
    view,
    at,
    { number, offset: at },
    { kind: 'mark', ...end, count: 0, floor, group: at },
    EMPTY,
  );
  written.scanned = content;
  yield* put(disk, number, bytes, size);
  return written;
}

function* put(disk: Disk, number: number, bytes: Uint8Array, size: number): Task<null> {
  const file = yield* need<DiskFile>((done) => disk.create(REPAIR_NAME, size, done));
  for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
    const offset = at;
    yield* need<null>((done) => file.write(offset, bytes.subarray(offset, offset + WRITE_BYTES), done));
  }
  yield* need<null>((done) => file.sync(done));
  yield* need<null>((done) => file.close(done));
  yield* need<null>((done) => disk.rename(REPAIR_NAME, segmentName(number), done));
  return yield* need<null>((done) => disk.syncDirectory(done));
}
