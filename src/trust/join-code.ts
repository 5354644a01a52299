// What `sensorium invite` prints and a person carries to the next machine: a secret that lets in once, and by which
// authority the site is known, so that nobody between can play the site. SPEC rule TR14.

import { randomBytes } from 'node:crypto';
import { ok, type Result, refused } from '../kit/result.ts';

export interface JoinCode {
  readonly secret: Buffer;
  /** The beginning of the authority's fingerprint. */
  readonly pin: Buffer;
}

const SECRET_BYTES = 10;
const PIN_BYTES = 16;
/** No letter that is taken for another. (Crockford's base 32) */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const BITS = 5;
const GROUP = 6;
const LENGTH = Math.ceil(((SECRET_BYTES + PIN_BYTES) * 8) / BITS);

export function drawnSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

export function pinOf(fingerprint: Buffer): Buffer {
  return fingerprint.subarray(0, PIN_BYTES);
}

export function joinCodeText({ secret, pin }: JoinCode): string {
  let value = BigInt(`0x${Buffer.concat([secret, pin]).toString('hex')}`);
  let text = '';
  for (let at = 0; at < LENGTH; at++) {
    text = LETTERS.charAt(Number(value % 32n)) + text;
    value /= 32n;
  }
  return text.replaceAll(new RegExp(`(.{${GROUP}})(?=.)`, 'g'), '$1-');
}

/** As a person types it: in any case, with or without the lines between. */
export function parseJoinCode(given: string): Result<JoinCode> {
  const text = given.toLowerCase().replaceAll(/[-\s]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');
  const digits = [...text].map((letter) => LETTERS.indexOf(letter));
  if (text.length !== LENGTH || digits.includes(-1)) {
    return refused(`a code has ${LENGTH} letters and digits, as sensorium invite prints it`);
  }
  const value = digits.reduce((sum, digit) => sum * 32n + BigInt(digit), 0n);
  const bytes = value.toString(16).padStart(2 * (SECRET_BYTES + PIN_BYTES), '0');
  if (bytes.length > 2 * (SECRET_BYTES + PIN_BYTES)) return refused('this is no code of sensorium invite');
  const all = Buffer.from(bytes, 'hex');
  return ok({ secret: all.subarray(0, SECRET_BYTES), pin: all.subarray(SECRET_BYTES) });
}
