// Bodies in snappy's block format, as Prometheus sends them: they begin with the length they become, so that room for it is
// leased before they are taken apart. The format: github.com/google/snappy, format_description.txt. SPEC rule IN9.

import snappy from 'snappyjs';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { BodyLease } from './body-budget.ts';
import { bodiesOverloaded, bodyTooLarge, type Refusal } from './refusal.ts';

export function unsnap(bytes: Buffer, lease: BodyLease): Result<Buffer, Refusal> {
  const length = lengthOf(bytes);
  if (length === null) return refused(notSnappy());
  if (length > LIMITS.ingestBodyBytesMax) return refused(bodyTooLarge());
  if (!lease.take(length)) return refused(bodiesOverloaded());
  try {
    const whole = snappy.uncompress(bytes, length);
    return ok(Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength));
  } catch {
    return refused(notSnappy());
  }
}

/** A little-endian number of seven bits a byte, below 2^32. */
function lengthOf(bytes: Buffer): number | null {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length;
  }
  return null;
}

function notSnappy(): Refusal {
  return { code: 'bad-body', detail: 'the body is not a whole snappy block, as Content-Encoding says' };
}
