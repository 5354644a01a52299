import fc from 'fast-check';
import { compress } from 'snappyjs';
import { expect, test } from 'vitest';
import { BodyBudget } from './body-budget.ts';
import { unsnap } from './snappy.ts';

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // What repeats is copied, over short and long ways, also over itself.
  fc
    .tuple(
      fc.uint8Array({ minLength: 1, maxLength: 70 }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.uint8Array(),
    )
    .map(([piece, times, end]) => Buffer.concat([...Array.from({ length: times }, () => piece), end])),
);

test('[IN9] what was made smaller comes back as it was', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      const unsnapped = unsnap(Buffer.from(compress(Uint8Array.from(body))), lease());

      expect(unsnapped.ok && Buffer.compare(unsnapped.value, body)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['nothing', ''],
  ['a length without an end', 'ffffffffff'],
  ['less than it said', '0a0061'],
  ['more than it said', '010461626364'],
  ['a literal beyond the end', '0af00961'],
  ['a literal whose length is four bytes of ones', '0afcffffffff61'],
  ['a length cut off', '0af4ff'],
  ['a copy of what is not there', '0a006109ff'],
  ['a copy by no way at all', '05006101000a'],
  ['a copy over four bytes of ones', '0a00610fffffffff'],
  ['a copy beyond the end', '0200610d01'],
])('[AC13][IN9] a block with %s is refused', (_, hex) => {
  const unsnapped = unsnap(Buffer.from(hex, 'hex'), lease());

  expect(unsnapped).toMatchObject({ ok: false, problem: { code: 'bad-body' } });
});

function lease() {
  return new BodyBudget(10_000_000).lease();
}
