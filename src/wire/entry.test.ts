import { expect, test } from 'vitest';
import type { Entry, EntryBody } from '../model/entry.ts';
import { ann, ballotOf, bob, GROUP, producerOf, viewOf } from '../protocol/ordering/testing.ts';
import { continues, decodeEntry, encodeEntry, NO_CHAIN, sameChain } from './entry.ts';

const BODIES: readonly EntryBody[] = [
  { kind: 'data', producer: producerOf(ann), firstN: 3, lastN: 5, payload: Uint8Array.of(1, 2, 3) },
  { kind: 'gap', producer: producerOf(ann), firstN: 6, lastN: 9, reason: 'the disk was full' },
  { kind: 'retire', producer: producerOf(ann) },
  { kind: 'epoch-start' },
  { kind: 'view', view: viewOf([ann, bob], { joint: [], tieBreak: true }) },
  { kind: 'trim', upto: 12 },
  { kind: 'dissolve', into: GROUP },
  { kind: 'absorbed', group: GROUP, upto: 7 },
  { kind: 'upgrade', version: 2 },
];

for (const body of BODIES) {
  test(`[OR1] an entry of kind ${body.kind} is read back from its bytes as it was written`, () => {
    const entry = entryOf(body);

    const read = decodeEntry(entry.bytes);

    expect(read).toEqual({ ok: true, value: entry });
  });
}

test('[OR3] an entry continues the chain it was written behind, and no other', () => {
  const first = entryOf(BODIES[0] as EntryBody);
  const second = encodeEntry({ ...headOf(first.index + 1), body: { kind: 'epoch-start' } }, first.chain);

  expect(continues(first.chain, second)).toBe(true);
  expect(continues(NO_CHAIN, second)).toBe(false);
  expect(sameChain(first.chain, second.chain)).toBe(false);
});

test('[OR3] a byte that is another one is found, wherever it stands', () => {
  const { bytes } = entryOf(BODIES[0] as EntryBody);

  for (let place = 0; place < bytes.length; place++) {
    const broken = bytes.slice();
    broken[place] = (broken[place] ?? 0) ^ 0x10;
    const read = decodeEntry(broken);

    const isFound = !read.ok || !continues(NO_CHAIN, read.value);
    expect(isFound, `byte ${place}`).toBe(true);
  }
});

test('[OR1] an entry of a format that is not known is refused with what is allowed', () => {
  const bytes = entryOf({ kind: 'epoch-start' }).bytes.slice();
  bytes[0] = 9;

  const read = decodeEntry(bytes);

  expect(read).toMatchObject({ ok: false, problem: { kind: 'refused' } });
});

function entryOf(body: EntryBody): Entry {
  return encodeEntry({ ...headOf(1), body, count: body.kind === 'data' ? 3 : 0 }, NO_CHAIN);
}

function headOf(index: number) {
  return { ballot: ballotOf(4, bob), index, firstSequence: 1, count: 0 };
}
