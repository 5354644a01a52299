import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyDeltas, anySpoiled } from '../../test/wire-arbitraries.ts';
import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { parsePeerId, parseSensorId } from '../model/ids.ts';
import type { Record } from '../model/reading.ts';
import { DeltasSize, deltas } from './deltas.ts';
import { malformedText, problemOf } from './malformed.ts';
import type { Delta } from './messages.ts';

const AT_MS = 1_763_765_432_000;

test('[WR21] the deltas of a message come back as they were, sharing one set of columns', () => {
  fc.assert(
    fc.property(anyDeltas, (items) => {
      const reader = new ByteReader(bytesOf(items));

      expect(deltas.read(reader)).toEqual(items);
      expect([reader.problem, reader.remaining]).toEqual([null, 0]);
    }),
    { numRuns: 500 },
  );
});

test('[WR21] the size that is reckoned while deltas are collected is never below what they take', () => {
  fc.assert(
    fc.property(fc.array(anyDeltas, { maxLength: 12 }), (lists) => {
      const items = lists.flat();
      expect(reckoned(items)).toBeGreaterThanOrEqual(bytesOf(items).length);
    }),
    { numRuns: 1_000 },
  );
});

test('[WR20] [WR21] a thousand origins that name their sensors alike take twelve bytes a reading', () => {
  const kinds = ['temperature', 'humidity', 'pressure', 'motion'];
  const items = Array.from({ length: 1_000 }, (_, i) => deltaOf(`node-${i}`, 50_000 + i * 7, kinds));

  const bytes = bytesOf(items).length;

  expect(bytes / (items.length * kinds.length)).toBeLessThan(16);
  expect(reckoned(items)).toBeLessThan(3 * bytes);
});

test('[WR7] spoiled deltas are refused with a reason, or are something that encodes again', () => {
  fc.assert(
    fc.property(anySpoiled(anyDeltas.map(bytesOf)), (bytes) => {
      const reader = new ByteReader(bytes);
      const read = deltas.read(reader);

      const problem = problemOf('deltas', reader);
      if (problem !== null) expect(malformedText(problem)).not.toBe('');
      else expect(deltas.read(new ByteReader(bytesOf(read)))).toEqual(read);
    }),
    { numRuns: 1_500 },
  );
});

test.each([
  ['a list of 9 deltas is too long', [9, 0, 0]],
  ['tail 3 is not known', [1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
] as [string, number[]][])('[WR5] deltas are refused with a reason: %s', (text, bytes) => {
  const reader = new ByteReader(Uint8Array.from(bytes));
  deltas.read(reader);

  const problem = problemOf('deltas', reader);

  expect(problem && malformedText(problem)).toContain(text);
});

function deltaOf(origin: string, upto: number, kinds: readonly string[]): Delta {
  const records: Record[] = kinds.map((kind, i) => {
    const tsMs = AT_MS + ((upto * 31 + i * 250) % 1_000);
    return {
      kind: 'reading',
      n: upto - kinds.length + i + 1,
      sensor: idOf(parseSensorId(`${origin}/${kind}`)),
      value: (2_000 + ((upto * 7 + i) % 900)) / 100,
      tsMs,
      ingestTsMs: tsMs,
      lwwTsMs: tsMs,
    };
  });
  const random = (upto * 2_654_435_761).toString(16).padStart(16, '0').slice(-16);
  const after = upto - kinds.length;
  return {
    origin: idOf(parsePeerId(origin)),
    identity: { birth: 1, random },
    after,
    upto,
    droppedUpto: 0,
    records,
  };
}

function bytesOf(items: readonly Delta[]): Uint8Array {
  const writer = new ByteWriter(256);
  deltas.write(writer, items);
  return writer.take();
}

function reckoned(items: readonly Delta[]): number {
  const size = new DeltasSize();
  for (const delta of items) {
    size.addHead(delta);
    for (const record of delta.records) size.addRecord(record);
  }
  return size.bytes;
}

function idOf<T>(parsed: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!parsed.ok) throw new Error('an id is valid');
  return parsed.value;
}
