import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { endOfContent, isZeros } from './fields.ts';

test('[ST8] the end of what was written is found wherever the bytes lie', () => {
  const random = new Random(1);
  for (let turn = 0; turn < 400; turn++) {
    const memory = new Uint8Array(300);
    const from = random.below(20);
    const bytes = memory.subarray(from, from + random.below(270));
    // What lies around them is not theirs.
    memory.fill(7, 0, from);
    memory.fill(7, from + bytes.length);
    const last = bytes.length === 0 ? -1 : random.below(bytes.length + 1) - 1;
    if (last >= 0) bytes[last] = 1 + random.below(255);
    if (last > 0) bytes[random.below(last)] = 9;

    expect(endOfContent(bytes)).toBe(last + 1);
    expect(isZeros(bytes)).toBe(last < 0);
  }
});
