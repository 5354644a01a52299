import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32, crc32Back, crc32c, crc32cBack } from './crc32.ts';
import { Random } from './random.ts';

test('[ST1] the check values of both catalogue entries come out', () => {
  const digits = new TextEncoder().encode('123456789');

  expect(crc32(digits, 0, digits.length, 0)).toBe(0xcbf4_3926);
  expect(crc32c(digits, 0, digits.length, 0)).toBe(0xe306_9283);
});

test('[ST1] every length and every start gives the same as zlib', () => {
  const bytes = randomBytes(300);

  for (let from = 0; from < 20; from++) {
    for (let to = from; to <= bytes.length; to++) {
      expect(crc32(bytes, from, to, 0)).toBe(zlibCrc32(bytes.subarray(from, to)));
    }
  }
});

test('[ST1] a check that runs on over two stretches equals the check of both together', () => {
  const bytes = randomBytes(100);

  for (let cut = 0; cut <= bytes.length; cut++) {
    const first = crc32(bytes, 0, cut, 0);
    expect(crc32(bytes, cut, bytes.length, first)).toBe(crc32(bytes, 0, bytes.length, 0));
    const other = crc32c(bytes, 0, cut, 0);
    expect(crc32c(bytes, cut, bytes.length, other)).toBe(crc32c(bytes, 0, bytes.length, 0));
  }
});

test('[ST1] what a check ran on from is found from the check and the bytes', () => {
  const bytes = randomBytes(60);

  for (let to = 0; to <= bytes.length; to++) {
    const before = (to * 0x0765_4321) >>> 0;
    expect(crc32Back(bytes, 0, to, crc32(bytes, 0, to, before))).toBe(before);
    expect(crc32cBack(bytes, 0, to, crc32c(bytes, 0, to, before))).toBe(before);
  }
});

function randomBytes(count: number): Uint8Array {
  const random = new Random(7);
  return Uint8Array.from({ length: count }, () => random.below(256));
}
