// A snapshot in pieces, since a big one should need no single buffer. SPEC rule WR17.

import { ok, type Result, refused } from '../kit/result.ts';
import type { Receipt, Snapshot, StreamSnapshot } from '../model/durable.ts';
import { type Identity, utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import { records } from './layout.ts';
import type { Malformed } from './malformed.ts';
import { count, identity, peerId, text, time } from './nouns.ts';
import { recordBytes } from './records.ts';
import { list, struct, union } from './shape.ts';

/** What a chunk may spend on everything but its items. */
const CHUNK_HEAD_BYTES = 1_024;

export const receipt = struct<Receipt>({
  key: text(LIMITS.idempotencyKeyBytesMax),
  answer: text(LIMITS.idempotencyAnswerBytesMax),
  firstN: count,
  atMs: time,
});

/** The head, each stream in one or more, receipts in as many as they need, the end. */
export type Chunk =
  | { readonly part: 'head'; readonly identity: Identity; readonly ownN: number; readonly streams: number }
  /** Of the stream at this `place`, from 0, in order. */
  | ({ readonly part: 'stream'; readonly place: number } & StreamSnapshot)
  | { readonly part: 'receipts'; readonly receipts: readonly Receipt[] }
  /** How many chunks came before it, so that a lost one is noticed. */
  | { readonly part: 'end'; readonly chunks: number };

export const snapshotChunk = union<Chunk, 'part'>('part', {
  head: [1, { identity, ownN: count, streams: count }],
  stream: [2, { place: count, origin: peerId, identity, upto: count, droppedUpto: count, records }],
  receipts: [3, { receipts: list(receipt, LIMITS.idempotencyKeysMax) }],
  end: [4, { chunks: count }],
});

export function* chunksOf({ identity, ownN, streams, receipts }: Snapshot): Generator<Chunk> {
  yield { part: 'head', identity, ownN, streams: streams.length };
  for (const [place, stream] of streams.entries()) {
    for (const records of slices(stream.records, recordBytes)) {
      yield { part: 'stream', place, ...stream, records };
    }
  }
  for (const some of slices(receipts, receiptBytes)) yield { part: 'receipts', receipts: some };
}

/** Consecutive parts of a list, each within the size of a chunk; one empty part of an empty list. */
function* slices<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<readonly T[]> {
  const room = LIMITS.snapshotChunkBytesMax - CHUNK_HEAD_BYTES;
  let begin = 0;
  let bytes = 0;
  for (let i = 0; i < items.length; i++) {
    const more = bytesOf(items[i] as T);
    if (i > begin && (bytes + more > room || i - begin >= LIMITS.recordsPerListMax)) {
      yield items.slice(begin, i);
      begin = i;
      bytes = 0;
    }
    bytes += more;
  }
  yield items.slice(begin);
}

function receiptBytes({ key, answer }: Receipt): number {
  return 32 + utf8Length(key) + utf8Length(answer);
}

type Head = Extract<Chunk, { readonly part: 'head' }>;

/** Puts a snapshot together again. */
export class SnapshotBuilder {
  #head: Head | null = null;
  readonly #streams: (StreamSnapshot & { readonly records: Record[] })[] = [];
  readonly #receipts: Receipt[] = [];
  #chunks = 0;
  #ended = false;

  /** What is wrong with this chunk after those before, or null. */
  add(it: Chunk): string | null {
    if (this.#ended) return 'a chunk follows the end';
    if ((this.#head === null) !== (it.part === 'head')) return 'it begins with its head, which comes once';
    switch (it.part) {
      case 'head':
        this.#head = it;
        break;
      case 'stream':
        return this.#addStream(it) ?? this.#counted();
      case 'receipts':
        for (const one of it.receipts) this.#receipts.push(one);
        if (this.#receipts.length > LIMITS.idempotencyKeysMax) return 'it has too many receipts';
        break;
      case 'end':
        if (it.chunks !== this.#chunks) return `${this.#chunks} of ${it.chunks} chunks are there`;
        if (this.#streams.length !== this.#head?.streams) return 'streams are missing';
        this.#ended = true;
    }
    return this.#counted();
  }

  finish(): Result<Snapshot, Malformed> {
    if (this.#head === null || !this.#ended) return refused({ kind: 'truncated', where: 'snapshot' });
    const { identity, ownN } = this.#head;
    return ok({ identity, ownN, streams: this.#streams, receipts: this.#receipts });
  }

  #addStream({ place, origin, identity, upto, droppedUpto, records }: Chunk & { part: 'stream' }) {
    const known = this.#streams[place];
    if (known === undefined) {
      if (place !== this.#streams.length) return 'its streams are not in order';
      this.#streams.push({ origin, identity, upto, droppedUpto, records: [...records] });
      return null;
    }
    const last = known.records.at(-1)?.n ?? 0;
    const first = records[0]?.n ?? 0;
    if (place !== this.#streams.length - 1 || known.origin !== origin || first <= last) {
      return 'a part of a stream does not continue the part before';
    }
    for (const record of records) known.records.push(record);
    return null;
  }

  #counted(): null {
    this.#chunks++;
    return null;
  }
}
