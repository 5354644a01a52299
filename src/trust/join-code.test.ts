import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawnSecret, joinCodeText, parseJoinCode, pinOf } from './join-code.ts';

test('[TR14] a code is read as it was printed, in any case, and with what people take for other letters', () => {
  for (let round = 0; round < 200; round++) {
    const code = { secret: drawnSecret(), pin: pinOf(randomBytes(32)) };
    const text = joinCodeText(code);

    const read = [
      parseJoinCode(text),
      parseJoinCode(text.toUpperCase()),
      parseJoinCode(text.replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')),
    ];

    for (const one of read) expect(one).toEqual({ ok: true, value: code });
  }
});

test('[TR14] what is no code is refused with what one looks like', () => {
  for (const text of ['', 'hello', `${'z'.repeat(41)}u`, 'z'.repeat(42), 'z'.repeat(43), '0'.repeat(41)]) {
    expect(parseJoinCode(text).ok).toBe(false);
  }
});
