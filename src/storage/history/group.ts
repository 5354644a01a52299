// What waits to be written to the history log, and a group of it as the bytes of one write. SPEC rules ST31, ST37,
// ST42.

import { assert } from '../../kit/assert.ts';
import type { Entry } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { viewOf } from '../fields.ts';
import { type RecordHeader, recordBytes, writeRecord } from './record.ts';
import { HEADER_BYTES, writeHeader } from './segment.ts';
import type { LogEnd, Segments } from './segments.ts';

const EMPTY = new Uint8Array(0);
const BUFFER_BYTES = 65_536;

export type Waiting =
  | { readonly kind: 'data'; readonly entry: Entry; readonly done: (() => void) | null }
  | { readonly kind: 'cut'; readonly after: LogEnd; readonly done: () => void }
  | { readonly kind: 'task'; readonly begin: (ended: () => void) => void };
export type Written = Exclude<Waiting, { kind: 'task' }> | { readonly kind: 'mark'; readonly done: null };

/** Where a group goes, and what it says of the log. */
export interface GroupPlace {
  readonly number: number;
  /** 0: the group begins the segment. */
  readonly offset: number;
  readonly floor: number;
  readonly identity: () => Identity;
}

/** One buffer for all groups: the disk has it until it has answered, and one write is under way at a time. */
export class GroupFrame {
  #buffer = new Uint8Array(BUFFER_BYTES);
  #view = viewOf(this.#buffer);

  /** The group as it is to stand at its place, `bytes` long. */
  of(group: readonly Written[], bytes: number, place: GroupPlace, segments: Segments): Uint8Array {
    if (bytes > this.#buffer.length) {
      this.#buffer = new Uint8Array(2 ** (32 - Math.clz32(bytes - 1)));
      this.#view = viewOf(this.#buffer);
    }
    let at = place.offset === 0 ? this.#begin(place, segments) : 0;
    let { end } = segments;
    for (const record of group) {
      const payload = payloadOf(record);
      const header = headerOf(record, end, place);
      writeRecord(
        this.#buffer,
        this.#view,
        at,
        { number: place.number, offset: place.offset + at },
        header,
        payload,
      );
      at += recordBytes(payload.length);
      end = endBehind(record, end);
    }
    assert(at === bytes, 'a group has the length it was given');
    return this.#buffer.subarray(0, bytes);
  }

  #begin({ number, floor, identity }: GroupPlace, { end, last: before }: Segments): number {
    writeHeader(this.#buffer, this.#view, {
      number,
      identity: identity(),
      first: end.index + 1,
      sequence: end.sequence,
      chain: end.chain,
      floor,
      prevFrom: before?.from ?? end.index + 1,
      prevSequence: before?.sequence ?? end.sequence,
      prevHasCuts: before?.hasCuts ?? false,
    });
    return HEADER_BYTES;
  }
}

export function bytesOf(record: Waiting | Written): number {
  return record.kind === 'data' ? recordBytes(record.entry.bytes.length) : recordBytes(0);
}

/** Entries without readings, and what shortens the log, must find room also on a full disk. */
export function isControl(record: Waiting | Written): boolean {
  return record.kind !== 'data' || record.entry.body.kind !== 'data';
}

/** Where the log ends with this record. */
export function endBehind(record: Written, end: LogEnd): LogEnd {
  if (record.kind === 'cut') return record.after;
  if (record.kind === 'mark') return end;
  const { index, firstSequence, count, chain } = record.entry;
  return { index, sequence: firstSequence + count, chain };
}

function headerOf(record: Written, end: LogEnd, { floor, offset: group }: GroupPlace): RecordHeader {
  const { kind } = record;
  if (kind === 'data') {
    const { index, firstSequence: sequence, count, chain } = record.entry;
    return { kind, index, sequence, count, chain, floor, group };
  }
  const { index, sequence, chain } = endBehind(record, end);
  return { kind, index, sequence, count: 0, chain, floor, group };
}

function payloadOf(record: Written): Uint8Array {
  return record.kind === 'data' ? record.entry.bytes : EMPTY;
}
