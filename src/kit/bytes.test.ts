import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';

test('[WR1] a whole number comes back from as few bytes as seven bits each allow', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = written((writer) => writer.varint(value));

      expect(new ByteReader(bytes).varint()).toBe(value);
      expect(bytes.length).toBe(Math.max(1, Math.ceil(value.toString(2).length / 7)));
    }),
  );
});

test('[WR1] a signed number comes back over the whole range of 53 bits', () => {
  const extremes = [0, -1, 63, -64, 64, -65, 2 ** 30, -(2 ** 30), 2 ** 31, -(2 ** 31) - 1];
  const all = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...extremes, 2 ** 53 - 1, -(2 ** 53) + 1));
  fc.assert(
    fc.property(all, (value) => {
      const reader = new ByteReader(written((writer) => writer.svarint(value)));

      expect(reader.svarint()).toBe(value);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test('[WR1] a number above 2^53 - 1 is refused', () => {
  const reader = new ByteReader(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10));

  reader.varint();

  expect(reader.problem).toEqual({
    kind: 'refused',
    why: 'a whole number is too large, allowed is up to 2^53 - 1',
  });
});

test.each([
  ['varint', Uint8Array.of(0x80, 0x00)],
  ['svarint', Uint8Array.of(0x80, 0x00)],
  ['varint', Uint8Array.of(0xff, 0x80, 0x00)],
] as const)('[WR1] a %s of more bytes than it needs is refused', (method, bytes) => {
  const reader = new ByteReader(bytes);

  reader[method]();

  expect(reader.problem?.kind).toBe('refused');
});

test('[WR1] a double comes back bit for bit', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const reader = new ByteReader(written((writer) => writer.f64(value)));

      expect(reader.f64()).toBe(value);
    }),
  );
});

test('[WR2] a text comes back, short or long, ASCII or not', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 200 }));
  fc.assert(
    fc.property(texts, (text) => {
      const reader = new ByteReader(written((writer) => writer.text(text)));

      expect(reader.text(800)).toBe(text);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test('[WR2] a text that is not UTF-8 is refused', () => {
  const reader = new ByteReader(Uint8Array.of(2, 0xc3, 0x28));

  expect(reader.text(10)).toBe('');
  expect(reader.problem).toEqual({ kind: 'refused', why: 'a text is not UTF-8' });
});

test('[WR2] a text above its limit is refused before it is read', () => {
  const reader = new ByteReader(written((writer) => writer.text('temperature')));

  expect(reader.text(10)).toBe('');
  expect(reader.problem).toEqual({
    kind: 'refused',
    why: 'a text of 11 bytes is too long, allowed are 10',
  });
});

test('[WR2] a lone surrogate, which UTF-8 cannot say, becomes the replacement character', () => {
  const reader = new ByteReader(written((writer) => writer.text('a\ud800b')));

  expect(reader.text(10)).toBe('a\ufffdb');
});

test('[WR3] after the first problem a reader keeps it and reads zeros', () => {
  const reader = new ByteReader(Uint8Array.of(7, 1, 2));

  expect(reader.u8()).toBe(7);
  expect(reader.u32()).toBe(0);
  reader.refuse('something later');
  expect([reader.u8(), reader.varint(), reader.svarint(), reader.f64(), reader.text(5)]).toEqual([
    0,
    0,
    0,
    0,
    '',
  ]);

  expect(reader.problem).toEqual({ kind: 'truncated' });
});

test('[WR3] a reader never reads beyond its bytes', () => {
  const whole = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const reader = new ByteReader(whole.subarray(0, 4));

  reader.f64();

  expect(reader.problem).toEqual({ kind: 'truncated' });
  expect(reader.remaining).toBe(0);
});

test('[WR3] a writer grows to what it is given and starts anew after it was taken', () => {
  const writer = new ByteWriter(1);
  const long = new Uint8Array(10_000).fill(7);

  writer.raw(long);
  writer.u8(8);
  const first = writer.take();
  writer.u32(9);

  expect(first.length).toBe(10_001);
  expect([...writer.take()]).toEqual([9, 0, 0, 0]);
});

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(4);
  write(writer);
  return writer.take();
}
