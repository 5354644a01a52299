// Deltas: cut from streams to what one message may carry, and looked over before they are taken. SPEC rules
// RP23, RP25, RP26.

import { LIMITS } from '../../model/limits.ts';
import type { Record } from '../../model/reading.ts';
import { DeltasSize } from '../../wire/deltas.ts';
import type { Delta } from '../../wire/messages.ts';
import type { Give } from './comparison.ts';
import type { Stream } from './stream.ts';

/** More than a delta without records ever takes, and more than a reading of a number does besides its sensor. */
const HEAD_BYTES_MOST = 128;
const NUMBER_BYTES_MOST = 64;
/** UTF-8 takes at most so many bytes for a character of a text. */
const CHARACTER_BYTES_MOST = 3;

/** The deltas of one message, which together have a bound. The first record always finds room. */
export class DeltaPack {
  readonly deltas: Delta[] = [];
  /** What everything takes at most, as long as that is little: then nobody has to look closer. */
  #roughBytes = 0;
  /** The close look, once it is needed. */
  #size: DeltasSize | null = null;
  #records = 0;
  #more = false;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether something found no room. */
  get more(): boolean {
    return this.#more;
  }

  /**
   * Where there is no room for all, streams the other does not know go first, then those that were quiet longest,
   * so that nobody starves. (RP26)
   */
  addAll(gives: readonly Give[]): void {
    this.addInOrder(gives);
    if (!this.#more) return;
    this.deltas.length = 0;
    this.#roughBytes = 0;
    this.#size = null;
    this.#records = 0;
    this.#more = false;
    this.addInOrder([...gives].sort(byTurn));
  }

  addInOrder(gives: readonly Give[]): void {
    for (const { stream, after } of gives) {
      if (this.#more) return;
      this.add(stream, after);
    }
  }

  /** What the stream has after `after`, cut where the room ends. */
  add(stream: Stream, after: number): void {
    if (stream.upto <= after) return;
    if (this.deltas.length >= LIMITS.deltasPerMessageMax) {
      this.#more = true;
      return;
    }
    const { lastDelta, upto, droppedUpto } = stream;
    const isLast = lastDelta !== null && lastDelta.after === after && lastDelta.upto === upto;
    const delta = isLast && lastDelta.droppedUpto === droppedUpto ? lastDelta : wholeDelta(stream, after);
    const { records } = delta;
    const fitting = this.#takeRoom(delta);
    if (fitting === records.length && this.#hasRoom) {
      stream.lastDelta = delta;
      this.deltas.push(delta);
      return;
    }
    this.#more = true;
    const last = records[fitting - 1];
    if (last !== undefined) this.deltas.push({ ...delta, upto: last.n, records: records.slice(0, fitting) });
  }

  /** What lies beyond the stream's gap, each change alone: so nothing is claimed about those between. */
  addAhead(stream: Stream): void {
    for (const record of stream.ahead?.records() ?? []) {
      const delta = aheadDelta(stream, record);
      if (this.deltas.length >= LIMITS.deltasPerMessageMax || this.#takeRoom(delta) === 0) {
        this.#more = true;
        return;
      }
      this.deltas.push(delta);
    }
  }

  /** How many of its records find room, which is taken; the first of a message always does. */
  #takeRoom(delta: Delta): number {
    const { records } = delta;
    if (this.#size === null) {
      this.#roughBytes += roughBytes(delta);
      if (this.#roughBytes <= this.#bytesMax) {
        this.#records += records.length;
        return records.length;
      }
    }
    const size = this.#closeLook();
    size.addHead(delta);
    for (let i = 0; i < records.length; i++) {
      size.addRecord(records[i] as Record);
      const isFirst = this.deltas.length === 0 && i === 0;
      if (!isFirst && (size.bytes > this.#bytesMax || this.#records >= LIMITS.recordsPerListMax)) return i;
      this.#records++;
    }
    return records.length;
  }

  /** Whether what was added last found room; a delta without records may be what did not. */
  get #hasRoom(): boolean {
    return this.#size === null || this.deltas.length === 0 || this.#size.bytes <= this.#bytesMax;
  }

  #closeLook(): DeltasSize {
    if (this.#size !== null) return this.#size;
    const size = new DeltasSize();
    for (const delta of this.deltas) {
      size.addHead(delta);
      for (const record of delta.records) size.addRecord(record);
    }
    this.#size = size;
    return size;
  }
}

/** What a delta says wrong about itself; null when it may be taken. */
export function problemOf(delta: Delta): string | null {
  const { after, upto, records } = delta;
  if (after > upto) return `a delta after ${after} cannot reach ${upto}`;
  let last = after;
  for (const { n } of records) {
    if (n <= last || n > upto) {
      return `records of a delta rise within (${after}, ${upto}], got ${n} after ${last}`;
    }
    last = n;
  }
  return null;
}

/** As far as one message could carry it. */
function wholeDelta(stream: Stream, after: number): Delta {
  const { origin, identity, upto, droppedUpto } = stream;
  return { origin, identity, after, upto, droppedUpto, records: stream.registers.after(after) };
}

function aheadDelta(stream: Stream, record: Record): Delta {
  const { origin, identity, droppedUpto } = stream;
  return { origin, identity, after: record.n - 1, upto: record.n, droppedUpto, records: [record] };
}

function roughBytes({ records }: Delta): number {
  let bytes = HEAD_BYTES_MOST;
  for (const record of records) {
    // Anything but a number or a flag needs the close look.
    const kind = record.kind === 'reading' ? typeof record.value : 'string';
    const isShort = kind === 'number' || kind === 'boolean';
    bytes += isShort ? NUMBER_BYTES_MOST + CHARACTER_BYTES_MOST * record.sensor.length : LIMITS.deltaBytesMax;
  }
  return bytes;
}

function byTurn(a: Give, b: Give): number {
  return Math.min(a.after, 1) - Math.min(b.after, 1) || a.stream.advancedAtMs - b.stream.advancedAtMs;
}
