import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { viewOf } from './fields.ts';
import {
  CHAIN_START,
  type Chain,
  continues,
  type ReadRecord,
  type RecordHeader,
  readRecord,
  recordBytes,
  sameChain,
  writeRecord,
} from './record.ts';
import { readSegmentHeader, SEGMENT_HEADER_BYTES, scanSegment, writeSegmentHeader } from './segment.ts';
import { FIRST } from './testing.ts';

const LARGE = 2 ** 52 + 7;

test('[ST4] a record is read as it was written, with whole numbers up to 2^53', () => {
  const { bytes } = written({ kind: 'data', index: LARGE, count: 3, prevDurable: LARGE - 1 });

  expect(readRecord(bytes, viewOf(bytes), 0)).toMatchObject({
    kind: 'data',
    index: LARGE,
    count: 3,
    prevDurable: LARGE - 1,
    payloadBytes: 5,
  });
});

test('[ST4] no byte of a record can change without being noticed', () => {
  const { bytes } = written({ kind: 'data', index: 1, count: 3, prevDurable: 0 });
  const used = 48 + 5;

  for (let at = 0; at < used; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      expect(readRecord(flipped, viewOf(flipped), 0)).toBe(null);
    }
  }
});

test('[ST5] a record from elsewhere does not continue the chain, whole as it is', () => {
  const first = written({ kind: 'data', index: 1, count: 3, prevDurable: 0 });
  const second = written({ kind: 'data', index: 4, count: 3, prevDurable: 3 }, first.chain);
  const stranger = written({ kind: 'data', index: 4, count: 3, prevDurable: 3 }, { a: 1, b: 2 });

  expect(continues(second.bytes, recordIn(second.bytes), first.chain)).toBe(true);
  expect(continues(stranger.bytes, recordIn(stranger.bytes), first.chain)).toBe(false);
});

test('[ST5] the chain is the same on two disks that know different things of their durability', () => {
  const here = written({ kind: 'data', index: 4, count: 3, prevDurable: 3 });
  const there = written({ kind: 'data', index: 4, count: 3, prevDurable: 0 });
  const marked = written({ kind: 'mark', index: 6, count: 0, prevDurable: 6 }, here.chain);

  expect(sameChain(here.chain, there.chain)).toBe(true);
  expect(sameChain(marked.chain, here.chain)).toBe(true);
});

test('[ST6] a segment says its format, number, identity, first index and chain', () => {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const header = { number: 12, identity: FIRST, first: LARGE, chain: { a: 5, b: 0xffff_ffff } };

  writeSegmentHeader(bytes, viewOf(bytes), header);

  expect(readSegmentHeader(bytes, 12)).toEqual(header);
  expect(readSegmentHeader(bytes, 13)).toBe(null);
});

test('[ST6] a file of zeros is a segment that is not begun', () => {
  const scan = scanSegment(1, new Uint8Array(4_096), [], () => null);

  expect(scan).toEqual({ number: 1, bytes: 4_096, header: null, pieces: [] });
});

function written(header: RecordHeader, before: Chain = CHAIN_START): { bytes: Uint8Array; chain: Chain } {
  const payload = header.kind === 'data' ? Uint8Array.of(1, 2, 3, 4, 5) : new Uint8Array(0);
  const bytes = new Uint8Array(recordBytes(payload.length));
  return { bytes, chain: writeRecord(bytes, viewOf(bytes), 0, header, payload, before) };
}

function recordIn(bytes: Uint8Array): ReadRecord {
  return must(readRecord(bytes, viewOf(bytes), 0), 'a record stands there');
}
