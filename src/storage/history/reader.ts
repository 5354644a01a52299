// Reads entries of the log by index or sequence, beside the writing and without waiting for it. Every record is
// checked; one that is wrong ends the answer and is reported. SPEC rules ST38, ST39.
//
// Places found before an entry left the log, or before a segment was written anew, are of no use: then the reading
// begins again.

import type { Chain, Entry } from '../../model/entry.ts';
import { continues, sameChain } from '../../wire/entry.ts';
import type { Disk } from '../disk.ts';
import { viewOf } from '../fields.ts';
import { StorageFailure, type Task } from '../task.ts';
import { OpenSegments } from './open-segments.ts';
import { RECORD_HEADER_BYTES, type ReadRecord, readHeader, recordBytes } from './record.ts';
import { type Piece, pieceAt } from './scan.ts';
import { HEADER_BYTES } from './segment.ts';
import { addPoint, dropPoints, type LogSegment, placeBefore, type Segments } from './segments.ts';

const CHUNK_BYTES_MIN = 65_536;
/** What is looked at in one go: appends wait no longer for it than for a write. */
const CHUNK_BYTES_MAX = 262_144;
/** A log that changes again and again while it is read gives nothing this time. */
const TRIES = 8;

export interface ReaderOptions {
  readonly openSegmentsMax: number;
  readonly cursorsMax: number;
}

interface Place {
  readonly number: number;
  readonly offset: number;
  /** Of the entry before: what is read next must continue it. */
  readonly chain: Chain;
}

/** What a walk does with each record: go on, have it checked first, or end. */
type Interest = 'skip' | 'check' | 'end';

interface Walk {
  readonly wants: (record: ReadRecord) => Interest;
  /** Given what was checked, and where it ends. */
  readonly take: (piece: Good, end: number) => void;
  /** About how much more is wanted. */
  readonly bytesLeft: () => number;
}

type Good = Exclude<Piece, { type: 'bad' }>;

export interface Checked {
  readonly bytes: number;
  /** The highest index of an entry. */
  readonly last: number;
  readonly more: boolean;
}

/** `bad`: a record that should be there is not. */
type WalkEnd = 'end' | 'bad';

export class Reader {
  readonly #segments: Segments;
  readonly #open: OpenSegments;
  readonly #options: ReaderOptions;
  /** Told of a segment in which something was not as it should be. */
  readonly #suspect: (segment: LogSegment) => void;
  /** Where readers that read on will find their next entry, by its index; the oldest first. */
  readonly #cursors = new Map<number, Place>();
  /** What the log was when they were remembered. */
  #cursorsOf = 0;
  #bytesRead = 0;

  constructor(
    disk: Disk,
    segments: Segments,
    options: ReaderOptions,
    suspect: (segment: LogSegment) => void,
  ) {
    this.#segments = segments;
    this.#options = options;
    this.#suspect = suspect;
    this.#open = new OpenSegments(disk, options.openSegmentsMax);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Entries from `from` on, as far as they are durable and right. */
  *read(from: number, to: number, bytesMax: number): Task<readonly Entry[]> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { changes } = this.#segments;
      if (this.#cursorsOf !== changes) this.#cursors.clear();
      this.#cursorsOf = changes;
      const entries = yield* this.#collect(from, to, bytesMax, changes);
      if (this.#segments.changes === changes) return entries;
    }
    return [];
  }

  /** The index of the entry that gave the sequence. */
  *find(sequence: number): Task<number | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { changes } = this.#segments;
      const index = yield* this.#find(sequence, changes);
      if (this.#segments.changes === changes) return index;
    }
    return null;
  }

  /**
   * All places of a segment in which an index may stand twice are known afterwards. Otherwise nothing is read from
   * it, as an entry that left the log would be taken for the one that took its place.
   */
  *#knows(segment: LogSegment, changes: number): Task<boolean> {
    if (!segment.hasCuts || segment.scanned >= segment.end) return true;
    const { sealed } = segment;
    let last: Chain | null = null;
    segment.points = { index: [], sequence: [], offset: [] };
    segment.scanned = HEADER_BYTES;
    segment.wantsPoint = true;
    const wants = (record: ReadRecord): Interest => {
      last = record.chain;
      return 'skip';
    };
    yield* this.#walk(segment, segment.scanned, { wants, take: () => {}, bytesLeft: all }, changes);
    if (this.#segments.changes !== changes) return false;
    if (sealed === null || last === null || !sameChain(last, sealed.chain)) {
      this.#suspect(segment);
      return false;
    }
    segment.end = segment.scanned;
    return true;
  }

  /** Looks at about so many bytes of a segment from `offset` on; `more`: all is well and there is more behind it. */
  *check(segment: LogSegment, offset: number, bytesMax: number): Task<Checked> {
    let last = 0;
    let bytes = 0;
    const walk: Walk = {
      wants: () => (bytes >= bytesMax ? 'end' : 'check'),
      take: ({ record }, end) => {
        if (record.kind !== 'mark') last = Math.max(last, record.index);
        bytes = end - offset;
      },
      bytesLeft: () => bytesMax - bytes,
    };
    yield* this.#walk(segment, offset, walk, this.#segments.changes);
    return { bytes, last, more: bytes >= bytesMax };
  }

  /** The file of this number is another one, or gone. */
  drop(number: number): void {
    this.#open.drop(number);
    this.#cursors.clear();
  }

  close(): void {
    this.#open.close();
  }

