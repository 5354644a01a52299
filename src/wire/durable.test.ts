import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyBatch, anyHardState, anySnapshot, anySpoiled, weightOf } from '../../test/wire-arbitraries.ts';
import type { Snapshot } from '../model/durable.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { ReadingRecord } from '../model/reading.ts';
import { firstBase } from '../protocol/ordering/first-base.ts';
import {
  decodeBase,
  decodeBatch,
  decodeHardState,
  decodeSnapshot,
  encodeBase,
  encodeBatch,
  encodeHardState,
  encodeSnapshot,
} from './durable.ts';
import { malformedText } from './malformed.ts';

const identity = { birth: 1, random: '9f86d081884c7d65' };

test('[WR16] a batch comes back as it was, with its receipt or without', () => {
  fc.assert(
    fc.property(anyBatch, (batch) => {
      const decoded = decodeBatch(encodeBatch(batch));

      expect(decoded).toEqual({ ok: true, value: batch });
      expect(decoded.ok && 'receipt' in decoded.value).toBe('receipt' in batch);
    }),
  );
});

test('[WR16] a hard state comes back as it was', () => {
  fc.assert(
    fc.property(anyHardState, (state) => {
      expect(decodeHardState(encodeHardState(state))).toEqual({ ok: true, value: state });
    }),
  );
});

test('[WR16] bytes of another disk version are not guessed at', () => {
  const bytes = encodeHardState({ identity, incarnation: 4 });
  bytes[0] = 9;

  const decoded = decodeHardState(bytes);

  expect(decoded.ok ? '' : malformedText(decoded.problem)).toBe(
    'version 9 is not known here, allowed are 1 to 1',
  );
});

test('[WR16] [OP12] a base comes back as it was, and one that was written before groups could go into others', () => {
  const view = { voters: [], learners: [], joint: null, tieBreak: false };
  const first = firstBase('0123456789abcdef', view);
  const later = { ...first, absorbed: ['0000000000000001', '0000000000000002'] };
  const former = encodeBase(first).slice(0, -1);

  expect(decodeBase(encodeBase(later))).toEqual({ ok: true, value: later });
  expect(decodeBase(former)).toEqual({ ok: true, value: first });
  expect(decodeBase(former.slice(0, -1)).ok).toBe(false);
});

test('[WR17] a snapshot comes back as it was', () => {
  fc.assert(
    fc.property(anySnapshot, (snapshot) => {
      expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual({ ok: true, value: snapshot });
    }),
  );
});

test('[WR17] a big snapshot is cut into chunks of bounded size, within streams and receipts too', () => {
  const snapshot = bigSnapshot();

  const chunks = [...encodeSnapshot(snapshot)];

  expect(chunks.length).toBeGreaterThan(6);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(LIMITS.snapshotChunkBytesMax);
  expect(decodeSnapshot(chunks)).toEqual({ ok: true, value: snapshot });
});

test('[WR17] a chunk that is lost, doubled or out of place is noticed', () => {
  const chunks = [...encodeSnapshot(bigSnapshot())];

  const problems = chunks.flatMap((chunk, i) => {
    const without = chunks.toSpliced(i, 1);
    const doubled = chunks.toSpliced(i, 0, chunk);
    return [decodeSnapshot(without).ok, decodeSnapshot(doubled).ok];
  });

  expect(problems.filter((ok) => ok)).toEqual([]);
  expect(decodeSnapshot([])).toEqual({ ok: false, problem: { kind: 'truncated', where: 'snapshot' } });
});

test('[WR17] a chunk above the limit is refused unread', () => {
  const decoded = decodeSnapshot([new Uint8Array(LIMITS.snapshotChunkBytesMax + 1)]);

  expect(decoded).toMatchObject({ ok: false, problem: { kind: 'oversize' } });
});

test('[WR7] no bytes make the decoders of what is kept throw or build more than they pay for', () => {
  const anyBytes = anySpoiled(
    fc.oneof(
      anyBatch.map(encodeBatch),
      anyHardState.map(encodeHardState),
      anySnapshot.map((snapshot) => [...encodeSnapshot(snapshot)][1] ?? new Uint8Array(0)),
    ),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (const decoded of [decodeBatch(bytes), decodeHardState(bytes), decodeSnapshot([bytes])]) {
        if (decoded.ok) expect(weightOf(decoded.value)).toBeLessThanOrEqual(24 + 12 * bytes.length);
        else expect(malformedText(decoded.problem)).not.toBe('');
      }
    }),
    { numRuns: 1_000 },
  );
});

function bigSnapshot(): Snapshot {
  const records = Array.from({ length: 40_000 }, (_, i): ReadingRecord => {
    const sensor = `hall-${i % 7}/line-${i % 11}/temperature@${i}` as SensorId;
    const tsMs = 1_763_765_432_000 + i * 7;
    return { kind: 'reading', n: i + 1, sensor, value: i / 8, tsMs, ingestTsMs: tsMs + 2, lwwTsMs: tsMs };
  });
  const streams = ['ann', 'bob'].map((origin) => ({
    origin: origin as PeerId,
    identity,
    upto: 50_000,
    droppedUpto: 0,
    records: origin === 'ann' ? records : records.slice(0, 3),
  }));
  const receipts = Array.from({ length: 300 }, (_, i) => ({
    key: `key-${i}`,
    answer: 'x'.repeat(LIMITS.idempotencyAnswerBytesMax),
    firstN: i + 1,
    atMs: 1_763_765_432_000,
  }));
  return { identity, ownN: 50_000, streams, receipts };
}