  *#collect(from: number, to: number, bytesMax: number, changes: number): Task<Entry[]> {
    const entries: Entry[] = [];
    let next = from;
    let bytes = 0;
    let isFull = false;
    let chain = this.#cursors.get(from)?.chain ?? null;
    while (next <= to && !isFull) {
      const segment = this.#segments.of(next);
      if (segment === null) break;
      if (!(yield* this.#knows(segment, changes))) break;
      const last = Math.min(to, segment.to);
      let isOld = false;
      let isRight = true;
      yield* this.#walk(
        segment,
        this.#placeOf(segment, next),
        {
          wants: ({ index, kind, offset, payloadBytes }) => {
            if (kind !== 'data' || index < next) return next > last ? 'end' : 'skip';
            if (index > next || !isRight) return 'end';
            // It has left the log: the one that took its place stands behind.
            isOld = segment.hasCuts && this.#placeOf(segment, next) > offset;
            if (isOld) return 'end';
            isFull ||= entries.length > 0 && bytes + payloadBytes > bytesMax;
            if (isFull || next > last || !isRight) return 'end';
            return 'check';
          },
          take: (piece, end) => {
            if (piece.type !== 'data') return;
            isRight = chain === null || continues(chain, piece.entry);
            if (!isRight) return;
            chain = piece.entry.chain;
            entries.push(piece.entry);
            bytes += piece.entry.bytes.length;
            next++;
            this.#remember(next, { number: segment.number, offset: end, chain });
          },
          bytesLeft: () => bytesMax - bytes,
        },
        changes,
      );
      if (this.#segments.changes !== changes) return [];
      if (next <= last && !isFull && !isOld) {
        this.#suspect(segment);
        break;
      }
    }
    return entries;
  }

  *#find(sequence: number, changes: number): Task<number | null> {
    const segment = this.#segments.ofSequence(sequence);
    if (segment === null) return null;
    if (!(yield* this.#knows(segment, changes))) return null;
    const place = placeBefore(segment.points, 'sequence', sequence) ?? HEADER_BYTES;
    const found: number[] = [];
    const ended = yield* this.#walk(
      segment,
      place,
      {
        wants: (record) => {
          if (record.kind !== 'data' || record.sequence + record.count <= sequence) return 'skip';
          if (record.sequence <= sequence && record.index <= segment.to) found.push(record.index);
          return 'end';
        },
        take: () => {},
        bytesLeft: () => 0,
      },
      changes,
    );
    if (ended === 'bad' && this.#segments.changes === changes) this.#suspect(segment);
    return found[0] ?? null;
  }

  #placeOf(segment: LogSegment, index: number): number {
    const cursor = this.#cursors.get(index);
    const place = placeBefore(segment.points, 'index', index) ?? HEADER_BYTES;
    return cursor?.number === segment.number ? Math.max(cursor.offset, place) : place;
  }

  #remember(next: number, place: Place): void {
    this.#cursors.delete(next - 1);
    this.#cursors.set(next, place);
    const [oldest] = this.#cursors.keys();
    if (this.#cursors.size > this.#options.cursorsMax && oldest !== undefined) this.#cursors.delete(oldest);
  }

  /** Goes through a segment's records from `offset` on, up to its end or until told to. */
  *#walk(segment: LogSegment, offset: number, walk: Walk, changes: number): Task<WalkEnd> {
    let wanted = 0;
    for (let at = offset; at < segment.end; ) {
      const size = Math.max(wanted, Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, walk.bytesLeft())));
      const bytes = yield* this.#chunk(segment, at, Math.min(size, segment.end - at));
      if (bytes === null) return 'bad';
      if (this.#segments.changes !== changes) return 'end';
      const passed = this.#walkChunk(segment, at, bytes, walk);
      if (typeof passed === 'string') return passed;
      // What did not fit asks for more.
      if (passed.bytes === 0 && passed.wanted <= bytes.length) return 'bad';
      if (passed.bytes === 0 && at + bytes.length >= segment.end) return 'bad';
      at += passed.bytes;
      wanted = passed.wanted;
    }
    return 'end';
  }

  #walkChunk(
    segment: LogSegment,
    offset: number,
    bytes: Uint8Array,
    walk: Walk,
  ): WalkEnd | { readonly bytes: number; readonly wanted: number } {
    const view = viewOf(bytes);
    let at = 0;
    while (at + RECORD_HEADER_BYTES <= bytes.length) {
      const record = readHeader(bytes, view, at, segment.number, offset + at);
      if (record === null) return 'bad';
      const length = recordBytes(record.payloadBytes);
      const interest = walk.wants(record);
      if (interest === 'end') return 'end';
      if (at + length > bytes.length) return { bytes: at, wanted: length };
      if (interest === 'check') {
        const piece = pieceAt(bytes, view, at, segment.number, offset + at);
        if (piece === null) return 'bad';
        walk.take(piece, offset + at + length);
      }
      note(segment, record, offset + at + length);
      at += length;
    }
    return { bytes: at, wanted: RECORD_HEADER_BYTES };
  }

  *#chunk(segment: LogSegment, offset: number, bytes: number): Task<Uint8Array | null> {
    try {
      const chunk = yield* this.#open.read(segment.number, offset, bytes);
      this.#bytesRead += chunk.length;
      return chunk;
    } catch (error) {
      if (error instanceof StorageFailure) return null;
      throw error;
    }
  }
}

function all(): number {
  return Number.POSITIVE_INFINITY;
}

/** Remembers places of a part of a segment that is read for the first time. */
function note(segment: LogSegment, record: ReadRecord, end: number): void {
  if (segment.scanned !== record.offset) return;
  if (record.kind === 'data') addPoint(segment, record);
  else if (record.kind === 'cut') {
    dropPoints(segment.points, record.index);
    segment.wantsPoint = true;
  }
  segment.scanned = end;
}
